package org.apmae.models.target;

import ai.djl.ndarray.NDArray;

/**
 * A linear map.
 *
 * @param weight shape (out, in), in the model's precision; possibly a view with strides
 * @param bias shape (out), float32; null where there is none
 */
record Projection(NDArray weight, NDArray bias) {}
