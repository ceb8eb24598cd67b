package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.LongBuffer;

/** Native operations that the NDArray interface lacks or rounds (epsilon of the layer norm). Results attach to the first argument's manager. */
final class Ops {
    private Ops() {}

    /** Another handle on the same numbers, without their graph, owned by another manager: so results do not attach to the caller's. */
    static NDArray alias(NDManager owner, NDArray array) {
        NDArray alias = array.stopGradient();
        alias.attach(owner);
        return alias;
    }

    static NDArray linear(NDArray x, NDArray weight, NDArray bias) {
        if (bias == null) {
            return JniUtils.linear(pt(x), pt(weight), null);
        }
        return JniUtils.linear(pt(x), pt(weight), pt(bias));
    }

    static NDArray layerNorm(NDArray x, NDArray weight, NDArray bias, double epsilon) {
        return JniUtils.layerNorm(pt(x), weight.getShape(), pt(weight), pt(bias), epsilon);
    }

    /** Rows of a table: indices of any shape (...), table (R, D), result (..., D). */
    static NDArray rows(NDArray indices, NDArray table) {
        return JniUtils.embedding(pt(indices), pt(table), false);
    }

    static NDArray gelu(NDArray x) {
        return JniUtils.gelu(pt(x));
    }

    /** Copies a flat array into another, from a position on. */
    static void write(NDArray values, NDArray target, long from) {
        JniUtils.indexSet(pt(target), pt(values), new long[] {from}, new long[] {from + values.size()}, new long[] {1});
    }

    /** Broadcasts all three, which NDArrays.where does not. */
    static NDArray where(NDArray condition, NDArray yes, NDArray no) {
        NDArray result = JniUtils.where(pt(condition), pt(yes), pt(no));
        result.attach(condition.getManager());
        return result;
    }

    /**
     * Indices in memory of libtorch's own: an array over a Java buffer must not be given to autograd, which may read it after
     * the buffer is collected.
     */
    static NDArray indices(NDManager owner, long[] values, long... shape) {
        try (NDArray view = owner.create(LongBuffer.wrap(values), new Shape(shape))) {
            return view.duplicate();
        }
    }

    private static PtNDArray pt(NDArray array) {
        return (PtNDArray) array;
    }
}
