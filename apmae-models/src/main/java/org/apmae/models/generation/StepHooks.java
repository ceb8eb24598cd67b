package org.apmae.models.generation;

import org.apmae.core.model.HeadIntervention;
import org.apmae.models.target.Hooks;

/**
 * Which hooks are active at each step of a generation. Step 0 runs the prompt; step t runs the t-th new token (and, without a
 * cache, everything before it again).
 */
@FunctionalInterface
public interface StepHooks {
    /**
     * Returns the hooks of a step. Called once for each step, before it runs.
     *
     * @param step zero-based step
     * @return the hooks, {@link Hooks#none()} for none
     */
    Hooks at(int step);

    /**
     * Makes no hooks at any step.
     *
     * @return no hooks
     */
    static StepHooks none() {
        return step -> Hooks.none();
    }

    /**
     * Makes an intervention that is active at every step.
     *
     * @param intervention what to change
     * @return the hooks
     */
    static StepHooks always(HeadIntervention intervention) {
        Hooks hooks = Hooks.none().with(intervention);
        return step -> hooks;
    }
}
