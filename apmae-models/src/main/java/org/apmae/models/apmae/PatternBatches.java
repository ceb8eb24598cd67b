package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Where training patterns come from, batch by batch. Called from one thread, steps in ascending order. */
@FunctionalInterface
public interface PatternBatches {
    /**
     * Returns the next batch.
     *
     * @param owner owner of the batch; it is closed at the end of the step
     * @param step zero-based training step
     * @return shape (N, 1, S, S), float32, scaled, on the autoencoder's device; need be valid until the next call only
     */
    NDArray next(NDManager owner, int step);
}
