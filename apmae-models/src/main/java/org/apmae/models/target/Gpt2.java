package org.apmae.models.target;

import java.util.Collections;
import java.util.List;
import org.apmae.core.model.ModelShape;

/**
 * GPT-2: layer norms, learned positions, queries, keys and values in one matrix stored as (in, out).
 *
 * @see <a href="https://github.com/openai/gpt-2">Language Models are Unsupervised Multitask Learners</a>
 */
final class Gpt2 {
    private static final Architecture.Names NAMES = new Architecture.Names(
            "transformer.",
            "wte",
            "h.",
            "ln_1",
            List.of("attn.c_attn"),
            "attn.c_proj",
            "ln_2",
            "",
            "mlp.c_fc",
            "mlp.c_proj",
            "ln_f",
            true);

    private Gpt2() {}

    static Architecture read(ConfigFile config) {
        int hidden = config.width("n_embd", 768);
        int heads = config.heads("n_head", 12);
        if (hidden % heads != 0) {
            throw config.wrong("has n_embd " + hidden + " and n_head " + heads + "; heads must divide the width");
        }
        if (!config.bool("scale_attn_weights", true)) {
            throw config.wrong("has scale_attn_weights = false, which is not supported; scores are always scaled");
        }
        if (config.bool("add_cross_attention", false)) {
            throw config.wrong("has add_cross_attention = true, which is not supported; use a decoder alone");
        }
        ModelShape shape = config.shape(new int[] {
            config.layers("n_layer", 12), heads, heads, hidden / heads, hidden, config.width("vocab_size", 50257)
        });
        return new Architecture(
                shape,
                config.width("n_inner", 4 * hidden),
                Architecture.Norm.LAYER,
                (float) config.positive("layer_norm_epsilon", 1e-5),
                config.activation("activation_function", "gelu_new"),
                0,
                config.width("n_positions", 1024),
                Collections.nCopies(shape.layers(), 0),
                config.bool("scale_attn_by_inverse_layer_idx", false),
                Architecture.Biases.all(true),
                config.bool("tie_word_embeddings", true),
                NAMES);
    }
}
