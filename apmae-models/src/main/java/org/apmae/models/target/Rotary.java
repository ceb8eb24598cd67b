package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** Tables of rotary position embeddings. */
final class Rotary {
    private Rotary() {}

    /** Cosines and sines of shape (S, 1, D) for the positions from {@code first} on. */
    static NDArray[] tables(NDManager owner, int width, double theta, long first, long tokens) {
        float[] cos = new float[Math.toIntExact(tokens * width)];
        float[] sin = new float[cos.length];
        for (int i = 0; i < width / 2; i++) {
            // float arithmetic in the order of the reference: frequencies and angles are rounded to float there
            float frequency = (float) (1.0 / (float) Math.pow(theta, (float) (2 * i) / width));
            for (int position = 0; position < tokens; position++) {
                float angle = (first + position) * frequency;
                for (int half = 0; half < 2; half++) {
                    int at = position * width + half * width / 2 + i;
                    cos[at] = (float) Math.cos(angle);
                    sin[at] = (float) Math.sin(angle);
                }
            }
        }
        Shape shape = new Shape(tokens, 1, width);
        return new NDArray[] {owner.create(cos, shape), owner.create(sin, shape)};
    }
}
