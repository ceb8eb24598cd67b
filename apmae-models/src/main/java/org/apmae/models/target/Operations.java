package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** The two operations that take nearly all of a model's time. Results are float32 and attached to the scratch manager. */
interface Operations {
    NDArray linear(NDManager scratch, NDArray x, Projection projection);

    NDArray activate(NDManager scratch, NDArray x);
}
