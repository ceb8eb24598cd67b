package org.apmae.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Set;

/**
 * Changes what heads write, before the output projection mixes them.
 *
 * <p>This is the only place where a head's contribution still stands by itself: after {@code o_proj} no slice of the
 * residual stream belongs to one head. Implementations are immutable and thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on
 *     interventions</a>
 */
public interface HeadIntervention {
    /**
     * Returns the heads this intervention changes.
     *
     * @return an immutable set, possibly empty
     */
    Set<HeadId> heads();

    /**
     * Changes the output of the heads of one layer. Called only for layers that have a head in {@link #heads()}.
     *
     * @param scratch owner of the result and of temporaries
     * @param layer the layer
     * @param z shape (B, S, H, D), the per-head output ({@code blocks.{layer}.attn.hook_z}); borrowed, not to be written
     * @return an array of the same shape and type, attached to {@code scratch}
     */
    NDArray apply(NDManager scratch, int layer, NDArray z);

    /**
     * Returns a stable name for results, equal for equal interventions.
     *
     * @return for example {@code zero:L0H3+L2H1}
     */
    String id();

    /**
     * Returns the intervention that changes nothing.
     *
     * @return an intervention on no head, with the id {@code none}
     */
    static HeadIntervention none() {
        return NoIntervention.INSTANCE;
    }
}
