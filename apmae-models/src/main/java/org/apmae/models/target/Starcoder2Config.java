package org.apmae.models.target;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Set;
import org.apmae.core.model.ModelShape;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;

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
 */
record Starcoder2Config(
        ModelShape shape,
        int intermediate,
        float normEpsilon,
        double ropeTheta,
        int slidingWindow,
        boolean bias,
        boolean tiedEmbeddings) {

    /** Far above any model, and low enough that no table made from a forged file outgrows memory. */
    private static final int MOST_LAYERS = 1000;

    private static final int MOST_HEADS = 4096;
    private static final int MOST_WIDTH = 1 << 24;

    private static final Set<String> ACTIVATIONS = Set.of("gelu_pytorch_tanh");

    static Starcoder2Config read(Path folder) {
        Path path = folder.resolve("config.json");
        JsonObject json = CheckpointFolder.readJson(path);
        String type = string(json, "model_type", "", path);
        if (!type.equals("starcoder2")) {
            throw new ModelFileException(path + " has the model_type '" + type + "'; supported is starcoder2");
        }
        String activation = string(json, "hidden_act", "gelu_pytorch_tanh", path);
        if (!ACTIVATIONS.contains(activation)) {
            throw new ModelFileException(
                    path + " asks for the activation '" + activation + "'; supported is gelu_pytorch_tanh");
        }
        if (json.has("rope_scaling") && !json.get("rope_scaling").isJsonNull()) {
            throw new ModelFileException(path + " asks for rope_scaling " + json.get("rope_scaling")
                    + ", which is not supported; use a checkpoint without it");
        }
        int hidden = integer(json, "hidden_size", 3072, MOST_WIDTH, path);
        int heads = integer(json, "num_attention_heads", 24, MOST_HEADS, path);
        if (hidden % heads != 0 || (hidden / heads) % 2 != 0) {
            throw new ModelFileException(path + " has hidden_size " + hidden + " and " + heads
                    + " heads; the width of a head must be a whole even number");
        }
        ModelShape shape;
        try {
            shape = new ModelShape(
                    integer(json, "num_hidden_layers", 30, MOST_LAYERS, path),
                    heads,
                    integer(json, "num_key_value_heads", 2, MOST_HEADS, path),
                    hidden / heads,
                    hidden,
                    integer(json, "vocab_size", 49152, MOST_WIDTH, path));
        } catch (IllegalArgumentException e) {
            throw new ModelFileException(path + ": " + e.getMessage(), e);
        }
        return new Starcoder2Config(
                shape,
                integer(json, "intermediate_size", 12288, MOST_WIDTH, path),
                (float) positive(json, "norm_epsilon", 1e-5, path),
                ropeTheta(json, path),
                (json.has("sliding_window") && !json.get("sliding_window").isJsonNull())
                        ? integer(json, "sliding_window", 1, Integer.MAX_VALUE, path)
                        : 0,
                bool(json, "use_bias", true, path),
                bool(json, "tie_word_embeddings", true, path));
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
        json.addProperty("max_position_embeddings", 1024);
        json.addProperty("model_type", "starcoder2");
        json.addProperty("norm_epsilon", Double.parseDouble(Float.toString(normEpsilon)));
        json.addProperty("num_attention_heads", shape.heads());
        json.addProperty("num_hidden_layers", shape.layers());
        json.addProperty("num_key_value_heads", shape.keyValueHeads());
        json.addProperty("residual_dropout", 0.0);
        json.addProperty("rope_theta", ropeTheta);
        json.add("sliding_window", JsonNull.INSTANCE);
        json.addProperty("tie_word_embeddings", tiedEmbeddings);
        json.addProperty("torch_dtype", "bfloat16");
        json.addProperty("use_bias", bias);
        json.addProperty("use_cache", true);
        json.addProperty("vocab_size", shape.vocabulary());
        return json;
    }

    private static String string(JsonObject json, String key, String otherwise, Path path) {
        JsonElement value = json.get(key);
        boolean silent = value == null || value.isJsonNull();
        return silent ? otherwise : primitive(value, key, path).getAsString();
    }

    private static int integer(JsonObject json, String key, int otherwise, int most, Path path) {
        double value = number(json, key, otherwise, path);
        if (value != Math.rint(value) || value < 1 || value > most) {
            throw new ModelFileException(
                    path + " has " + key + " = " + value + "; a whole number from 1 to " + most + " is needed");
        }
        return (int) value;
    }

    private static double positive(JsonObject json, String key, double otherwise, Path path) {
        double value = number(json, key, otherwise, path);
        if (!(value > 0) || value > Float.MAX_VALUE) {
            throw new ModelFileException(path + " has " + key + " = " + value + "; a number above 0 is needed");
        }
        return value;
    }

    /** From version 5 on, transformers writes the base into {@code rope_parameters}. */
    private static double ropeTheta(JsonObject json, Path path) {
        JsonElement newer = json.get("rope_parameters");
        if (newer == null || newer.isJsonNull()) {
            return positive(json, "rope_theta", 10000, path);
        }
        JsonObject parameters = newer.isJsonObject() ? newer.getAsJsonObject() : new JsonObject();
        String type = string(parameters, "rope_type", "", path);
        if (!type.equals("default")) {
            throw new ModelFileException(
                    path + " asks for rope_parameters " + newer + "; supported is the rope_type default");
        }
        return positive(parameters, "rope_theta", 10000, path);
    }

    private static double number(JsonObject json, String key, double otherwise, Path path) {
        JsonElement value = json.get(key);
        if (value == null || value.isJsonNull()) {
            return otherwise;
        }
        try {
            return primitive(value, key, path).getAsDouble();
        } catch (NumberFormatException e) {
            throw new ModelFileException(path + " has " + key + " = " + value + "; a number is needed", e);
        }
    }

    private static boolean bool(JsonObject json, String key, boolean otherwise, Path path) {
        JsonElement value = json.get(key);
        boolean silent = value == null || value.isJsonNull();
        if (!silent && !primitive(value, key, path).getAsJsonPrimitive().isBoolean()) {
            throw new ModelFileException(path + " has " + key + " = " + value + "; true or false is needed");
        }
        return silent ? otherwise : value.getAsBoolean();
    }

    private static JsonElement primitive(JsonElement value, String key, Path path) {
        if (!value.isJsonPrimitive()) {
            throw new ModelFileException(path + " has " + key + " = " + value + "; a plain value is needed");
        }
        return value;
    }
}
