package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.apmae.models.runtime.Precision;
import org.apmae.models.runtime.ScriptModule;

/**
 * Operations in the model's precision, through functions generated for libtorch: activations in one pass over memory, and
 * products in bf16, which NDArray does not know. Activations of the model stay float32 between products, so hooks see the same
 * types in either precision.
 */
final class FastOperations implements Operations {
    private final Precision precision;
    private final ScriptModule activate;
    private final ScriptModule linear;
    private final ScriptModule linearWithBias;
    private final ScriptModule embed;

    FastOperations(NDManager manager, Activation activation, Precision precision) {
        this.precision = precision;
        int wide = Precision.F32.torchType();
        int narrow = precision.torchType();
        activate = ScriptModule.compile(manager, "x: Tensor", "    return " + activation.script() + "\n");
        linear = ScriptModule.compile(
                manager,
                "x: Tensor, w: Tensor",
                "    return torch.to(torch.linear(torch.to(x, %1$d), w), %2$d)\n".formatted(narrow, wide));
        linearWithBias = ScriptModule.compile(
                manager,
                "x: Tensor, w: Tensor, b: Tensor",
                "    return torch.to(torch.linear(torch.to(x, %1$d), w, torch.to(b, %1$d)), %2$d)\n"
                        .formatted(narrow, wide));
        embed = ScriptModule.compile(
                manager,
                "w: Tensor, ids: Tensor",
                "    return torch.to(torch.embedding(w, ids), %d)\n".formatted(wide));
    }

    @Override
    public NDArray linear(NDManager scratch, NDArray x, Projection projection) {
        if (precision == Precision.F32) {
            return FunctionalOperations.attached(scratch, x, projection.weight(), projection.bias());
        }
        return projection.bias() == null
                ? linear.call(scratch, x, projection.weight())
                : linearWithBias.call(scratch, x, projection.weight(), projection.bias());
    }

    @Override
    public NDArray activate(NDManager scratch, NDArray x) {
        return activate.call(scratch, x);
    }

    NDArray embed(NDManager scratch, NDArray table, NDArray ids) {
        return embed.call(scratch, table, ids);
    }
}
