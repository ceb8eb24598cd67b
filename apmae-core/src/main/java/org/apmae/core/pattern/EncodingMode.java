package org.apmae.core.pattern;

/** Which tokens go through the encoder when a whole pattern is encoded. */
public enum EncodingMode {
    /** All G squared patches, as published, although training never shows those above the diagonal. */
    REFERENCE,
    /** Only the patches on or below the diagonal: what training shows, and cheaper. */
    LOWER_TRIANGLE
}
