package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apmae.models.runtime.ScriptModule;

/**
 * The encoder as one generated native function, which gives the cls token of a batch in one call. {@link Network} is its oracle.
 * Weights are those at the time it is made. Thread-safe until closed.
 */
final class FusedEncoder implements AutoCloseable {
    private static final String COPY = "    return torch.to(x, 15)\n";

    private final NDManager manager;
    private final ScriptModule function;
    private final NDList weights = new NDList();

    /**
     * Generates and compiles the function.
     *
     * @param model whose weights are taken
     * @param precision of the matrix products and of attention; norms and sums are float32 always
     */
    FusedEncoder(ApMae model, ApMae.Precision precision) {
        manager = model.manager().newSubManager();
        try (Scope session = Scope.inference(manager)) {
            ApMaeConfig config = model.config();
            Script script = new Script(config, model.layout(), precision);
            function = ScriptModule.compile(manager, "x: Tensor, p: Tensor, w: List[Tensor]", script.text());
            Map<String, NDArray> views = model.layout().views(Ops.alias(session.manager(), model.flat()));
            try (ScriptModule toBf16 = ScriptModule.compile(manager, "x: Tensor", COPY)) {
                for (String name : script.names) {
                    NDArray weight = views.get(name);
                    // A bf16 array would end the process; the same bits taken for float32, half as many, do not.
                    NDArray kept = script.isCast(name) ? toBf16.run(new NDList(weight)) : weight.duplicate();
                    kept.attach(manager);
                    kept.setName("w[]");
                    weights.add(kept);
                }
            }
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    /**
     * Encodes.
     *
     * @param patches (N, k, P P), float32
     * @param positions what is added to the cls token and the patches, (1 + k, F)
     * @return (N, F), float32, owned by the patches' manager
     */
    NDArray run(NDArray patches, NDArray positions) {
        NDList inputs = new NDList(patches, positions);
        inputs.addAll(weights);
        return function.run(inputs);
    }

    @Override
    public void close() {
        function.close();
        manager.close();
    }

    /** Writes the text, and notes which weights it uses in which order. */
    private static final class Script {
        private final ApMaeConfig config;
        private final ParameterLayout layout;
        private final boolean half;
        private final List<String> names = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();

        Script(ApMaeConfig config, ParameterLayout layout, ApMae.Precision precision) {
            this.config = config;
            this.layout = layout;
            this.half = precision == ApMae.Precision.BF16;
            write();
        }

        String text() {
            return text.toString();
        }

        boolean isCast(String name) {
            return half && layout.get(name).shape().dimension() == 2;
        }

        private void line(String format, Object... values) {
            text.append("    ")
                    .append(String.format(Locale.ROOT, format, values))
                    .append('\n');
        }

        private String weight(String name) {
            if (!names.contains(name)) {
                names.add(name);
            }
            return "w[" + names.indexOf(name) + "]";
        }

        private String norm(String x, String prefix, long width) {
            return String.format(
                    Locale.ROOT,
                    "torch.layer_norm(%s, [%d], %s, %s, %s)",
                    x,
                    width,
                    weight(prefix + ".weight"),
                    weight(prefix + ".bias"),
                    Double.toString(config.layerNormEps()));
        }

        /** A product in the precision asked for; the result is of that type too. */
        private String linear(String x, String prefix) {
            String matrix = weight(prefix + ".weight");
            String bias = layout.has(prefix + ".bias") ? ", " + weight(prefix + ".bias") : "";
            if (!half) {
                return "torch.linear(" + x + ", " + matrix + bias + ")";
            }
            return "torch.linear(torch.to(" + x + ", 15), torch.to(" + matrix + ", 15)"
                    + (bias.isEmpty() ? "" : ", torch.to(" + bias.substring(2) + ", 15)") + ")";
        }

        private String full(String x) {
            return half ? "torch.to(" + x + ", 6)" : x;
        }

        private void write() {
            ApMaeConfig.Stack stack = config.encoder();
            int width = stack.dim();
            long patch = (long) config.patchSize() * config.patchSize();
            String embedding = "encoder.patches_to_embedding.";
            line("n = torch.size(x, 0)");
            line("a0 = %s", norm("x", embedding + "0", patch));
            line("a1 = %s", full(linear("a0", embedding + "1")));
            line("a2 = %s", norm("a1", embedding + "2", width));
            line("c = torch.expand(%s, [n, 1, %d])", weight("encoder.cls_token"), width);
            line("h = torch.add(torch.cat([c, a2], 1), p)");
            for (int i = 0; i < stack.layers(); i++) {
                layer("encoder.transformer.layers." + i, stack, i == stack.layers() - 1);
            }
            line("return torch.select(%s, 1, 0)", norm("h", "encoder.transformer.norm", width));
        }

        private void layer(String prefix, ApMaeConfig.Stack stack, boolean last) {
            int inner = stack.heads() * stack.dimHead();
            line("y = %s", norm("h", prefix + ".0.norm", stack.dim()));
            line(
                    "qkv = torch.permute(torch.reshape(%s, [n, -1, 3, %d, %d]), [2, 0, 3, 1, 4])",
                    linear("y", prefix + ".0.to_qkv"), stack.heads(), stack.dimHead());
            // No later layer looks at anything but the cls token.
            String asking = last ? "torch.narrow(torch.select(qkv, 0, 0), 2, 0, 1)" : "torch.select(qkv, 0, 0)";
            line(
                    "z = torch.scaled_dot_product_attention(%s, torch.select(qkv, 0, 1), torch.select(qkv, 0, 2))",
                    asking);
            line("m = torch.reshape(torch.transpose(z, 1, 2), [n, -1, %d])", inner);
            String out = layout.has(prefix + ".0.to_out.0.weight") ? linear("m", prefix + ".0.to_out.0") : "m";
            line("h = torch.add(%s, %s)", last ? "torch.narrow(h, 1, 0, 1)" : "h", full(out));
            line("y = %s", norm("h", prefix + ".1.net.0", stack.dim()));
            line("y = torch.gelu(%s)", linear("y", prefix + ".1.net.1"));
            line("h = torch.add(h, %s)", full(linear("y", prefix + ".1.net.4")));
        }
    }
}
