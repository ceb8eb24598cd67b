package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.PatchMask;

/**
 * Loss and gradient of a batch. Several threads may compute gradients of the same weights at once: each call makes its own
 * leaf that shares the weights' memory.
 */
final class Gradients {
    /** The flat gradient, owned by whom the caller said, and the loss. */
    record Result(NDArray gradient, double loss) {}

    private Gradients() {}

    /**
     * Computes both.
     *
     * @param owner owner of the gradient
     * @param scaled (N, 1, S, S); borrowed
     * @param weight what the gradient is multiplied with: this part's share of the whole batch
     * @param between runs after the forward and before the backward pass
     */
    static Result compute(
            ApMae model,
            NDManager owner,
            NDArray scaled,
            PatchMask mask,
            DecoderMode mode,
            double weight,
            Runnable between) {
        ApMaeConfig config = model.config();
        try (Scope training = Scope.training(owner)) {
            NDManager scope = training.manager();
            NDArray visible;
            NDArray target;
            try (Scope inference = Scope.inference(scope)) {
                NDManager scratch = inference.manager();
                NDArray rows = Network.patchRows(scratch, scaled, config.grid());
                visible = Ops.rows(TokenPlan.patches(scratch, config.grid(), mask.visible()), rows);
                target = Ops.rows(TokenPlan.patches(scratch, config.grid(), mask.masked()), rows);
                visible.attach(scope);
                target.attach(scope);
            }
            NDArray leaf = Ops.alias(scope, model.flat());
            leaf.setRequiresGradient(true);
            Network network = new Network(config, model.layout(), leaf);
            NDArray tokens = network.encode(visible, TokenPlan.positions(scope, mask.visible()), false);
            NDArray loss = Network.loss(network.decode(tokens, mask, mode), target);
            NDArray seed = scope.full(loss.getShape(), (float) weight);
            between.run();
            JniUtils.backward((PtNDArray) loss, (PtNDArray) seed, false, false);
            NDArray gradient = JniUtils.getGradient((PtNDArray) leaf);
            gradient.attach(owner);
            return new Result(gradient, loss.getFloat());
        }
    }
}
