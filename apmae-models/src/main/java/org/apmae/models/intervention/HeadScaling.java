package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.Set;
import java.util.SortedSet;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;

/** Multiplies the output or the pattern of heads by a factor at every position. Immutable and thread-safe. */
public final class HeadScaling implements HeadIntervention {
    private final HeadPoint point;
    private final SortedSet<HeadId> heads;
    private final float factor;

    /**
     * Chooses heads and factor.
     *
     * @param point what to multiply
     * @param heads the heads; one named twice counts once
     * @param factor a finite number: 0 removes, 1 changes nothing, a negative one turns the output round
     * @throws IllegalArgumentException if the factor is not finite
     */
    public HeadScaling(HeadPoint point, Collection<HeadId> heads, float factor) {
        if (!Float.isFinite(factor)) {
            throw new IllegalArgumentException("the factor is " + factor + "; give a finite number");
        }
        this.point = point;
        this.heads = Blend.sorted(heads);
        this.factor = factor;
    }

    @Override
    public Set<HeadId> heads() {
        return point == HeadPoint.OUTPUT ? heads : Set.of();
    }

    @Override
    public Set<HeadId> patternHeads() {
        return point == HeadPoint.PATTERN ? heads : Set.of();
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        return Blend.scale(scratch, layer, z, HeadPoint.OUTPUT, heads, factor);
    }

    @Override
    public NDArray applyToPattern(NDManager scratch, int layer, NDArray pattern) {
        return Blend.scale(scratch, layer, pattern, HeadPoint.PATTERN, heads, factor);
    }

    @Override
    public String id() {
        return "scale(" + factor + (point == HeadPoint.PATTERN ? ",pattern" : "") + "):" + Blend.names(heads);
    }
}
