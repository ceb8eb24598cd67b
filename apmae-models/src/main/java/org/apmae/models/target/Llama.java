package org.apmae.models.target;

import java.util.Collections;
import org.apmae.core.model.ModelShape;

/**
 * LLaMA: RMS norms, gated MLP, rotary positions.
 *
 * @see <a href="https://arxiv.org/abs/2302.13971">LLaMA: Open and Efficient Foundation Language Models</a>
 */
final class Llama {
    private Llama() {}

    static Architecture read(ConfigFile config) {
        ModelShape shape = config.shape(32, 32, 0, 4096, 32000, true);
        boolean attention = config.bool("attention_bias", false);
        return new Architecture(
                shape,
                config.width("intermediate_size", 11008),
                Architecture.Norm.RMS,
                (float) config.positive("rms_norm_eps", 1e-6),
                config.activation("hidden_act", "silu"),
                config.ropeTheta(10000),
                0,
                Collections.nCopies(shape.layers(), 0),
                false,
                new Architecture.Biases(attention, attention, config.bool("mlp_bias", false)),
                config.bool("tie_word_embeddings", false),
                Architecture.Names.GATED);
    }
}
