package org.apmae.models.safetensors;

import java.util.Arrays;
import java.util.List;

/**
 * Where a tensor lies in a safetensors file.
 *
 * @param name the tensor's name
 * @param type F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL
 * @param shape the sizes, outermost first; empty for a scalar
 * @param begin first byte, counted from the end of the header
 * @param end first byte after it
 */
public record TensorInfo(String name, String type, List<Long> shape, long begin, long end) {
    /** Copies the shape. */
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /**
     * Returns the number of elements.
     *
     * @return the product of the shape
     */
    public long elements() {
        return shape.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
    }

    long[] dimensions() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    boolean hasShape(long... expected) {
        return Arrays.equals(dimensions(), expected);
    }
}
