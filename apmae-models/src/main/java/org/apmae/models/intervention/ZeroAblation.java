package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;

/**
 * Sets the output of heads to zero at every position, leaving keys and values alone. Immutable and thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on
 *     interventions</a>
 */
public final class ZeroAblation implements HeadIntervention {
    private final SortedSet<HeadId> heads;

    /**
     * Chooses the heads.
     *
     * @param heads the heads to remove; one named twice counts once
     */
    public ZeroAblation(Collection<HeadId> heads) {
        this.heads = Collections.unmodifiableSortedSet(new TreeSet<>(heads));
    }

    @Override
    public Set<HeadId> heads() {
        return heads;
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        int count = Math.toIntExact(z.getShape().get(2));
        float[] keep = new float[count];
        Arrays.fill(keep, 1);
        for (HeadId head : heads) {
            if (head.layer() == layer) {
                if (head.head() >= count) {
                    throw new IllegalArgumentException(
                            "there is no head " + head + " to remove; layer " + layer + " has " + count + " heads");
                }
                keep[head.head()] = 0;
            }
        }
        try (NDManager temporary = scratch.newSubManager()) {
            NDArray result = z.mul(temporary.create(keep, new Shape(1, 1, count, 1)));
            result.attach(scratch);
            return result;
        }
    }

    @Override
    public String id() {
        return "zero:" + heads.stream().map(HeadId::toString).collect(Collectors.joining("+"));
    }
}
