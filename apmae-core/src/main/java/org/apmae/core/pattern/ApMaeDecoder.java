package org.apmae.core.pattern;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * The decoder of an attention-pattern masked autoencoder. Holds weights; thread-safe until closed.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on AP-MAE</a>
 */
public interface ApMaeDecoder extends AutoCloseable {
    /**
     * Returns where this decoder puts its mask tokens.
     *
     * @return the mode
     */
    DecoderMode mode();

    /**
     * Predicts the masked patches.
     *
     * @param owner owner of the result
     * @param tokens shape (N, 1 + visible, F), as {@link ApMaeEncoder#encodeVisible} returns; borrowed
     * @param mask the mask the tokens were made with
     * @return shape (N, masked, P P), float32: the pixels of the masked patches, row by row, in the order of
     *     {@link PatchMask#masked()}
     * @throws IllegalArgumentException if tokens and mask do not fit each other or this decoder
     * @throws IllegalStateException if the decoder is closed
     */
    NDArray reconstruct(NDManager owner, NDArray tokens, PatchMask mask);

    /** Releases the weights. Calling it again does nothing. */
    @Override
    void close();
}
