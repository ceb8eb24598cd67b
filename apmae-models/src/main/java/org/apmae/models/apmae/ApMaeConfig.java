package org.apmae.models.apmae;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;

/**
 * Sizes and settings of an autoencoder: the contents of a Hugging Face config.json. Immutable and thread-safe.
 *
 * <p>Keys that mean nothing to us are kept and written back. Three keys are ours: {@code decoder_mode} and
 * {@code encoding_mode}, each {@code reference}, or {@code corrected} and {@code lower_triangle}, and {@code patch_input},
 * {@code layer_norm} or {@code affine}; a config without them is taken for one of the published code, {@code reference} in
 * both and {@code layer_norm}.
 */
public final class ApMaeConfig {
    /** Width of {@link #laptop()}. */
    public static final int LAPTOP_WIDTH = 128;

    private static final Gson JSON = new GsonBuilder()
            .setPrettyPrinting()
            .serializeNulls()
            .disableHtmlEscaping()
            .create();

    private final JsonObject json;
    private final PatchGrid grid;
    private final Stack encoder;
    private final Stack decoder;
    private final double maskRatio;
    private final double layerNormEps;
    private final double dropout;
    private final boolean qkvBias;
    private final AttentionScaler scaler;
    private final DecoderMode decoderMode;
    private final EncodingMode encodingMode;
    private final PatchInput patchInput;

    /** What happens to the pixels of a patch before they are projected. */
    public enum PatchInput {
        /** A layer norm over the patch, as published: its mean and its spread do not reach the network. */
        LAYER_NORM,
        /**
         * One factor and one offset for all pixels, so that mean and spread do reach the network: less error on masked
         * patches. The published code cannot load such a checkpoint, where two tensors have one element instead of P P.
         */
        AFFINE
    }

    /**
     * Sizes of a stack of transformer layers.
     *
     * @param dim width of a token, 1 or more
     * @param layers number of layers, 1 or more
     * @param heads attention heads, 1 or more
     * @param dimHead width of a head, 1 or more
     * @param mlpDim width inside the feed-forward part, 1 or more
     */
    public record Stack(int dim, int layers, int heads, int dimHead, int mlpDim) {
        private static final int LARGEST = 1 << 20;

        /**
         * Checks the sizes.
         *
         * @throws IllegalArgumentException if a size is below 1 or above 1,048,576
         */
        public Stack {
            for (int size : new int[] {dim, layers, heads, dimHead, mlpDim}) {
                if (size < 1 || size > LARGEST) {
                    throw new IllegalArgumentException("a stack of width " + dim + ", " + layers + " layers, " + heads
                            + " heads of " + dimHead + " and a feed-forward width of " + mlpDim
                            + " is not possible; each must lie in [1, " + LARGEST + "]");
                }
            }
        }
    }

    /**
     * Reads a parsed config.json.
     *
     * @param json the object; copied
     * @throws IllegalArgumentException if a key that is needed is missing or has a value that is not possible
     */
    public ApMaeConfig(JsonObject json) {
        this.json = json.deepCopy();
        String type = text("model_type", "ap_mae");
        if (!type.equals("ap_mae")) {
            throw new IllegalArgumentException("model_type is '" + type + "', not 'ap_mae'; give an AP-MAE checkpoint");
        }
        String activation = text("hidden_act", "gelu");
        if (!activation.equals("gelu")) {
            throw new IllegalArgumentException("hidden_act is '" + activation + "'; only 'gelu' is supported");
        }
        grid = new PatchGrid(integer("max_length"), integer("patch_size"));
        encoder = stack("encoder_");
        decoder = stack("decoder_");
        maskRatio = number("mask_ratio", 0.5);
        PatchMask.maskedCount(grid, maskRatio);
        layerNormEps = number("layer_norm_eps", 1e-12);
        if (!(layerNormEps >= 0 && layerNormEps < 1)) {
            throw new IllegalArgumentException("layer_norm_eps is " + layerNormEps + "; it must lie in [0, 1)");
        }
        dropout = Math.max(number("encoder_dropout", 0), number("encoder_emb_dropout", 0));
        qkvBias = flag("qkv_bias");
        scaler = AttentionScaler.ofWireName(text("attention_scaler", AttentionScaler.LOG_NORMALIZE.wireName()));
        decoderMode = mode(DecoderMode.class, "decoder_mode", DecoderMode.REFERENCE);
        encodingMode = mode(EncodingMode.class, "encoding_mode", EncodingMode.REFERENCE);
        patchInput = mode(PatchInput.class, "patch_input", PatchInput.LAYER_NORM);
    }

