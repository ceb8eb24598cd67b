package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

/**
 * GELU with the tanh approximation, which DJL lacks: x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)), equal to the usual form with
 * tanh.
 */
final class TanhGelu {
    private static final double SCALE = 2 * Math.sqrt(2 / Math.PI);

    private TanhGelu() {}

    static NDArray apply(NDManager scratch, NDArray x) {
        NDArray cubic = scratch.full(new Shape(1), (float) (SCALE * 0.044715), DataType.FLOAT32);
        NDArray linear = scratch.full(new Shape(1), (float) SCALE, DataType.FLOAT32);
        NDArray inner = x.square().muli(cubic).addi(linear).muli(x);
        return Activation.sigmoid(inner).muli(x);
    }
}
