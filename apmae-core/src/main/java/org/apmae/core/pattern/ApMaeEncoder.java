package org.apmae.core.pattern;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * The encoder of an attention-pattern masked autoencoder. Holds weights; thread-safe until closed.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on AP-MAE</a>
 */
public interface ApMaeEncoder extends AutoCloseable {
    /**
     * Returns the size of the patterns and patches this encoder was trained on.
     *
     * @return the grid
     */
    PatchGrid grid();

    /**
     * Returns the width of an encoding.
     *
     * @return F
     */
    int width();

    /**
     * Encodes whole patterns.
     *
     * @param owner owner of the result
     * @param scaled shape (N, 1, S, S), float32, scaled as for training; borrowed
     * @return shape (N, F), float32: the cls token after the encoder
     * @throws IllegalArgumentException if the patterns have another size or type
     * @throws IllegalStateException if the encoder is closed
     */
    NDArray encode(NDManager owner, NDArray scaled);

    /**
     * Encodes the visible patches only, as in training.
     *
     * @param owner owner of the result
     * @param scaled shape (N, 1, S, S), float32; borrowed
     * @param mask the mask of the N patterns
     * @return shape (N, 1 + visible, F): the cls token, then the visible patches in the order of {@link PatchMask#visible()}
     * @throws IllegalArgumentException if the patterns have another size or type, or the mask another number of patterns
     * @throws IllegalStateException if the encoder is closed
     */
    NDArray encodeVisible(NDManager owner, NDArray scaled, PatchMask mask);

    /** Releases the weights. Calling it again does nothing. */
    @Override
    void close();
}
