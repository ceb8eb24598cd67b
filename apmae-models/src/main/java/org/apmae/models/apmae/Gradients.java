package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Map;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.PatchMask;

/**
 * Loss and gradient of a batch. Several threads may compute gradients of the same weights at once: each call makes its own
 * leaves that share the weights' memory.
 *
 * <p>Each tensor is a leaf of its own. A single leaf, split into tensors, would have autograd gather the gradient in an array
 * as large as all weights, new in each step; here it is gathered in memory that the caller keeps.
 */
final class Gradients {
    /** The flat gradient and the loss. */
    record Result(NDArray gradient, double loss) {}

    private Gradients() {}

    /** As below, with a new array for the gradient. */
    static Result compute(
            ApMae model,
            NDManager owner,
            NDArray scaled,
            PatchMask mask,
            DecoderMode mode,
            double weight,
            Runnable between) {
        NDArray gradient = owner.zeros(model.flat().getShape());
        return compute(model, gradient, scaled, mask, mode, weight, between);
    }

    /**
     * Computes both.
     *
     * @param gradient receives the gradient, of the shape of all parameters
     * @param scaled (N, 1, S, S); borrowed
     * @param weight what the gradient is multiplied with: this part's share of the whole batch
     * @param between runs after the forward and before the backward pass
     */
    static Result compute(
            ApMae model,
            NDArray gradient,
            NDArray scaled,
            PatchMask mask,
            DecoderMode mode,
            double weight,
            Runnable between) {
        ApMaeConfig config = model.config();
        try (Scope training = Scope.training(gradient.getManager())) {
            NDManager scope = training.manager();
            NDArray visible;
            NDArray target;
            Map<String, NDArray> leaves;
            try (Scope inference = Scope.inference(scope)) {
                NDManager scratch = inference.manager();
                NDArray rows = Network.patchRows(scratch, scaled, config.grid());
                visible = Ops.rows(TokenPlan.patches(scratch, config.grid(), mask.visible()), rows);
                target = Ops.rows(TokenPlan.patches(scratch, config.grid(), mask.masked()), rows);
                visible.attach(scope);
                target.attach(scope);
                leaves = model.layout().views(Ops.alias(scope, model.flat()));
            }
            leaves.values().forEach(leaf -> leaf.setRequiresGradient(true));
            Network network = new Network(config, leaves, scope);
            NDArray tokens = network.encode(visible, TokenPlan.positions(scope, mask.visible()), false);
            NDArray loss = Network.loss(network.decode(tokens, mask, mode), target);
            NDArray seed = scope.full(loss.getShape(), (float) weight);
            between.run();
            JniUtils.backward((PtNDArray) loss, (PtNDArray) seed, false, false);
            gather(model.layout(), leaves, gradient);
            return new Result(gradient, loss.getFloat());
        }
    }

    private static void gather(ParameterLayout layout, Map<String, NDArray> leaves, NDArray gradient) {
        boolean gradients = JniUtils.isGradMode();
        JniUtils.setGradMode(false);
        try {
            for (Parameter parameter : layout.parameters()) {
                try (NDArray one = JniUtils.getGradient((PtNDArray) leaves.get(parameter.name()));
                        NDArray flat = one.reshape(-1)) {
                    Ops.write(flat, gradient, parameter.offset());
                }
            }
        } finally {
            JniUtils.setGradMode(gradients);
        }
    }
}
