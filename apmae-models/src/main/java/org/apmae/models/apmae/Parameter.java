package org.apmae.models.apmae;

import ai.djl.ndarray.types.Shape;

/**
 * One tensor of the network inside the flat array of all.
 *
 * @param name as in the checkpoint
 * @param shape as in the checkpoint
 * @param offset of its first element in the flat array
 * @param start how it is initialised
 */
record Parameter(String name, Shape shape, int offset, Start start) {
    /** Initial values. */
    enum Start {
        ZEROS,
        ONES,
        /** 0.01, for the biases of linear layers. */
        BIAS,
        /** Normal with standard deviation 1, for position embeddings. */
        NORMAL,
        /** Normal with standard deviation 0.02, for the mask token (He et al. 2022). */
        SMALL_NORMAL,
        /** Uniform within the square root of 6 / (inputs + outputs), for the weights of linear layers. */
        XAVIER
    }

    int size() {
        return (int) shape.size();
    }
}
