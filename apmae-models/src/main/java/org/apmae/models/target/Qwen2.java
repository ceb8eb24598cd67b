package org.apmae.models.target;

import org.apmae.core.model.ModelShape;

/**
 * Qwen2: as LLaMA, with biases on queries, keys and values.
 *
 * <p>Where the sliding window is switched on, it holds in the layers that {@code layer_types} lists, and without that list in
 * every layer: so does the eager attention of the transformers versions whose files have no list (4.47 among them), which does
 * not look at {@code max_window_layers}.
 *
 * @see <a href="https://arxiv.org/abs/2407.10671">Qwen2 Technical Report</a>
 */
final class Qwen2 {
    private Qwen2() {}

    static Architecture read(ConfigFile config) {
        ModelShape shape = config.shape(32, 32, 32, 4096, 151936, true);
        int window = config.bool("use_sliding_window", false) ? config.window(4096) : 0;
        return new Architecture(
                shape,
                config.width("intermediate_size", 22016),
                Architecture.Norm.RMS,
                (float) config.positive("rms_norm_eps", 1e-6),
                config.activation("hidden_act", "silu"),
                config.ropeTheta(10000),
                0,
                config.windows(shape.layers(), window),
                false,
                new Architecture.Biases(true, false, false),
                config.bool("tie_word_embeddings", false),
                Architecture.Names.GATED);
    }
}
