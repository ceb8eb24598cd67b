package org.apmae.mining;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Small numbers as Parquet packs them: runs of one value and groups of packed bits (levels, indices of dictionaries, booleans),
 * and differences (lengths). Not thread-safe.
 */
final class ParquetLevels {
    private final ByteBuffer in;
    private final int width;
    private int run;
    private int repeated;
    private long packed;
    private long bits;
    private int bitCount;

    ParquetLevels(ByteBuffer in, int width) {
        this.in = in;
        this.width = width;
    }

    /** Packed bits from the first byte to the last, as booleans are. */
    static ParquetLevels packed(ByteBuffer in) {
        ParquetLevels levels = new ParquetLevels(in, 1);
        levels.packed = Long.MAX_VALUE;
        return levels;
    }

    int next() throws IOException {
        while (run == 0 && packed == 0) {
            if (width == 0 && !in.hasRemaining()) {
                return 0;
            }
            long header = Thrift.varint(in);
            if ((header & 1) == 1) {
                packed = (header >>> 1) * 8;
                bits = 0;
                bitCount = 0;
            } else {
                run = (int) Math.min(Integer.MAX_VALUE, header >>> 1);
                repeated = 0;
                for (int shift = 0; shift < width; shift += 8) {
                    repeated |= (in.get() & 0xff) << shift;
                }
            }
        }
        if (run > 0) {
            run--;
            return repeated;
        }
        packed--;
        while (bitCount < width) {
            bits |= (in.get() & 0xffL) << bitCount;
            bitCount += 8;
        }
        int value = (int) (bits & ((1L << width) - 1));
        bits >>>= width;
        bitCount -= width;
        return value;
    }

    /** Reads lengths that stand as packed differences, and leaves the buffer behind them. */
    static int[] deltas(ByteBuffer in) throws IOException {
        long block = Thrift.varint(in);
        long parts = Thrift.varint(in);
        long count = Thrift.varint(in);
        long value = Thrift.zigzag(in);
        boolean sound = block > 0 && block <= 1 << 20 && parts > 0 && parts <= block && block % parts == 0;
        // a value can take no bit at all, but a page has no more values than this
        if (!sound || count < 0 || count > 1 << 26) {
            throw new IOException("the lengths of a page are damaged");
        }
        int each = (int) (block / parts);
        int[] values = new int[(int) count];
        int at = 0;
        if (count > 0) {
            values[at++] = (int) value;
        }
        while (at < count) {
            long least = Thrift.zigzag(in);
            byte[] widths = new byte[(int) parts];
            in.get(widths);
            for (int part = 0; part < parts && at < count; part++) {
                int width = widths[part];
                if (width < 0 || width > 64) {
                    throw new IOException("a difference would have " + width + " bits");
                }
                int bytes = Math.toIntExact((long) each * width / 8);
                if (bytes > in.remaining()) {
                    throw new BufferUnderflowException();
                }
                int start = in.position();
                for (int i = 0; i < each && at < count; i++) {
                    long difference = 0;
                    for (int bit = 0; bit < width; bit++) {
                        long place = (long) i * width + bit;
                        int one = (in.get(start + (int) (place >>> 3)) >>> (place & 7)) & 1;
                        difference |= (long) one << bit;
                    }
                    value += least + difference;
                    values[at++] = (int) value;
                }
                in.position(start + bytes);
            }
        }
        return values;
    }
}
