package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.Set;
import java.util.SortedSet;
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
        this.heads = Blend.sorted(heads);
    }

    @Override
    public Set<HeadId> heads() {
        return heads;
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        return Blend.scale(scratch, layer, z, HeadPoint.OUTPUT, heads, 0);
    }

    @Override
    public String id() {
        return "zero:" + Blend.names(heads);
    }
}
