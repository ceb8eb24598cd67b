package org.apmae.models.training;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Learns a byte-level byte-pair vocabulary, with the pre-tokenisation of StarCoder2: digits alone, then GPT-2's pieces. Equal
 * text gives equal vocabularies. Not thread-safe.
 *
 * @see <a href="https://aclanthology.org/P16-1162">Neural Machine Translation of Rare Words with Subword Units</a>
 */
public final class BpeTrainer {
    private static final Pattern PIECES = Pattern.compile(
            "\\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private final Map<String, Integer> counts = new HashMap<>();

    private static final class Word {
        private int[] symbols;
        private final int count;

        Word(int[] symbols, int count) {
            this.symbols = symbols;
            this.count = count;
        }
    }

    private record Candidate(long pair, long count, String text) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return count != other.count ? Long.compare(other.count, count) : text.compareTo(other.text);
        }
    }

    /**
     * Counts the pieces of a text.
     *
     * @param text any text
     */
    public void add(String text) {
        Matcher matcher = PIECES.matcher(text);
        while (matcher.find()) {
            counts.merge(matcher.group(), 1, Integer::sum);
        }
    }

    /**
     * Learns merges and writes a tokenizer.
     *
     * @param size number of ids, special tokens included; more than 256 and the special tokens together
     * @param special special tokens, which get the first ids
     * @param path the {@code tokenizer.json} to write
     * @throws IllegalArgumentException if the size is too small, the text does not hold enough different pairs, or a special token
     *     is empty, named twice, or a token of the text itself
     * @throws UncheckedIOException if the file cannot be written
     */
    public void train(int size, List<String> special, Path path) {
        List<String> alphabet = byteAlphabet();
        if (new HashSet<>(special).size() < special.size() || special.contains("")) {
            throw new IllegalArgumentException(
                    "the special tokens " + special + " are not all different and not empty; name each once");
        }
        if (size <= alphabet.size() + special.size()) {
            throw new IllegalArgumentException(
                    "a vocabulary of " + size + " has no room for merges beside 256 bytes and " + special.size()
                            + " special tokens; choose more");
        }
        List<String> symbols = new ArrayList<>(alphabet);
        List<String[]> merges = learn(size - special.size() - alphabet.size(), symbols);
        for (String token : special) {
            if (symbols.contains(token)) {
                throw new IllegalArgumentException("the special token " + token
                        + " is also learned from the text, so that both would have one id; choose another name");
            }
        }
        try {
            Files.writeString(path, json(special, symbols, merges));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path + ": " + e.getMessage(), e);
        }
    }

    private List<String[]> learn(int mergeCount, List<String> symbols) {
        List<Word> words = new ArrayList<>();
        for (Map.Entry<String, Integer> entry : new TreeMap<>(counts).entrySet()) {
            byte[] bytes = entry.getKey().getBytes(StandardCharsets.UTF_8);
            if (bytes.length > 1 && entry.getValue() > 1) {
                int[] start = new int[bytes.length];
                for (int i = 0; i < bytes.length; i++) {
                    start[i] = bytes[i] & 0xff;
                }
                words.add(new Word(start, entry.getValue()));
            }
        }
        Map<Long, Long> pairCounts = new HashMap<>();
        Map<Long, Set<Integer>> places = new HashMap<>();
        for (int w = 0; w < words.size(); w++) {
            count(words.get(w), w, 1, pairCounts, places);
        }
        PriorityQueue<Candidate> queue = new PriorityQueue<>();
        pairCounts.forEach((pair, n) -> queue.add(candidate(pair, n, symbols)));
        List<String[]> merges = new ArrayList<>();
        Map<String, Integer> ids = new HashMap<>();
        int wanted = symbols.size() + mergeCount;
        while (symbols.size() < wanted) {
            Candidate best = queue.poll();
            if (best == null) {
                throw new IllegalArgumentException("the text has only " + merges.size() + " pairs to merge where "
                        + mergeCount + " are asked for; give more text or a smaller vocabulary");
            }
            if (pairCounts.getOrDefault(best.pair, 0L) != best.count) {
                continue;
            }
            int left = (int) (best.pair >>> 32);
            int right = (int) best.pair;
            // two different merges can spell the same token: it keeps its first id
            String spelled = symbols.get(left) + symbols.get(right);
            int merged = ids.computeIfAbsent(spelled, s -> {
                symbols.add(s);
                return symbols.size() - 1;
            });
            merges.add(new String[] {symbols.get(left), symbols.get(right)});
            Set<Long> touched = new HashSet<>();
            for (int w :
                    places.getOrDefault(best.pair, Set.of()).stream().sorted().toList()) {
                Word word = words.get(w);
                touched.addAll(count(word, w, -1, pairCounts, places));
                word.symbols = merge(word.symbols, left, right, merged);
                touched.addAll(count(word, w, 1, pairCounts, places));
            }
            places.remove(best.pair);
            pairCounts.remove(best.pair);
            touched.remove(best.pair);
            for (long pair : touched) {
                long n = pairCounts.getOrDefault(pair, 0L);
                if (n > 0) {
                    queue.add(candidate(pair, n, symbols));
                }
            }
        }
        return merges;
    }

    private static Candidate candidate(long pair, long count, List<String> symbols) {
        return new Candidate(pair, count, symbols.get((int) (pair >>> 32)) + ' ' + symbols.get((int) pair));
    }

    private static List<Long> count(
            Word word, int index, int sign, Map<Long, Long> pairCounts, Map<Long, Set<Integer>> places) {
        List<Long> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < word.symbols.length; i++) {
            long pair = ((long) word.symbols[i] << 32) | word.symbols[i + 1];
            pairs.add(pair);
            pairCounts.merge(pair, (long) sign * word.count, Long::sum);
            if (sign > 0) {
                places.computeIfAbsent(pair, p -> new HashSet<>()).add(index);
            }
        }
        return pairs;
    }

    private static int[] merge(int[] symbols, int left, int right, int merged) {
        int[] result = new int[symbols.length];
        int length = 0;
        for (int i = 0; i < symbols.length; i++) {
            if (i + 1 < symbols.length && symbols[i] == left && symbols[i + 1] == right) {
                result[length++] = merged;
                i++;
            } else {
                result[length++] = symbols[i];
            }
        }
        return Arrays.copyOf(result, length);
    }

    /** The printable stand-in of every byte, as GPT-2 defined it. */
    private static List<String> byteAlphabet() {
        List<String> alphabet = new ArrayList<>();
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae);
            alphabet.add(String.valueOf((char) (printable ? b : next++)));
        }
        return alphabet;
    }

    private static String json(List<String> special, List<String> symbols, List<String[]> merges) {
        JsonObject root = new JsonObject();
        root.addProperty("version", "1.0");
        root.add("truncation", JsonNull.INSTANCE);
        root.add("padding", JsonNull.INSTANCE);
        JsonArray added = new JsonArray();
        JsonObject vocabulary = new JsonObject();
        for (String token : special) {
            JsonObject entry = new JsonObject();
            entry.addProperty("id", vocabulary.size());
            entry.addProperty("content", token);
            entry.addProperty("single_word", false);
            entry.addProperty("lstrip", false);
            entry.addProperty("rstrip", false);
            entry.addProperty("normalized", false);
            entry.addProperty("special", true);
            added.add(entry);
            vocabulary.addProperty(token, vocabulary.size());
        }
        for (String symbol : symbols) {
            vocabulary.addProperty(symbol, vocabulary.size());
        }
        root.add("added_tokens", added);
        root.add("normalizer", JsonNull.INSTANCE);
        JsonObject digits = new JsonObject();
        digits.addProperty("type", "Digits");
        digits.addProperty("individual_digits", true);
        JsonArray steps = new JsonArray();
        steps.add(digits);
        steps.add(byteLevel(false));
        JsonObject pre = new JsonObject();
        pre.addProperty("type", "Sequence");
        pre.add("pretokenizers", steps);
        root.add("pre_tokenizer", pre);
        root.add("post_processor", byteLevel(true));
        root.add("decoder", byteLevel(true));
        JsonObject model = new JsonObject();
        model.addProperty("type", "BPE");
        model.add("dropout", JsonNull.INSTANCE);
        model.add("unk_token", JsonNull.INSTANCE);
        model.add("continuing_subword_prefix", JsonNull.INSTANCE);
        model.add("end_of_word_suffix", JsonNull.INSTANCE);
        model.addProperty("fuse_unk", false);
        model.addProperty("byte_fallback", false);
        model.add("vocab", vocabulary);
        JsonArray list = new JsonArray();
        merges.forEach(merge -> list.add(merge[0] + " " + merge[1]));
        model.add("merges", list);
        root.add("model", model);
        return new GsonBuilder()
                        .setPrettyPrinting()
                        .serializeNulls()
                        .disableHtmlEscaping()
                        .create()
                        .toJson(root) + "\n";
    }

    private static JsonObject byteLevel(boolean prefixSpace) {
        JsonObject step = new JsonObject();
        step.addProperty("type", "ByteLevel");
        step.addProperty("add_prefix_space", prefixSpace);
        step.addProperty("trim_offsets", prefixSpace);
        step.addProperty("use_regex", true);
        return step;
    }
}
