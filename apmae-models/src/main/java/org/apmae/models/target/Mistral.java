package org.apmae.models.target;

import org.apmae.core.model.ModelShape;

/**
 * Mistral: as LLaMA, without biases, every layer with a sliding window of 4,096 keys unless config.json says otherwise.
 *
 * @see <a href="https://arxiv.org/abs/2310.06825">Mistral 7B</a>
 */
final class Mistral {
    private Mistral() {}

    static Architecture read(ConfigFile config) {
        ModelShape shape = config.shape(32, 32, 8, 4096, 32000, true);
        return new Architecture(
                shape,
                config.width("intermediate_size", 14336),
                Architecture.Norm.RMS,
                (float) config.positive("rms_norm_eps", 1e-6),
                config.activation("hidden_act", "silu"),
                config.ropeTheta(10000),
                0,
                config.windows(shape.layers(), config.window(4096)),
                false,
                Architecture.Biases.all(false),
                config.bool("tie_word_embeddings", false),
                Architecture.Names.GATED);
    }
}
