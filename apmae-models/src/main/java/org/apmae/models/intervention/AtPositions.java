package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;

/**
 * Restricts an intervention to some positions of the prompt: for patterns, to the rows of those queries. Immutable and
 * thread-safe.
 */
public final class AtPositions implements HeadIntervention {
    private final HeadIntervention inner;
    private final SortedSet<Integer> positions;

    /**
     * Chooses positions.
     *
     * @param inner what to do there
     * @param positions zero-based positions, or negative ones counted from the end (-1 is the last); at least one
     * @throws IllegalArgumentException if there is no position
     */
    public AtPositions(HeadIntervention inner, Collection<Integer> positions) {
        if (positions.isEmpty()) {
            throw new IllegalArgumentException(
                    "no position is given; name at least one, or use the intervention itself");
        }
        this.inner = inner;
        this.positions = Collections.unmodifiableSortedSet(new TreeSet<>(positions));
    }

    @Override
    public Set<HeadId> heads() {
        return inner.heads();
    }

    @Override
    public Set<HeadId> patternHeads() {
        return inner.patternHeads();
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        return mix(scratch, z, inner.apply(scratch, layer, z), HeadPoint.OUTPUT);
    }

    @Override
    public NDArray applyToPattern(NDManager scratch, int layer, NDArray pattern) {
        return mix(scratch, pattern, inner.applyToPattern(scratch, layer, pattern), HeadPoint.PATTERN);
    }

    private NDArray mix(NDManager scratch, NDArray before, NDArray changed, HeadPoint point) {
        int tokens = Math.toIntExact(before.getShape().get(point.tokenAxis()));
        boolean[] here = new boolean[tokens];
        for (int position : positions) {
            int at = position < 0 ? tokens + position : position;
            if (at < 0 || at >= tokens) {
                throw new IllegalArgumentException("there is no position " + position + " to change in prompts of "
                        + tokens + " tokens; allowed is " + -tokens + " to " + (tokens - 1));
            }
            here[at] = true;
        }
        try (NDManager temporary = scratch.newSubManager()) {
            changed.attach(temporary);
            NDArray mask = temporary.create(here, point.perPosition(tokens)).broadcast(before.getShape());
            NDArray result = NDArrays.where(mask, changed, before);
            result.attach(scratch);
            return result;
        }
    }

    @Override
    public String id() {
        return inner.id() + "@" + positions.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
