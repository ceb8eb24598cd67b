package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Looks at, or replaces, an activation while a model runs. */
@FunctionalInterface
public interface Hook {
    /**
     * Called when the activation is computed.
     *
     * @param scratch owner of temporaries and of the replacement; closed when the layer is done
     * @param activation the activation; borrowed, not to be written, valid during the call only
     * @return what the model goes on with: {@code activation} itself to leave it alone, or a new array of the same shape and
     *     type attached to {@code scratch}
     */
    NDArray apply(NDManager scratch, NDArray activation);
}
