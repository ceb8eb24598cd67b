package org.apmae.models.target;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;

/**
 * The tokenizer of a target model, from its {@code tokenizer.json}. Nothing is added, padded or cut off. Thread-safe until
 * closed.
 */
public final class CodeTokenizer implements AutoCloseable {
    private final Path path;
    private final HuggingFaceTokenizer tokenizer;
    private final Map<String, Integer> special;
    private final int size;
    private final boolean byteLevel;
    private volatile boolean closed;

    private CodeTokenizer(
            Path path, HuggingFaceTokenizer tokenizer, Map<String, Integer> special, int size, boolean byteLevel) {
        this.path = path;
        this.tokenizer = tokenizer;
        this.special = Map.copyOf(special);
        this.size = size;
        this.byteLevel = byteLevel;
    }

    static CodeTokenizer openIfPresent(Path folder) {
        Path path = folder.resolve("tokenizer.json");
        return Files.exists(path) ? open(path) : null;
    }

    /**
     * Opens a tokenizer.
     *
     * @param path a {@code tokenizer.json} in the format of Hugging Face tokenizers
     * @return the tokenizer
     * @throws ModelFileException if the file is missing or damaged
     */
    public static CodeTokenizer open(Path path) {
        JsonObject json = CheckpointFolder.readJson(path);
        try {
            Map<String, Integer> special = special(json);
            int size = size(json, special);
            HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.builder()
                    .optTokenizerPath(path)
                    .optAddSpecialTokens(false)
                    .optPadding(false)
                    .optTruncation(false)
                    .build();
            return new CodeTokenizer(path, tokenizer, special, size, isByteLevel(json));
        } catch (IOException | RuntimeException e) {
            throw new ModelFileException(
                    path + " is no tokenizer that can be read (" + e.getMessage() + "); fetch it again", e);
        }
    }

    private static Map<String, Integer> special(JsonObject json) {
        Map<String, Integer> special = new HashMap<>();
        if (json.has("added_tokens") && json.get("added_tokens").isJsonArray()) {
            for (JsonElement element : json.getAsJsonArray("added_tokens")) {
                JsonObject token = element.getAsJsonObject();
                special.put(token.get("content").getAsString(), token.get("id").getAsInt());
            }
        }
        return special;
    }

    private static int size(JsonObject json, Map<String, Integer> special) {
        int largest =
                special.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        JsonElement vocabulary = json.getAsJsonObject("model").get("vocab");
        if (vocabulary != null && vocabulary.isJsonObject()) {
            for (JsonElement id : vocabulary.getAsJsonObject().asMap().values()) {
                largest = Math.max(largest, id.getAsInt());
            }
        }
        return largest + 1;
    }

    private static boolean isByteLevel(JsonObject json) {
        boolean normalised = json.has("normalizer") && !json.get("normalizer").isJsonNull();
        JsonElement pre = json.get("pre_tokenizer");
        return !normalised && pre != null && pre.toString().contains("\"ByteLevel\"");
    }

    /**
     * Returns the number of ids, special tokens included.
     *
     * @return the largest id plus one
     */
    public int size() {
        return size;
    }

    /**
     * Returns the ids of all special tokens.
     *
     * @return an immutable set
     */
    public Set<Integer> specialIds() {
        return Set.copyOf(special.values());
    }

    /**
     * Says whether a text can be cut between a character and following white space without changing the ids on either side,
     * as with GPT-2's pieces.
     *
     * @return true for byte-level tokenizers that do not normalise
     */
    public boolean splitsAtWhitespace() {
        return byteLevel;
    }

    /**
     * Turns text into ids.
     *
     * @param text any text; names of special tokens in it become their ids, as the format defines
     * @return the ids, possibly none
     * @throws IllegalStateException if the tokenizer is closed
     */
    public int[] encode(String text) {
        checkOpen();
        if (text.isEmpty()) {
            return new int[0];
        }
        Encoding encoding = tokenizer.encode(text, false, false);
        long[] ids = encoding.getIds();
        int[] result = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            result[i] = Math.toIntExact(ids[i]);
        }
        return result;
    }

    /**
     * Turns ids into text.
     *
     * @param ids token ids
     * @return the text, special tokens included; bytes that are no whole character become the replacement character
     */
    public String decode(int... ids) {
        checkOpen();
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return tokenizer.decode(wide, false);
    }

    /**
     * Finds a special token.
     *
     * @param content for example {@code <fim_prefix>}
     * @return its id, or empty if the tokenizer has no such token
     */
    public OptionalInt specialId(String content) {
        Integer id = special.get(content);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * Returns the fill-in-the-middle markers.
     *
     * @return their ids
     * @throws ModelFileException if the tokenizer lacks one of them
     */
    public FimTokens fimTokens() {
        return new FimTokens(required("<fim_prefix>"), required("<fim_middle>"), required("<fim_suffix>"));
    }

    private int required(String content) {
        return specialId(content)
                .orElseThrow(() -> new ModelFileException(
                        path + " lacks the special token " + content + "; use a model trained to fill in the middle"));
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this tokenizer is closed; load its model again");
        }
    }

    @Override
    public void close() {
        closed = true;
        tokenizer.close();
    }
}
