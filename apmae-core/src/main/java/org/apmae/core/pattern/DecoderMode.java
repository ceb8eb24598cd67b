package org.apmae.core.pattern;

/** Where the decoder puts its mask tokens. */
public enum DecoderMode {
    /**
     * Over the visible positions, as the published code does by mistake: the decoder sees the cls token, positions and mask
     * tokens only. For the published checkpoints.
     */
    REFERENCE,
    /** At the masked positions, the visible tokens kept. For all new training. */
    CORRECTED
}
