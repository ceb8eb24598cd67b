package org.apmae.models.target;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.ModelShape;

/**
 * What a family's config.json says, in terms that are the same for all families.
 *
 * @param shape layers, heads and widths
 * @param intermediate width of the MLP's hidden layer
 * @param norm kind of all norms
 * @param epsilon of the norms
 * @param activation of the MLP
 * @param ropeTheta base of the rotary frequencies; 0 where positions are learned
 * @param positions most tokens, where positions are learned; else 0
 * @param windows for each layer, keys that a query sees, itself included; 0 for all
 * @param scoresByLayer whether scores are also divided by the layer's number, counted from one
 * @param biases which projections have biases
 * @param tied whether the output projection is the token embedding
 * @param names the names of the tensors
 */
record Architecture(
        ModelShape shape,
        int intermediate,
        Norm norm,
        float epsilon,
        Activation activation,
        double ropeTheta,
        int positions,
        List<Integer> windows,
        boolean scoresByLayer,
        Biases biases,
        boolean tied,
        Names names) {
    Architecture {
        windows = List.copyOf(windows);
    }

    /** Kinds of norms. */
    enum Norm {
        /** Mean and variance, with a bias. */
        LAYER,
        /** Root of the mean square, without a bias. */
        RMS
    }

    /**
     * Which projections have biases.
     *
     * @param inputs queries, keys and values
     * @param output of the attention
     * @param mlp all of the MLP
     */
    record Biases(boolean inputs, boolean output, boolean mlp) {
        static Biases all(boolean present) {
            return new Biases(present, present, present);
        }
    }

    /**
     * How a family names its tensors, after Hugging Face.
     *
     * @param prefix what a checkpoint of the bare model leaves out
     * @param embedding of tokens
     * @param layers of a layer, before its number
     * @param attentionNorm before the attention
     * @param inputs queries, keys, values; or one name where they lie side by side in one matrix
     * @param output of the attention
     * @param mlpNorm before the MLP
     * @param gate of a gated MLP; empty where there is none
     * @param up into the MLP
     * @param down out of it
     * @param finalNorm after the last layer
     * @param transposed whether matrices lie as (in, out)
     */
    record Names(
            String prefix,
            String embedding,
            String layers,
            String attentionNorm,
            List<String> inputs,
            String output,
            String mlpNorm,
            String gate,
            String up,
            String down,
            String finalNorm,
            boolean transposed) {
        static final Names GATED = new Names(
                "model.",
                "embed_tokens",
                "layers.",
                "input_layernorm",
                List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
                "self_attn.o_proj",
                "post_attention_layernorm",
                "mlp.gate_proj",
                "mlp.up_proj",
                "mlp.down_proj",
                "norm",
                false);

        String layer(int layer) {
            return prefix + layers + layer + ".";
        }
    }

    static final String HEAD = "lm_head.weight";
    /** Learned positions, which GPT-2 alone has. */
    static final String POSITIONS = "transformer.wpe.weight";

    long queryWidth() {
        return (long) shape.heads() * shape.headWidth();
    }

    long keyWidth() {
        return (long) shape.keyValueHeads() * shape.headWidth();
    }

    String embedding() {
        return names.prefix() + names.embedding() + ".weight";
    }

    /** The tensors of a checkpoint, with their shapes as they are stored. */
    Map<String, long[]> parameters() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long hidden = shape.hidden();
        shapes.put(embedding(), new long[] {shape.vocabulary(), hidden});
        if (positions > 0) {
            shapes.put(POSITIONS, new long[] {positions, hidden});
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            String prefix = names.layer(layer);
            norm(shapes, prefix + names.attentionNorm());
            if (names.inputs().size() == 1) {
                linear(shapes, prefix + names.inputs().get(0), queryWidth() + 2 * keyWidth(), hidden, biases.inputs());
            } else {
                linear(shapes, prefix + names.inputs().get(0), queryWidth(), hidden, biases.inputs());
                linear(shapes, prefix + names.inputs().get(1), keyWidth(), hidden, biases.inputs());
                linear(shapes, prefix + names.inputs().get(2), keyWidth(), hidden, biases.inputs());
            }
            linear(shapes, prefix + names.output(), hidden, queryWidth(), biases.output());
            norm(shapes, prefix + names.mlpNorm());
            if (!names.gate().isEmpty()) {
                linear(shapes, prefix + names.gate(), intermediate, hidden, biases.mlp());
            }
            linear(shapes, prefix + names.up(), intermediate, hidden, biases.mlp());
            linear(shapes, prefix + names.down(), hidden, intermediate, biases.mlp());
        }
        norm(shapes, names.prefix() + names.finalNorm());
        if (!tied) {
            shapes.put(HEAD, new long[] {shape.vocabulary(), hidden});
        }
        return shapes;
    }

    private void linear(Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
        shapes.put(name + ".weight", names.transposed() ? new long[] {in, out} : new long[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }

    private void norm(Map<String, long[]> shapes, String name) {
        shapes.put(name + ".weight", new long[] {shape.hidden()});
        if (norm == Norm.LAYER) {
            shapes.put(name + ".bias", new long[] {shape.hidden()});
        }
    }
}
