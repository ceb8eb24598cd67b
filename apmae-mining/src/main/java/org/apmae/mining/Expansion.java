package org.apmae.mining;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Counts what comes out of a compressed stream and stops it where far more does than any text gives: a bomb takes neither
 * memory (nothing is held) nor endless time.
 */
final class Expansion extends FilterInputStream {
    private static final long FREE_BYTES = 256L << 20;
    private static final long MOST_TIMES = 200;

    private final Counted compressed;
    private long out;

    /** Bytes taken from the file so far. */
    static final class Counted extends FilterInputStream {
        private long count;

        Counted(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            count += value < 0 ? 0 : 1;
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int read = super.read(bytes, offset, length);
            count += Math.max(0, read);
            return read;
        }
    }

    /** The stream expands to more than is plausible. */
    static final class BombException extends IOException {
        private static final long serialVersionUID = 1L;

        BombException(long in, long out) {
            super(in + " bytes expand to more than " + out + "; at most " + MOST_TIMES + " times is read");
        }
    }

    Expansion(InputStream expanded, Counted compressed) {
        super(expanded);
        this.compressed = compressed;
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        return value < 0 ? value : checked(1, value);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = super.read(bytes, offset, length);
        return read < 0 ? read : checked(read, read);
    }

    @Override
    public long skip(long count) throws IOException {
        long skipped = super.skip(count);
        out += skipped;
        checked(0, 0);
        return skipped;
    }

    private int checked(int more, int result) throws IOException {
        out += more;
        if (out > FREE_BYTES && out / MOST_TIMES > compressed.count) {
            throw new BombException(compressed.count, out);
        }
        return result;
    }
}
