package org.apmae.mining;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.List;

/**
 * One column of a Parquet file, read value by value; holds one page and one dictionary at a time. Not thread-safe.
 *
 * @see <a href="https://parquet.apache.org/docs/file-format/data-pages/encodings/">Parquet encodings</a>
 */
final class ParquetColumn {
    /** Largest page that is read, in bytes after decompression. */
    private static final int MAX_PAGE = 96 << 20;

    private static final int MAX_HEADER = 16 << 20;

    private static final int BOOLEAN = 0;
    private static final int INT32 = 1;
    private static final int INT64 = 2;
    private static final int BYTE_ARRAY = 6;

    private static final int PLAIN = 0;
    private static final int PLAIN_DICTIONARY = 2;
    private static final int RLE = 3;
    private static final int DELTA_LENGTH = 6;
    private static final int DELTA_STRINGS = 7;
    private static final int RLE_DICTIONARY = 8;

    private final FileChannel channel;
    private final int type;
    private final int mostDefined;
    private final List<Thrift> chunks;

    private int chunk = -1;
    private int codec;
    private long position;
    private long chunkLeft;

    private int pageLeft;
    private boolean oversized;
    private ParquetLevels defined;
    private Values values;
    private byte[][] dictionary = new byte[0][];
    private byte[] value;

    ParquetColumn(FileChannel channel, int type, int mostDefined, List<Thrift> chunks) {
        this.channel = channel;
        this.type = type;
        this.mostDefined = mostDefined;
        this.chunks = chunks;
    }

    static boolean reads(int type) {
        return type == BOOLEAN || type == INT32 || type == INT64 || type == BYTE_ARRAY;
    }

    /** The values of a page, those that are missing left out. */
    private interface Values {
        byte[] next() throws IOException;
    }

    /** Goes to the next row; false at the end. */
    boolean advance() throws IOException {
        try {
            while (pageLeft == 0) {
                if (!nextPage()) {
                    return false;
                }
            }
            pageLeft--;
            chunkLeft--;
            boolean present = !oversized && (mostDefined == 0 || defined.next() == mostDefined);
            value = present ? values.next() : null;
            return true;
        } catch (BufferUnderflowException | IndexOutOfBoundsException | NegativeArraySizeException e) {
            throw new IOException("a page is damaged: " + e, e);
        }
    }

    /** Says that the current value lies in a page that is not read. */
    boolean tooLarge() {
        return oversized;
    }

    /** The current value, null where it is missing. */
    byte[] bytes() {
        return value;
    }

    /** Says whether the current value is true, another number than 0, or the text {@code true}. */
    boolean isTrue() {
        if (value == null) {
            return false;
        }
        if (type == BYTE_ARRAY) {
            return value.length == 4 && (value[0] | 32) == 't';
        }
        for (byte each : value) {
            if (each != 0) {
                return true;
            }
        }
        return false;
    }

    private boolean nextChunk() {
        if (chunk + 1 >= chunks.size()) {
            return false;
        }
        Thrift meta = chunks.get(++chunk);
        codec = (int) meta.number(4, 0);
        chunkLeft = meta.number(5, 0);
        long data = meta.number(9, 0);
        long first = meta.number(11, 0);
        position = first > 0 && first < data ? first : data;
        dictionary = new byte[0][];
        return true;
    }

    private boolean nextPage() throws IOException {
        while (chunkLeft <= 0) {
            if (!nextChunk()) {
                return false;
            }
        }
        Thrift header = readHeader();
        int compressed = length(header.number(3, -1));
        int size = length(header.number(2, -1));
        int kind = (int) header.number(1, -1);
        boolean large = size > MAX_PAGE || compressed > MAX_PAGE;
        long at = position;
        position += compressed;
        if (kind == 2) {
            if (large) {
                throw new IOException("a dictionary has " + size + " bytes; at most " + MAX_PAGE + " are read");
            }
            readDictionary(
                    ParquetCodec.expand(codec, ParquetFile.read(channel, at, compressed), size),
                    length(header.struct(7).number(1, -1)));
        } else if (kind == 0 || kind == 3) {
            Thrift data = header.struct(kind == 0 ? 5 : 8);
            pageLeft = length(data.number(1, -1));
            if (pageLeft > chunkLeft) {
                throw new IOException("a page has more values than its column chunk");
            }
            oversized = large;
            if (large) {
                return true;
            }
            ByteBuffer page = ParquetFile.read(channel, at, compressed);
            if (kind == 0) {
                page = ParquetCodec.expand(codec, page, size);
                if (mostDefined > 0) {
                    if (data.number(3, RLE) != RLE) {
                        throw new IOException("the levels of a page are not run lengths");
                    }
                    defined = new ParquetLevels(part(page, page.getInt()), width(mostDefined));
                }
                values = values((int) data.number(2, 0), page);
            } else {
                int repetition = length(data.number(6, 0));
                int definition = length(data.number(5, 0));
                part(page, repetition);
                ByteBuffer levels = part(page, definition);
                defined = new ParquetLevels(levels, width(mostDefined));
                boolean packed = data.flag(7, true);
                ByteBuffer body = packed ? ParquetCodec.expand(codec, page, size - repetition - definition) : page;
                values = values((int) data.number(4, 0), body);
            }
        }
        return true;
    }

