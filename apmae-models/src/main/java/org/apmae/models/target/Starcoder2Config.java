package org.apmae.models.target;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.apmae.core.model.ModelShape;

/**
 * What config.json says of a StarCoder2 model, with Hugging Face's defaults where it is silent.
 *
 * @param shape layers, heads and widths
 * @param intermediate width of the MLP's hidden layer
 * @param normEpsilon epsilon of the layer norms
 * @param ropeTheta base of the rotary frequencies
 * @param slidingWindow keys a query sees, itself included; 0 for all
 * @param bias whether the projections have biases
 * @param tiedEmbeddings whether the output projection is the token embedding
 * @param maxPositions tokens it was meant for; rotary positions know no limit
 */
record Starcoder2Config(
        ModelShape shape,
        int intermediate,
        float normEpsilon,
        double ropeTheta,
        int slidingWindow,
        boolean bias,
        boolean tiedEmbeddings,
        int maxPositions) {
    private static final Architecture.Names NAMES = new Architecture.Names(
            "model.",
            "embed_tokens",
            "layers.",
            "input_layernorm",
            List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            "self_attn.o_proj",
            "post_attention_layernorm",
            "",
            "mlp.c_fc",
            "mlp.c_proj",
            "norm",
            false);

    static Starcoder2Config read(Path folder) {
        ConfigFile config = ConfigFile.in(folder);
        if (!config.modelType().equals("starcoder2")) {
            throw config.wrong("has the model_type '" + config.modelType() + "'; only starcoder2 can be trained");
        }
        config.checkKnown();
        return read(config);
    }

    static Starcoder2Config read(ConfigFile config) {
        Activation activation = config.activation("hidden_act", "gelu_pytorch_tanh");
        if (activation != Activation.GELU_TANH) {
            throw config.wrong("asks for the activation '" + config.string("hidden_act", "")
                    + "'; supported for starcoder2 is gelu_pytorch_tanh");
        }
        return new Starcoder2Config(
                config.shape(30, 24, 2, 3072, 49152, false),
                config.width("intermediate_size", 12288),
                (float) config.positive("norm_epsilon", 1e-5),
                config.ropeTheta(10000),
                config.window(0),
                config.bool("use_bias", true),
                config.bool("tie_word_embeddings", true),
                config.width("max_position_embeddings", 4096));
    }

    Architecture architecture() {
        return new Architecture(
                shape,
                intermediate,
                Architecture.Norm.LAYER,
                normEpsilon,
                Activation.GELU_TANH,
                ropeTheta,
                0,
                Collections.nCopies(shape.layers(), slidingWindow),
                false,
                Architecture.Biases.all(bias),
                tiedEmbeddings,
                NAMES);
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        JsonArray architectures = new JsonArray();
        architectures.add("Starcoder2ForCausalLM");
        json.add("architectures", architectures);
        json.addProperty("attention_dropout", 0.0);
        json.addProperty("bos_token_id", 0);
        json.addProperty("embedding_dropout", 0.0);
        json.addProperty("eos_token_id", 0);
        json.addProperty("hidden_act", "gelu_pytorch_tanh");
        json.addProperty("hidden_size", shape.hidden());
        json.addProperty("initializer_range", 0.018042);
        json.addProperty("intermediate_size", intermediate);
        json.addProperty("max_position_embeddings", maxPositions);
        json.addProperty("model_type", "starcoder2");
        json.addProperty("norm_epsilon", Double.parseDouble(Float.toString(normEpsilon)));
        json.addProperty("num_attention_heads", shape.heads());
        json.addProperty("num_hidden_layers", shape.layers());
        json.addProperty("num_key_value_heads", shape.keyValueHeads());
        json.addProperty("residual_dropout", 0.0);
        json.addProperty("rope_theta", ropeTheta);
        json.add("sliding_window", slidingWindow == 0 ? JsonNull.INSTANCE : new JsonPrimitive(slidingWindow));
        json.addProperty("tie_word_embeddings", tiedEmbeddings);
        json.addProperty("torch_dtype", "bfloat16");
        json.addProperty("use_bias", bias);
        json.addProperty("use_cache", true);
        json.addProperty("vocab_size", shape.vocabulary());
        return json;
    }
}
