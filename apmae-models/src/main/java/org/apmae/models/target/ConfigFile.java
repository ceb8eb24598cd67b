package org.apmae.models.target;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apmae.core.model.ModelShape;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;

/** A checkpoint's config.json, read with distrust: every value is checked, and what is not known is refused by name. */
final class ConfigFile {
    /** Far above any model, and low enough that no table made from a forged file outgrows memory. */
    private static final int MOST_LAYERS = 1000;

    private static final int MOST_HEADS = 4096;
    static final int MOST_WIDTH = 1 << 24;

    private final Path path;
    private final JsonObject json;

    private ConfigFile(Path path, JsonObject json) {
        this.path = path;
        this.json = json;
    }

    static ConfigFile in(Path folder) {
        Path path = folder.resolve("config.json");
        return new ConfigFile(path, CheckpointFolder.readJson(path));
    }

    ModelFileException wrong(String what) {
        return new ModelFileException(path + " " + what);
    }

    /** Says whether a key is missing or null. */
    boolean silent(String key) {
        return !json.has(key) || json.get(key).isJsonNull();
    }

    boolean has(String key) {
        return json.has(key);
    }

    String modelType() {
        return string("model_type", "");
    }

    String string(String key, String otherwise) {
        return silent(key) ? otherwise : primitive(json.get(key), key).getAsString();
    }

    int integer(String key, int otherwise, int most) {
        double value = number(json, key, otherwise);
        if (value != Math.rint(value) || value < 1 || value > most) {
            throw wrong("has " + key + " = " + value + "; a whole number from 1 to " + most + " is needed");
        }
        return (int) value;
    }

    int layers(String key, int otherwise) {
        return integer(key, otherwise, MOST_LAYERS);
    }

    int heads(String key, int otherwise) {
        return integer(key, otherwise, MOST_HEADS);
    }

    int width(String key, int otherwise) {
        return integer(key, otherwise, MOST_WIDTH);
    }

    double positive(String key, double otherwise) {
        return positive(json, key, otherwise);
    }

    private double positive(JsonObject object, String key, double otherwise) {
        double value = number(object, key, otherwise);
        if (!(value > 0) || value > Float.MAX_VALUE) {
            throw wrong("has " + key + " = " + value + "; a number above 0 is needed");
        }
        return value;
    }

    private double number(JsonObject object, String key, double otherwise) {
        JsonElement value = object.get(key);
        if (value == null || value.isJsonNull()) {
            return otherwise;
        }
        try {
            return primitive(value, key).getAsDouble();
        } catch (NumberFormatException e) {
            throw new ModelFileException(path + " has " + key + " = " + value + "; a number is needed", e);
        }
    }

    boolean bool(String key, boolean otherwise) {
        if (silent(key)) {
            return otherwise;
        }
        JsonElement value = primitive(json.get(key), key);
        if (!value.getAsJsonPrimitive().isBoolean()) {
            throw wrong("has " + key + " = " + value + "; true or false is needed");
        }
        return value.getAsBoolean();
    }

    private JsonElement primitive(JsonElement value, String key) {
        if (!value.isJsonPrimitive()) {
            throw wrong("has " + key + " = " + value + "; a plain value is needed");
        }
        return value;
    }

    Activation activation(String key, String otherwise) {
        String name = string(key, otherwise);
        return Activation.named(name)
                .orElseThrow(
                        () -> wrong("asks for the " + key + " '" + name + "'; supported are " + Activation.names()));
    }

    /** Refuses what changes the numbers in ways that are not built in. */
    void checkKnown() {
        if (!silent("rope_scaling") && !isDefaultRope(json.get("rope_scaling"))) {
            throw wrong("asks for rope_scaling " + json.get("rope_scaling")
                    + ", which is not supported; use a checkpoint without it");
        }
        if (!silent("quantization_config")) {
            throw wrong("asks for the quantization_config " + json.get("quantization_config")
                    + ", which is not supported; use the checkpoint before it was quantized");
        }
        if (positive("partial_rotary_factor", 1) != 1) {
            throw wrong("has partial_rotary_factor = " + json.get("partial_rotary_factor")
                    + "; only whole heads (1) can be rotated");
        }
    }

    private static boolean isDefaultRope(JsonElement value) {
        if (!value.isJsonObject()) {
            return false;
        }
        JsonObject object = value.getAsJsonObject();
        JsonElement type = object.has("rope_type") ? object.get("rope_type") : object.get("type");
        return type != null && type.isJsonPrimitive() && type.getAsString().equals("default");
    }

    /** From version 5 on, transformers writes the base into {@code rope_parameters}. */
    double ropeTheta(double otherwise) {
        if (silent("rope_parameters")) {
            return positive("rope_theta", otherwise);
        }
        JsonElement newer = json.get("rope_parameters");
        if (!isDefaultRope(newer)) {
            throw wrong("asks for rope_parameters " + newer + "; supported is the rope_type default");
        }
        return positive(newer.getAsJsonObject(), "rope_theta", otherwise);
    }

    /**
     * Reads the sizes of a model with rotary positions. Where key-value heads are null there are as many as heads, and where
     * the width of a head is missing it is the model's width over the heads.
     */
    ModelShape shape(int layers, int heads, int keyValueHeads, int hidden, int vocabulary, boolean ownHeadWidth) {
        int width = width("hidden_size", hidden);
        int queries = heads("num_attention_heads", heads);
        boolean asManyKeys = has("num_key_value_heads") && silent("num_key_value_heads");
        int keys = asManyKeys ? queries : heads("num_key_value_heads", keyValueHeads == 0 ? queries : keyValueHeads);
        boolean given = ownHeadWidth && !silent("head_dim");
        int head = given ? integer("head_dim", 1, 1 << 16) : width / queries;
        if ((!given && width % queries != 0) || head % 2 != 0 || head == 0) {
            throw wrong("has hidden_size " + width + ", " + queries + " heads and the width " + head
                    + " of a head; the width of a head must be a whole even number");
        }
        return shape(new int[] {
            layers("num_hidden_layers", layers), queries, keys, head, width, width("vocab_size", vocabulary)
        });
    }

    ModelShape shape(int[] sizes) {
        try {
            return new ModelShape(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]);
        } catch (IllegalArgumentException e) {
            throw new ModelFileException(path + ": " + e.getMessage(), e);
        }
    }

    /** Keys that a query sees, itself included; 0 for all. */
    int window(int otherwise) {
        boolean none = silent("sliding_window") && (has("sliding_window") || otherwise == 0);
        return none ? 0 : integer("sliding_window", otherwise, Integer.MAX_VALUE);
    }

    /** The layers that newer versions list as windowed; all where they list none. */
    List<Integer> windows(int layers, int window) {
        List<Integer> windows = new ArrayList<>();
        if (silent("layer_types")) {
            for (int i = 0; i < layers; i++) {
                windows.add(window);
            }
            return windows;
        }
        JsonElement types = json.get("layer_types");
        if (!types.isJsonArray() || types.getAsJsonArray().size() != layers) {
            throw wrong("has layer_types " + types + "; a list of " + layers + " is needed");
        }
        for (JsonElement element : types.getAsJsonArray()) {
            String type = primitive(element, "layer_types").getAsString();
            if (!type.equals("full_attention") && !type.equals("sliding_attention")) {
                throw wrong("has the layer type '" + type + "'; supported are full_attention and sliding_attention");
            }
            if (type.equals("sliding_attention") && window == 0) {
                throw wrong("has sliding_attention layers but no sliding_window; take the model's own config.json");
            }
            windows.add(type.equals("sliding_attention") ? window : 0);
        }
        return windows;
    }
}
