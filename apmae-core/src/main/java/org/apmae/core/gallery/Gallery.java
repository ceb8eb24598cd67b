package org.apmae.core.gallery;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.PatternTriangle;

/**
 * The patterns that a report shows, the tokens beside them, a layout of every head's encodings in the plane, and the mean
 * entropy of every head's attention. Immutable and thread-safe; a {@link Builder} is not.
 *
 * <p>In the run folder it belongs to {@link Stage#REPORT}; docs/run-folder.md describes its files.
 */
public final class Gallery {
    private static final String PATTERNS = "gallery/patterns.jsonl";
    private static final String WEIGHTS = "gallery/patterns.f16";
    private static final String TOKENS = "gallery/tokens.jsonl";
    private static final String POINTS = "gallery/points.json";
    private static final String HEADS = "gallery/heads.jsonl";

    private final Map<HeadId, List<ShownPattern>> patterns;
    private final Map<String, PromptText> texts;
    private final List<String> points;
    private final Map<HeadId, float[][]> layouts;
    private final Map<HeadId, Double> entropies;

    private Gallery(Builder builder) {
        this.patterns = new TreeMap<>();
        builder.patterns.forEach((head, shown) -> patterns.put(head, List.copyOf(shown)));
        this.texts = Collections.unmodifiableMap(new TreeMap<>(builder.texts));
        this.points = List.copyOf(builder.points);
        this.layouts = new TreeMap<>(builder.layouts);
        this.entropies = new TreeMap<>(builder.entropies);
    }

    /**
     * Begins a gallery.
     *
     * @param points ids of the scenarios that layouts have a place for, in the order of their rows
     * @return an empty builder
     */
    public static Builder builder(List<String> points) {
        return new Builder(points);
    }

    /** Collects what a gallery holds. */
    public static final class Builder {
        private final Map<HeadId, List<ShownPattern>> patterns = new TreeMap<>();
        private final Map<String, PromptText> texts = new TreeMap<>();
        private final List<String> points;
        private final Map<HeadId, float[][]> layouts = new TreeMap<>();
        private final Map<HeadId, Double> entropies = new TreeMap<>();

        private Builder(List<String> points) {
            this.points = List.copyOf(points);
        }

        /**
         * Adds a pattern.
         *
         * @param shown the pattern; shown in the order of adding
         * @return this builder
         */
        public Builder add(ShownPattern shown) {
            patterns.computeIfAbsent(shown.pattern().head(), head -> new ArrayList<>())
                    .add(shown);
            return this;
        }

        /**
         * Adds the tokens of a prompt.
         *
         * @param text the tokens
         * @return this builder
         */
        public Builder add(PromptText text) {
            texts.put(text.scenarioId(), text);
            return this;
        }

        /**
         * Adds the layout of a head.
         *
         * @param head the head
         * @param places a row of two finite numbers for each of the gallery's points; copied
         * @return this builder
         * @throws IllegalArgumentException if the number of rows or numbers is another
         */
        public Builder layout(HeadId head, float[][] places) {
            if (places.length != points.size() || Arrays.stream(places).anyMatch(place -> place.length != 2)) {
                throw new IllegalArgumentException("the layout of head " + head + " has " + places.length
                        + " rows; give two numbers for each of the " + points.size() + " points");
            }
            layouts.put(head, copy(places));
            return this;
        }

        /**
         * Notes how widely a head looks.
         *
         * @param head the head
         * @param nats mean entropy of its attention over queries and prompts, in nats, 0 or more
         * @return this builder
         */
        public Builder entropy(HeadId head, double nats) {
            entropies.put(head, nats);
            return this;
        }

        /**
         * Ends the gallery.
         *
         * @return the gallery
         */
        public Gallery build() {
            return new Gallery(this);
        }
    }

    /**
     * Returns the patterns of a head.
     *
     * @param head the head
     * @return in the order in which they are to be shown, possibly none; cannot be changed
     */
    public List<ShownPattern> patterns(HeadId head) {
        return patterns.getOrDefault(head, List.of());
    }

    /**
     * Returns the tokens of a prompt.
     *
     * @param scenarioId the scenario
     * @return its tokens, where a pattern of it is shown
     */
    public Optional<PromptText> text(String scenarioId) {
        return Optional.ofNullable(texts.get(scenarioId));
    }

    /**
     * Returns the scenarios in the layouts.
     *
     * @return ids in the order of the layouts' rows; cannot be changed
     */
    public List<String> points() {
        return points;
    }

    /**
     * Returns where a head's encodings lie in the plane.
     *
     * @param head the head
     * @return a row of two numbers for each of {@link #points()}, if there is a layout of that head; the caller's own
     */
    public Optional<float[][]> layout(HeadId head) {
        return Optional.ofNullable(layouts.get(head)).map(Gallery::copy);
    }

