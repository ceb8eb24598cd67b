package org.apmae.mining;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** Looks into files that may be compressed with gzip. */
final class Gzip {
    private Gzip() {}

    /** Expands a stream that begins as gzip does, within bounds; gives any other as it is. */
    static InputStream expand(InputStream raw) throws IOException {
        Expansion.Counted counted = new Expansion.Counted(raw);
        BufferedInputStream in = new BufferedInputStream(counted, 1 << 16);
        in.mark(2);
        boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return gzip ? new Expansion(new GZIPInputStream(in, 1 << 16), counted) : in;
    }
}
