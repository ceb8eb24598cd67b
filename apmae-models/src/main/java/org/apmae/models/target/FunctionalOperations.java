package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.core.Linear;
import org.apmae.models.runtime.Precision;
import org.apmae.models.runtime.ScriptModule;

/** Plain f32 operations of NDArray, whatever precision the weights have: what every faster way is measured against. */
final class FunctionalOperations implements Operations {
    private final Activation activation;
    private final Precision precision;
    private final ScriptModule widen;

    FunctionalOperations(NDManager manager, Activation activation, Precision precision) {
        this.activation = activation;
        this.precision = precision;
        this.widen = ScriptModule.compile(
                manager, "w: Tensor", "    return torch.to(w, " + Precision.F32.torchType() + ")\n");
    }

    @Override
    public NDArray linear(NDManager scratch, NDArray x, Projection projection) {
        if (precision == Precision.F32) {
            return attached(scratch, x, projection.weight(), projection.bias());
        }
        try (NDArray wide = widen.call(scratch, projection.weight())) {
            return attached(scratch, x, wide, projection.bias());
        }
    }

    static NDArray attached(NDManager scratch, NDArray x, NDArray weight, NDArray bias) {
        NDArray y = Linear.linear(x, weight, bias).singletonOrThrow();
        y.attach(scratch);
        return y;
    }

    @Override
    public NDArray activate(NDManager scratch, NDArray x) {
        NDArray y = switch (activation) {
            case GELU_TANH -> TanhGelu.apply(scratch, x);
            case GELU -> ai.djl.nn.Activation.gelu(x);
            case SILU -> ai.djl.nn.Activation.sigmoid(x).muli(x);
        };
        y.attach(scratch);
        return y;
    }
}