    /**
     * Returns how widely a head looks.
     *
     * @param head the head
     * @return mean entropy of its attention over queries and shown prompts, in nats, where it was measured
     */
    public OptionalDouble entropy(HeadId head) {
        Double value = entropies.get(head);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    private static float[][] copy(float[][] rows) {
        return Arrays.stream(rows).map(float[]::clone).toArray(float[][]::new);
    }

    /**
     * Writes the gallery as files of a stage.
     *
     * @param writer the writer of {@link Stage#REPORT}
     * @throws UncheckedIOException if the folder cannot be written
     */
    public void write(StageWriter writer) {
        List<Map<String, Object>> rows = new ArrayList<>();
        Path weights = writer.file(WEIGHTS);
        try (OutputStream stream = Files.newOutputStream(weights);
                WritableByteChannel channel = Channels.newChannel(stream)) {
            for (List<ShownPattern> ofHead : patterns.values()) {
                for (ShownPattern shown : ofHead) {
                    PatternTriangle pattern = shown.pattern();
                    rows.add(Map.of(
                            "head", pattern.head().toString(),
                            "id", pattern.scenarioId(),
                            "label", shown.label(),
                            "medoid", shown.medoid(),
                            "strength", shown.strength(),
                            "tokens", pattern.tokens()));
                    channel.write(pattern.bytes());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + weights + ": " + e.getMessage(), e);
        }
        writer.lines(PATTERNS, rows.stream());
        writer.lines(
                TOKENS,
                texts.values().stream()
                        .map(text -> Map.of(
                                "id", text.scenarioId(), "tokens", text.tokens(), "predicted", text.predicted())));
        writer.json(POINTS, Map.of("ids", points));
        TreeMap<HeadId, Map<String, Object>> heads = new TreeMap<>();
        layouts.forEach((head, places) -> {
            Map<String, Object> line = heads.computeIfAbsent(head, Gallery::line);
            line.put("x", column(places, 0));
            line.put("y", column(places, 1));
        });
        entropies.forEach(
                (head, nats) -> heads.computeIfAbsent(head, Gallery::line).put("entropy", nats));
        writer.lines(HEADS, heads.values().stream());
    }

    private static Map<String, Object> line(HeadId head) {
        Map<String, Object> line = new TreeMap<>();
        line.put("head", head.toString());
        return line;
    }

    private static float[] column(float[][] rows, int column) {
        float[] values = new float[rows.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = rows[i][column];
        }
        return values;
    }

    /**
     * Reads the gallery of a run.
     *
     * @param run a run folder
     * @return the gallery, or empty if the run has no report yet, or one without a gallery
     * @throws UncheckedIOException if a file is missing, damaged or cannot be read
     */
    public static Optional<Gallery> read(RunFolder run) {
        if (!run.has(Stage.REPORT) || run.require(Stage.REPORT).file(PATTERNS).isEmpty()) {
            return Optional.empty();
        }
        Map<?, ?> index = (Map<?, ?>) run.json(Stage.REPORT, POINTS);
        Builder builder =
                builder(((List<?>) index.get("ids")).stream().map(Gallery::text).toList());
        byte[] weights = run.bytes(Stage.REPORT, WEIGHTS);
        int[] from = {0};
        run.lines(Stage.REPORT, PATTERNS, json -> builder.add(pattern(json, weights, from)));
        run.lines(
                Stage.REPORT,
                TOKENS,
                json -> builder.add(new PromptText(
                        text(json.get("id")),
                        ((List<?>) json.getOrDefault("tokens", List.of()))
                                .stream().map(Gallery::text).toList(),
                        text(json.get("predicted")))));
        run.lines(Stage.REPORT, HEADS, json -> head(json, builder));
        return Optional.of(builder.build());
    }

    private static ShownPattern pattern(Map<String, Object> json, byte[] weights, int[] from) {
        int tokens = Math.toIntExact((Long) number(json.get("tokens")));
        int size = Math.multiplyExact(tokens, tokens + 1);
        if (size < 0 || from[0] + size > weights.length) {
            throw new IllegalArgumentException("there are fewer weights than " + tokens + " tokens need");
        }
        byte[] own = Arrays.copyOfRange(weights, from[0], from[0] + size);
        from[0] += size;
        return new ShownPattern(
                Math.toIntExact((Long) number(json.get("label"))),
                Boolean.TRUE.equals(json.get("medoid")),
                number(json.get("strength")).doubleValue(),
                PatternTriangle.ofBytes(text(json.get("id")), HeadId.parse(text(json.get("head"))), tokens, own));
    }

    private static Builder head(Map<String, Object> json, Builder builder) {
        HeadId head = HeadId.parse(text(json.get("head")));
        if (json.get("entropy") != null) {
            builder.entropy(head, number(json.get("entropy")).doubleValue());
        }
        if (json.get("x") instanceof List<?> x && json.get("y") instanceof List<?> y && x.size() == y.size()) {
            float[][] places = new float[x.size()][];
            for (int i = 0; i < places.length; i++) {
                places[i] = new float[] {
                    number(x.get(i)).floatValue(), number(y.get(i)).floatValue()
                };
            }
            builder.layout(head, places);
        }
        return builder;
    }

    private static String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("there is " + value + " where a text should be");
    }

    private static Number number(Object value) {
        if (value instanceof Number number) {
            return number;
        }
        throw new IllegalArgumentException("there is " + value + " where a number should be");
    }
}
