package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apmae.models.runtime.ScriptModule;

/**
 * The encoder as one generated native function, which gives the cls token of a batch in one call. {@link Network} is its oracle.
 * A second function scales before it encodes; {@link AttentionScaler} is its oracle. Weights are those at the time it is made.
 * Thread-safe until closed.
 */
final class FusedEncoder implements AutoCloseable {
    private static final String COPY = "    return torch.to(x, 15)\n";

    private final NDManager manager;
    private final ScriptModule function;
    private final ScriptModule scalingFunction;
    private final NDArray patches;
    private final NDArray positions;
    private final NDList weights = new NDList();

    /**
     * Generates and compiles the function.
     *
     * @param model whose weights are taken
     * @param chosen indices of the patches that are encoded, ascending
     * @param positions what is added to the cls token and the patches, (1 + k, F); copied
     * @param precision of the matrix products and of attention; norms and sums are float32 always
     */
    FusedEncoder(ApMae model, int[] chosen, NDArray positions, ApMae.Precision precision) {
        manager = model.manager().newSubManager();
        try (Scope session = Scope.inference(manager)) {
            ApMaeConfig config = model.config();
            Script script = new Script(config, model.layout(), chosen.length, precision);
            String parameters = "x: Tensor, i: Tensor, p: Tensor, w: List[Tensor]";
            function = ScriptModule.compile(manager, parameters, script.text(false));
            scalingFunction =
                    scales(config.scaler()) ? ScriptModule.compile(manager, parameters, script.text(true)) : null;
            patches = Ops.indices(manager, Arrays.stream(chosen).asLongStream().toArray(), chosen.length);
            this.positions = positions.duplicate();
            this.positions.attach(manager);
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

    private static boolean scales(AttentionScaler scaler) {
        return scaler == AttentionScaler.LOG_NORMALIZE || scaler == AttentionScaler.NONE;
    }

    /** Whether {@link #scaleAndRun} is there. */
    boolean scales() {
        return scalingFunction != null;
    }

    /**
     * Encodes.
     *
     * @param scaled (N, 1, S, S), float32
     * @return (N, F), float32, owned by the patterns' manager
     */
    NDArray run(NDArray scaled) {
        return run(function, scaled);
    }

    /**
     * Scales and encodes. Patches that are not encoded are not looked at.
     *
     * @param weights (N, 1, S, S), float32, attention weights with zeros above the diagonal
     * @return (N, F), float32, owned by the patterns' manager; NaN for a pattern with NaN, infinities or, where a logarithm is
     *     taken, negative weights
     */
    NDArray scaleAndRun(NDArray weights) {
        return run(scalingFunction, weights);
    }

    private NDArray run(ScriptModule script, NDArray patterns) {
        NDList inputs = new NDList(patterns, patches, positions);
        inputs.addAll(weights);
        return script.run(inputs);
    }

    @Override
    public void close() {
        function.close();
        if (scalingFunction != null) {
            scalingFunction.close();
        }
        manager.close();
    }

    /** Writes the text, and notes which weights it uses in which order. */
    private static final class Script {
        private final ApMaeConfig config;
        private final ParameterLayout layout;
        private final int chosen;
        private final boolean half;
        private final List<String> names = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();

        Script(ApMaeConfig config, ParameterLayout layout, int chosen, ApMae.Precision precision) {
            this.config = config;
            this.layout = layout;
            this.chosen = chosen;
            this.half = precision == ApMae.Precision.BF16;
        }

        String text(boolean scaling) {
            text.setLength(0);
            cut();
            if (scaling && config.scaler() == AttentionScaler.LOG_NORMALIZE) {
                normalize();
            }
            encode();
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

        /** Cuts the chosen patches out of patterns x, as rows c of (N, k P P), in memory of their own. */
        private void cut() {
            int side = config.grid().side();
            int patch = config.patchSize();
            line("n = torch.size(x, 0)");
            line("v = torch.permute(torch.reshape(x, [n, %1$d, %2$d, %1$d, %2$d]), [0, 1, 3, 2, 4])", side, patch);
            line("g = torch.reshape(v, [n, %d, %d])", side * side, patch * patch);
            // With patches of one pixel nothing is copied so far, and all that follows is done in place.
            boolean copied = chosen == side * side && patch > 1;
            line("c = torch.reshape(%s, [n, -1])", copied ? "g" : "torch.index_select(g, 1, i)");
        }

        /**
         * {@link AttentionScaler#LOG_NORMALIZE} in place and for all patterns at once. Patches left out hold zeros only, which
         * count neither in the minimum nor elsewhere.
         */
        private void normalize() {
            line("m = torch.eq(c, 0)");
            line("c = torch.log_(torch.masked_fill_(c, m, 1))");
            line("l = torch.amin(c, [1], True)");
            line("o = torch.where(torch.ge(l, 0), torch.neg(torch.ones_like(l)), l)");
            line("c = torch.div_(torch.sub_(c, o), torch.neg(o))");
            line("c = torch.masked_fill_(c, m, 0)");
        }

        private void encode() {
            ApMaeConfig.Stack stack = config.encoder();
            int width = stack.dim();
            long patch = (long) config.patchSize() * config.patchSize();
            String embedding = "encoder.patches_to_embedding.";
            line("r = torch.reshape(c, [n, %d, %d])", chosen, patch);
            line(
                    "a0 = %s",
                    config.patchInput() == ApMaeConfig.PatchInput.AFFINE
                            ? "torch.add(torch.mul(r, " + weight(embedding + "0.weight") + "), "
                                    + weight(embedding + "0.bias") + ")"
                            : norm("r", embedding + "0", patch));
            line("a1 = %s", full(linear("a0", embedding + "1")));
            line("a2 = %s", norm("a1", embedding + "2", width));
            line("t = torch.expand(%s, [n, 1, %d])", weight("encoder.cls_token"), width);
            line("h = torch.add(torch.cat([t, a2], 1), p)");
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
