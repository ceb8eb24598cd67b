package org.apmae.models.target;

import ai.djl.Device;
import java.util.Objects;

/**
 * How a training run uses the machine. Immutable.
 *
 * @param sequenceLength tokens of a training sequence, 1 or more
 * @param microBatch sequences that one worker runs at once, 1 or more
 * @param workers worker threads, 1 or more; the result does not depend on them
 * @param device where to train
 * @param products precision in which matrices are multiplied; weights, sums over layers and optimisers stay in f32
 */
public record TrainingSetup(int sequenceLength, int microBatch, int workers, Device device, Products products) {
    /** Precision of the matrix products of a training step. */
    public enum Products {
        /** 32-bit numbers. */
        F32,
        /** 16-bit brain floats: faster where the processor multiplies them in hardware, as avx512_bf16 does. */
        BF16
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if a count is below 1
     */
    public TrainingSetup {
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(products, "products");
        if (sequenceLength < 1 || microBatch < 1 || workers < 1) {
            throw new IllegalArgumentException("sequence length " + sequenceLength + ", micro-batch " + microBatch
                    + " and workers " + workers + " must be 1 or more");
        }
    }
}
