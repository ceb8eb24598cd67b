package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apmae.core.model.HeadId;

/** What the interventions of this package share. */
final class Blend {
    private Blend() {}

    static SortedSet<HeadId> sorted(Collection<HeadId> heads) {
        return Collections.unmodifiableSortedSet(new TreeSet<>(heads));
    }

    static String names(Collection<HeadId> heads) {
        return heads.stream().map(HeadId::toString).collect(Collectors.joining("+"));
    }

    /** Multiplies the heads of one layer by a factor and leaves the others as they are. */
    static NDArray scale(
            NDManager scratch, int layer, NDArray activation, HeadPoint point, SortedSet<HeadId> heads, float factor) {
        try (NDManager temporary = scratch.newSubManager()) {
            NDArray result = activation.mul(factors(temporary, layer, activation, point, heads, factor));
            result.attach(scratch);
            return result;
        }
    }

    /**
     * Puts values in the place of the heads of one layer.
     *
     * @param rows number of positions that each value holds: 1, the same everywhere, or S
     */
    static NDArray replace(
            NDManager scratch, int layer, NDArray activation, HeadPoint point, Map<HeadId, float[]> values, int rows) {
        int count = Math.toIntExact(activation.getShape().get(point.headAxis()));
        int width = Math.toIntExact(activation.getShape().get(3));
        float[] inserted = new float[rows * count * width];
        values.forEach((head, value) -> {
            if (head.layer() == layer && head.head() < count) {
                for (int row = 0; row < rows; row++) {
                    int at = point == HeadPoint.OUTPUT ? row * count + head.head() : head.head() * rows + row;
                    System.arraycopy(value, row * width, inserted, at * width, width);
                }
            }
        });
        try (NDManager temporary = scratch.newSubManager()) {
            NDArray kept = activation.mul(factors(temporary, layer, activation, point, sorted(values.keySet()), 0));
            kept.attach(temporary);
            NDArray result = kept.add(temporary.create(
                    inserted,
                    point == HeadPoint.OUTPUT ? new Shape(1, rows, count, width) : new Shape(1, count, rows, width)));
            result.attach(scratch);
            return result;
        }
    }

    private static NDArray factors(
            NDManager owner, int layer, NDArray activation, HeadPoint point, SortedSet<HeadId> heads, float factor) {
        int count = Math.toIntExact(activation.getShape().get(point.headAxis()));
        float[] factors = new float[count];
        Arrays.fill(factors, 1);
        for (HeadId head : heads) {
            if (head.layer() == layer) {
                if (head.head() >= count) {
                    throw new IllegalArgumentException(
                            "there is no head " + head + " to change; layer " + layer + " has " + count + " heads");
                }
                factors[head.head()] = factor;
            }
        }
        return owner.create(factors, point.perHead(count));
    }
}
