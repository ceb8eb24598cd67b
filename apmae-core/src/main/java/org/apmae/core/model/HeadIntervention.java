package org.apmae.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Set;

/**
 * Changes what heads write, before the output projection mixes them, or where they look.
 *
 * <p>The output before the projection is the last place where a head's contribution stands by itself: after {@code o_proj} no slice of the
 * residual stream belongs to one head. Implementations are immutable and thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on
 *     interventions</a>
 */
public interface HeadIntervention {
    /**
     * Returns the heads whose output this intervention changes.
     *
     * @return an immutable set, possibly empty
     */
    Set<HeadId> heads();

    /**
     * Returns the heads whose attention pattern this intervention changes.
     *
     * @return an immutable set; empty unless the implementation says otherwise
     */
    default Set<HeadId> patternHeads() {
        return Set.of();
    }

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
     * Changes the patterns of the heads of one layer. Called only for layers that have a head in {@link #patternHeads()}.
     *
     * @param scratch owner of the result and of temporaries
     * @param layer the layer
     * @param pattern shape (B, H, S, S), queries before keys ({@code blocks.{layer}.attn.hook_pattern}); borrowed, not to be
     *     written
     * @return an array of the same shape and type, attached to {@code scratch}
     */
    default NDArray applyToPattern(NDManager scratch, int layer, NDArray pattern) {
        NDArray copy = pattern.duplicate();
        copy.attach(scratch);
        return copy;
    }

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
