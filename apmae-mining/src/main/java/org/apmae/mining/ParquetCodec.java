package org.apmae.mining;

import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.GZIPInputStream;

/** Expands the pages of Parquet files. Zstandard needs the optional library aircompressor, which is pure Java. */
final class ParquetCodec {
    private ParquetCodec() {}

    /** Expands what remains of a page to exactly {@code size} bytes. */
    static ByteBuffer expand(int codec, ByteBuffer page, int size) throws IOException {
        if (codec == 0) {
            return page;
        }
        byte[] out = new byte[size];
        int length = 0;
        try {
            switch (codec) {
                case 1 -> length = snappy(page, out);
                case 2 -> {
                    byte[] in = new byte[page.remaining()];
                    page.get(in);
                    try (InputStream gzip = new GZIPInputStream(new ByteArrayInputStream(in))) {
                        length = gzip.readNBytes(out, 0, size);
                    }
                }
                case 6 -> length = zstandard(page, out);
                case 7 -> length = lz4(page, out);
                default ->
                    throw new IOException("the compression " + codec
                            + " is not known; write the file with none, snappy, gzip, zstd or lz4_raw");
            }
        } catch (RuntimeException e) {
            throw new IOException("a compressed page is damaged: " + e, e);
        }
        if (length != size) {
            throw new IOException("a page expands to " + length + " bytes instead of " + size);
        }
        return ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int zstandard(ByteBuffer page, byte[] out) throws IOException {
        try {
            return new ZstdDecompressor()
                    .decompress(
                            page.array(), page.arrayOffset() + page.position(), page.remaining(), out, 0, out.length);
        } catch (NoClassDefFoundError e) {
            throw new IOException(
                    "the file is compressed with zstd; add io.airlift:aircompressor to the class path", e);
        }
    }

    /** The raw format of Snappy: literals and copies from what came out before. */
    private static int snappy(ByteBuffer in, byte[] out) throws IOException {
        if (Thrift.varint(in) != out.length) {
            throw new IOException("the lengths in a page do not agree");
        }
        int at = 0;
        while (in.hasRemaining()) {
            int tag = in.get() & 0xff;
            int high = tag >>> 2;
            if ((tag & 3) == 0) {
                int length = 1 + (high < 60 ? high : little(in, high - 59));
                in.get(out, at, length);
                at += length;
            } else if ((tag & 3) == 1) {
                at = copy(out, at, ((high >>> 3) << 8) | (in.get() & 0xff), 4 + (high & 7));
            } else {
                at = copy(out, at, little(in, (tag & 3) == 2 ? 2 : 4), 1 + high);
            }
        }
        return at;
    }

    /** One block of LZ4: runs of literals, each followed by a copy, but the last. */
    private static int lz4(ByteBuffer in, byte[] out) {
        int at = 0;
        while (in.hasRemaining()) {
            int token = in.get() & 0xff;
            int literals = extended(in, token >>> 4);
            in.get(out, at, literals);
            at += literals;
            if (in.hasRemaining()) {
                int offset = little(in, 2);
                at = copy(out, at, offset, 4 + extended(in, token & 15));
            }
        }
        return at;
    }

    private static int extended(ByteBuffer in, int length) {
        int whole = length;
        if (length == 15) {
            int more;
            do {
                more = in.get() & 0xff;
                whole = Math.addExact(whole, more);
            } while (more == 255);
        }
        return whole;
    }

    private static int little(ByteBuffer in, int bytes) {
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (in.get() & 0xff) << (8 * i);
        }
        return value;
    }

    /** Byte by byte, because a copy may reach into itself. */
    private static int copy(byte[] out, int at, int offset, int length) {
        if (offset <= 0 || offset > at || length > out.length - at) {
            throw new IndexOutOfBoundsException(offset + " bytes before " + at);
        }
        for (int i = 0; i < length; i++) {
            out[at + i] = out[at + i - offset];
        }
        return at + length;
    }
}