    private Stack stack(String prefix) {
        return new Stack(
                integer(prefix + "dim"),
                integer(prefix + "layers"),
                integer(prefix + "heads"),
                integer(prefix + "dim_head"),
                integer(prefix + "mlp_dim"));
    }

    private static <E extends Enum<E>> String wireName(E value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private <E extends Enum<E>> E mode(Class<E> type, String key, E absent) {
        String name = text(key, wireName(absent));
        for (E value : type.getEnumConstants()) {
            if (wireName(value).equals(name)) {
                return value;
            }
        }
        throw new IllegalArgumentException(key + " is '" + name + "'; choose one of "
                + Arrays.stream(type.getEnumConstants())
                        .map(ApMaeConfig::wireName)
                        .toList());
    }

    private JsonPrimitive primitive(String key) {
        JsonElement element = json.get(key);
        if (element == null || element.isJsonNull()) {
            return null;
        }
        if (!element.isJsonPrimitive()) {
            throw new IllegalArgumentException(key + " is " + element + " where one value is needed");
        }
        return element.getAsJsonPrimitive();
    }

    private String text(String key, String absent) {
        JsonPrimitive value = primitive(key);
        return value == null ? absent : value.getAsString();
    }

    private boolean flag(String key) {
        JsonPrimitive value = primitive(key);
        if (value != null && !value.isBoolean()) {
            throw new IllegalArgumentException(key + " is " + value + "; it must be true or false");
        }
        return value != null && value.getAsBoolean();
    }

    private double number(String key, double absent) {
        JsonPrimitive value = primitive(key);
        if (value == null) {
            return absent;
        }
        if (!value.isNumber()) {
            throw new IllegalArgumentException(key + " is " + value + " where a number is needed");
        }
        return value.getAsDouble();
    }

    private int integer(String key) {
        double value = number(key, Double.NaN);
        if (Double.isNaN(value)) {
            throw new IllegalArgumentException("the key " + key + " is missing; give a complete config.json");
        }
        if (value != (int) value) {
            throw new IllegalArgumentException(key + " is " + json.get(key) + " where an integer is needed");
        }
        return (int) value;
    }

    /**
     * Reads the config.json of a checkpoint folder.
     *
     * @param folder the folder
     * @return the config
     * @throws ModelFileException if the file is missing, damaged or describes something that is not supported
     */
    public static ApMaeConfig read(Path folder) {
        Path path = folder.resolve("config.json");
        JsonObject json = CheckpointFolder.readJson(path);
        try {
            return new ApMaeConfig(json);
        } catch (IllegalArgumentException e) {
            throw new ModelFileException(path + " cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * Writes config.json, keys in alphabetical order as Hugging Face does: first under a temporary name, then moved into
     * place.
     *
     * @param folder an existing folder
     * @throws UncheckedIOException if it cannot be written
     */
    public void write(Path folder) {
        Path path = folder.resolve("config.json");
        Path temporary = folder.resolve("config.json.tmp");
        try {
            Files.writeString(temporary, toString() + "\n");
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Describes a new autoencoder: mask ratio 0.5, {@code log_normalize}, mask tokens and encoding as they should be.
     *
     * @param grid size of the patterns and patches
     * @param encoder sizes of the encoder
     * @param decoder sizes of the decoder
     * @return the config
     * @throws IllegalArgumentException if the grid has too few patches to mask half of them
     */
    public static ApMaeConfig of(PatchGrid grid, Stack encoder, Stack decoder) {
        JsonObject json = new JsonObject();
        json.addProperty("model_type", "ap_mae");
        json.add("architectures", JSON.toJsonTree(new String[] {"APMAE"}));
        json.addProperty("torch_dtype", "float32");
        json.addProperty("max_length", grid.patternSize());
        json.addProperty("patch_size", grid.patchSize());
        json.addProperty("mask_ratio", 0.5);
        put(json, "encoder_", encoder);
        put(json, "decoder_", decoder);
        json.addProperty("encoder_dropout", 0.0);
        json.addProperty("encoder_emb_dropout", 0.0);
        json.addProperty("encoder_pool", "cls");
        json.addProperty("hidden_act", "gelu");
        json.addProperty("layer_norm_eps", 1e-12);
        json.addProperty("qkv_bias", false);
        json.addProperty("attention_scaler", AttentionScaler.LOG_NORMALIZE.wireName());
        json.addProperty("decoder_mode", wireName(DecoderMode.CORRECTED));
        json.addProperty("encoding_mode", wireName(EncodingMode.LOWER_TRIANGLE));
        return new ApMaeConfig(json);
    }

    private static void put(JsonObject json, String prefix, Stack stack) {
        json.addProperty(prefix + "dim", stack.dim());
        json.addProperty(prefix + "layers", stack.layers());
        json.addProperty(prefix + "heads", stack.heads());
        json.addProperty(prefix + "dim_head", stack.dimHead());
        json.addProperty(prefix + "mlp_dim", stack.mlpDim());
    }

    /**
     * The size of the published checkpoints: patterns of 256, patches of 32, 127 million parameters.
     *
     * @return the config
     */
    public static ApMaeConfig paper() {
        return of(new PatchGrid(256, 32), new Stack(512, 24, 16, 64, 2048), new Stack(512, 8, 8, 64, 2048));
    }

    /**
     * The size of the authors' demonstration: patterns of 64, patches of 16.
     *
     * @return the config
     */
    public static ApMaeConfig small() {
        return of(new PatchGrid(64, 16), new Stack(128, 12, 8, 64, 512), new Stack(128, 8, 8, 64, 512));
    }

    /**
     * The config of {@link ApMae#embedded}.
     *
     * @return the config
     */
    public static ApMaeConfig embedded() {
        return CheckpointFolder.unpacked(ApMae.class, "embedded", List.of("config.json"), ApMaeConfig::read);
    }

    /**
     * A size that two cores train and use within minutes: patterns of 256, patches of 32, 0.9 million parameters. Start it with
     * {@link ApMae#initCopying} and train it with batches of 16 at a rate of 3e-3.
     *
     * @return the config
     */
    public static ApMaeConfig laptop() {
        return laptop(new PatchGrid(256, 32));
    }

    /**
     * As {@link #laptop()}, for patterns and patches of another size; wider where the patches ask for it.
     *
     * @param grid size of the patterns and patches
     * @return the config
     */
    public static ApMaeConfig laptop(PatchGrid grid) {
        return laptop(grid, LAPTOP_WIDTH);
    }

    /**
     * As {@link #laptop(PatchGrid)}, of another width: for training that takes longer and reconstructs better.
     *
     * @param grid size of the patterns and patches
     * @param width of both stacks, a multiple of 32 from 64 on; wider where the patches ask for it
     * @return the config
     * @throws IllegalArgumentException if the width is another
     */
    public static ApMaeConfig laptop(PatchGrid grid, int width) {
        if (width < 64 || width % 32 != 0) {
            throw new IllegalArgumentException(
                    "an autoencoder of width " + width + " is not possible; give a multiple of 32 from 64 on");
        }
        int dim = Math.max(width, (CopyingStart.dims(grid) + 31) / 32 * 32);
        int head = Math.max(32, (CopyingStart.head(grid) + 15) / 16 * 16);
        int heads = width / 32;
        return of(grid, new Stack(dim, 3, heads, head, 2 * dim), new Stack(dim, 2, heads, head, 2 * dim));
    }

    private ApMaeConfig with(String key, JsonPrimitive value) {
        JsonObject copy = json.deepCopy();
        copy.add(key, value);
        return new ApMaeConfig(copy);
    }

    /**
     * Changes the share of patches that are masked in training.
     *
     * @param ratio above 0 and below 1
     * @return a new config
     * @throws IllegalArgumentException if it would mask nothing or everything
     */
    public ApMaeConfig withMaskRatio(double ratio) {
        return with("mask_ratio", new JsonPrimitive(ratio));
    }

    /**
     * Changes how patterns are scaled.
     *
     * @param value the scaler
     * @return a new config
     */
    public ApMaeConfig withScaler(AttentionScaler value) {
        return with("attention_scaler", new JsonPrimitive(value.wireName()));
    }

    /**
     * Changes where mask tokens go.
     *
     * @param value the mode
     * @return a new config
     */
    public ApMaeConfig withDecoderMode(DecoderMode value) {
        return with("decoder_mode", new JsonPrimitive(wireName(value)));
    }

    /**
     * Changes which tokens are encoded.
     *
     * @param value the mode
     * @return a new config
     */
    public ApMaeConfig withEncodingMode(EncodingMode value) {
        return with("encoding_mode", new JsonPrimitive(wireName(value)));
    }

    /**
     * Changes what happens to patches before they are projected. The published code can load {@link PatchInput#LAYER_NORM}
     * only.
     *
     * @param value the input
     * @return a new config; one for {@link PatchInput#LAYER_NORM} does not name it, so that it has the published keys
     */
    public ApMaeConfig withPatchInput(PatchInput value) {
        if (value == PatchInput.LAYER_NORM) {
            JsonObject copy = json.deepCopy();
            copy.remove("patch_input");
            return new ApMaeConfig(copy);
        }
        return with("patch_input", new JsonPrimitive(wireName(value)));
    }

    /**
     * Returns the size of patterns and patches.
     *
     * @return the grid
     */
    public PatchGrid grid() {
        return grid;
    }

    /**
     * Returns the side of a patch.
     *
     * @return P
     */
    public int patchSize() {
        return grid.patchSize();
    }

    /**
     * Returns the sizes of the encoder.
     *
     * @return its stack; the width is F
     */
    public Stack encoder() {
        return encoder;
    }

    /**
     * Returns the sizes of the decoder.
     *
     * @return its stack
     */
    public Stack decoder() {
        return decoder;
    }

    /**
     * Returns the share of the lower triangle's patches that training masks.
     *
     * @return above 0 and below 1
     */
    public double maskRatio() {
        return maskRatio;
    }

    /**
     * Returns the constant of all layer norms.
     *
     * @return added to the variance
     */
    public double layerNormEps() {
        return layerNormEps;
    }

    /**
     * Returns the larger of the two dropout rates; they matter in training only, which accepts 0 only.
     *
     * @return the rate
     */
    public double dropout() {
        return dropout;
    }

    /**
     * Returns whether queries, keys and values have a bias.
     *
     * @return true if so
     */
    public boolean qkvBias() {
        return qkvBias;
    }

    /**
     * Returns how patterns are scaled before they are encoded.
     *
     * @return the scaler
     */
    public AttentionScaler scaler() {
        return scaler;
    }

    /**
     * Returns where the decoder puts its mask tokens.
     *
     * @return the mode
     */
    public DecoderMode decoderMode() {
        return decoderMode;
    }

    /**
     * Returns what happens to patches before they are projected.
     *
     * @return the input
     */
    public PatchInput patchInput() {
        return patchInput;
    }

    /**
     * Returns which tokens go through the encoder when whole patterns are encoded.
     *
     * @return the mode
     */
    public EncodingMode encodingMode() {
        return encodingMode;
    }

    /**
     * Returns all keys, ours and unknown ones.
     *
     * @return a copy
     */
    public JsonObject json() {
        return json.deepCopy();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ApMaeConfig config && config.toString().equals(toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /** Returns the text of config.json, keys in alphabetical order. */
    @Override
    public String toString() {
        return JSON.toJson(new TreeMap<>(json.asMap()));
    }
}