    /** The size of a header is known only when it is read: statistics in it can be long. */
    private Thrift readHeader() throws IOException {
        for (int guess = 4096; ; guess *= 8) {
            int available = (int) Math.min(guess, channel.size() - position);
            if (position < 0 || available <= 0) {
                throw new IOException("a page would lie behind the end of the file");
            }
            ByteBuffer bytes = ParquetFile.read(channel, position, available);
            try {
                Thrift header = Thrift.read(bytes);
                position += bytes.position();
                return header;
            } catch (BufferUnderflowException | IOException e) {
                if (available < guess || guess >= MAX_HEADER) {
                    throw new IOException("the header of a page is damaged: " + e, e);
                }
            }
        }
    }

    private static int length(long value) throws IOException {
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new IOException("a page has the length " + value);
        }
        return (int) value;
    }

    private static int width(int most) {
        return 32 - Integer.numberOfLeadingZeros(most);
    }

    /** Takes so many bytes off the front. */
    private static ByteBuffer part(ByteBuffer page, int length) {
        ByteBuffer part = page.slice(page.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        page.position(page.position() + length);
        return part;
    }

    private void readDictionary(ByteBuffer page, int count) throws IOException {
        if (count > page.remaining()) {
            throw new IOException("a dictionary of " + page.remaining() + " bytes cannot have " + count + " values");
        }
        byte[][] entries = new byte[count][];
        for (int i = 0; i < count; i++) {
            entries[i] = plain(page);
        }
        dictionary = entries;
    }

    private byte[] plain(ByteBuffer page) {
        return take(page, type == INT32 ? 4 : type == INT64 ? 8 : page.getInt());
    }

    private static byte[] take(ByteBuffer page, int length) {
        if (length < 0 || length > page.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        page.get(bytes);
        return bytes;
    }

    private Values values(int encoding, ByteBuffer page) throws IOException {
        boolean texts = type == BYTE_ARRAY;
        if (encoding == PLAIN) {
            if (type != BOOLEAN) {
                return () -> plain(page);
            }
            ParquetLevels bits = ParquetLevels.packed(page);
            return () -> new byte[] {(byte) bits.next()};
        } else if (encoding == RLE && type == BOOLEAN) {
            ParquetLevels runs = new ParquetLevels(part(page, page.getInt()), 1);
            return () -> new byte[] {(byte) runs.next()};
        } else if (encoding == PLAIN_DICTIONARY || encoding == RLE_DICTIONARY) {
            return indexed(page);
        } else if (encoding == DELTA_LENGTH && texts) {
            int[] lengths = ParquetLevels.deltas(page);
            int[] at = new int[1];
            return () -> take(page, lengths[at[0]++]);
        } else if (encoding == DELTA_STRINGS && texts) {
            return sharedPrefixes(page);
        }
        throw new IOException("the encoding " + encoding + " of type " + type + " is not known");
    }

    private Values indexed(ByteBuffer page) throws IOException {
        // a page without any value may have no byte
        int bits = page.hasRemaining() ? page.get() : 0;
        if (bits < 0 || bits > 31) {
            throw new IOException("an index of the dictionary would have " + bits + " bits");
        }
        ParquetLevels indices = new ParquetLevels(page, bits);
        byte[][] entries = dictionary;
        return () -> entries[indices.next()];
    }

    /** Each value is a prefix of the one before and a suffix of its own. */
    private static Values sharedPrefixes(ByteBuffer page) throws IOException {
        int[] prefixes = ParquetLevels.deltas(page);
        int[] suffixes = ParquetLevels.deltas(page);
        return new Values() {
            private byte[] before = new byte[0];
            private int at;

            @Override
            public byte[] next() throws IOException {
                int prefix = prefixes[at];
                if (prefix < 0 || prefix > before.length || (long) prefix + suffixes[at] > MAX_PAGE) {
                    throw new IOException("a value shares more with the one before than that has");
                }
                byte[] suffix = take(page, suffixes[at++]);
                byte[] whole = new byte[prefix + suffix.length];
                System.arraycopy(before, 0, whole, 0, prefix);
                System.arraycopy(suffix, 0, whole, prefix, suffix.length);
                before = whole;
                return whole;
            }
        };
    }
}
