package org.apmae.core.report;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.gallery.PromptText;
import org.apmae.core.gallery.ShownPattern;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.store.PatternTriangle;

/** What the interactive parts of the page work on, as one JSON value. */
final class RunData {
    /** Bytes of pictures in the page; with the rest it stays below ten megabytes. */
    private static final long PICTURES = 6_500_000;

    /** Medoids are shown in full up to this many tokens, members at half of that. */
    private static final int LARGE = 256;

    private static final int LABELS = 255;

    private final Gallery gallery;
    private final Json metrics;
    private final List<HeadId> heads;
    private final Optional<PatternLabels> labels;
    private final Map<String, ScenarioRow> rows = new HashMap<>();
    private final Map<String, Verdict> verdicts = new HashMap<>();
    private final List<String> tasks;
    private final Map<String, Integer> words = new LinkedHashMap<>();
    private int left;

    RunData(RunFolder run, Gallery gallery, Json metrics) {
        this.gallery = gallery;
        this.metrics = metrics;
        if (run.has(Stage.MINE)) {
            RunTables.scenarios(run).forEach(row -> rows.put(row.id(), row));
        }
        if (run.has(Stage.RECORD)) {
            RunTables.verdicts(run).forEach(verdict -> verdicts.put(verdict.scenarioId(), verdict));
        }
        labels = run.has(Stage.CLUSTER) ? Optional.of(RunTables.labels(run)) : Optional.empty();
        heads = labels.map(PatternLabels::heads).orElse(List.of());
        TreeSet<CompletionTask> found = new TreeSet<>();
        labels.ifPresent(table -> table.scenarioIds().forEach(id -> task(id).ifPresent(found::add)));
        tasks = found.stream().map(CompletionTask::wireName).toList();
    }

    private Optional<CompletionTask> task(String id) {
        return Optional.ofNullable(rows.get(id)).map(ScenarioRow::task);
    }

    List<HeadId> heads() {
        return heads;
    }

    /** How many patterns of the gallery found no room in the page. */
    int left() {
        return left;
    }

    /** The numbers that the grid of heads may show; at least one where the run is clustered. */
    List<Measure> measures() {
        List<Measure> measures = new ArrayList<>();
        Json own = metrics.at("cluster").at("heads");
        add(
                measures,
                "patterns",
                "number of patterns",
                0,
                false,
                head -> own.at(head.toString()).at("patterns").number());
        add(
                measures,
                "noise",
                "share of noise",
                2,
                false,
                head -> own.at(head.toString()).at("noise").number());
        add(
                measures,
                "shap",
                "mean SHAP value (log-odds)",
                3,
                true,
                head -> metrics.at("predict")
                        .at("mean_shap")
                        .at(head.toString())
                        .number());
        add(
                measures,
                "shap_size",
                "mean size of the SHAP value (log-odds)",
                3,
                false,
                head -> metrics.at("predict")
                        .at("mean_absolute_shap")
                        .at(head.toString())
                        .number());
        Map<String, Json> removed = removed();
        add(
                measures,
                "ablation",
                "change of accuracy when the head is removed",
                3,
                true,
                head -> removed.getOrDefault(head.toString(), Json.of(null)).number());
        add(
                measures,
                "ablation_loss",
                "change of the target's loss when the head is removed (nats)",
                3,
                true,
                head -> metrics.at("sweep")
                        .at("single_effects")
                        .at(head.toString())
                        .number());
        add(
                measures,
                "entropy",
                "entropy of attention (nats)",
                2,
                false,
                head -> gallery.entropy(head).orElse(Double.NaN));
        add(
                measures,
                "stability",
                "stability of labels (adjusted Rand index)",
                2,
                false,
                head -> own.at(head.toString()).at("stability_subsamples").number());
        return measures;
    }

    /** What the accuracy became where the sweep removed a head alone. */
    private Map<String, Json> removed() {
        Map<String, Json> effects = new TreeMap<>();
        Json sweep = metrics.at("sweep");
        for (Json setting : sweep.at("settings").items()) {
            String intervention = setting.at("intervention").text();
            if (setting.at("heads").number() == 1 && intervention.matches("zero:L\\d+H\\d+")) {
                double change = setting.at("accuracy_change").number();
                double accuracy = setting.at("accuracy").number();
                effects.put(intervention.substring(5), Json.of(Double.isFinite(change) ? change : accuracy - 0.5));
            }
        }
        return effects;
    }

    private interface Value {
        double of(HeadId head);
    }

    private void add(List<Measure> measures, String key, String label, int decimals, boolean signed, Value value) {
        Map<HeadId, Double> values = new TreeMap<>();
        heads.forEach(head -> values.put(head, value.of(head)));
        if (values.values().stream().anyMatch(Double::isFinite)) {
            measures.add(new Measure(key, new HeadGrid(label, values, digits(values, decimals), signed)));
        }
    }

    /** More digits where all values are small, so that they differ on the page too. */
    private static int digits(Map<HeadId, Double> values, int decimals) {
        double largest = values.values().stream()
                .filter(Double::isFinite)
                .mapToDouble(Math::abs)
                .max()
                .orElse(0);
        return decimals == 0 || largest == 0
                ? decimals
                : Math.max(decimals, Math.min(6, 1 + (int) Math.ceil(-Math.log10(largest))));
    }

    record Measure(String key, HeadGrid grid) {}

    Map<String, Object> json(List<Figure> figures) {
        Map<String, Object> json = new TreeMap<>();
        json.put("heads", heads.stream().map(HeadId::toString).toList());
        json.put("measures", measures().stream().map(this::measure).toList());
        json.put("sequential", colours(ColourScale.SEQUENTIAL));
        json.put("diverging", colours(ColourScale.DIVERGING));
        json.put("steps", PatternPixels.STEPS);
        json.put("tasks", tasks);
        json.put("clusters", clusters());
        json.put("shown", shown());
        json.put("scenarios", scenarios());
        json.put("words", List.copyOf(words.keySet()));
        json.put("points", points());
        json.put("layouts", layouts());
        json.put("figures", figures.stream().map(Figure::json).toList());
        return json;
    }

    private Map<String, Object> measure(Measure measure) {
        HeadGrid grid = measure.grid();
        List<Object> values = new ArrayList<>();
        heads.forEach(head -> values.add(grid.value(head)));
        return Map.of(
                "key", measure.key(),
                "label", grid.name(),
                "decimals", grid.decimals(),
                "signed", grid.signed(),
                "low", grid.low(),
                "high", grid.high(),
                "values", values);
    }

    private static List<String> colours(ColourScale scale) {
        List<String> colours = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            colours.add(ColourScale.css(scale.rgb(i / 255.0)).substring(1));
        }
        return colours;
    }

    /** For every head its clusters by label, noise at last: how many scenarios, of which tasks, with which outcome. */
    private Map<String, Object> clusters() {
        Map<String, Object> all = new TreeMap<>();
        labels.ifPresent(table -> {
            for (HeadId head : heads) {
                int[] column = table.column(head);
                Map<Integer, int[]> counts = new TreeMap<>(Comparator.comparingInt(
                        (Integer label) -> label == Clusters.NOISE ? Integer.MAX_VALUE : label));
                for (int row = 0; row < column.length; row++) {
                    String id = table.scenarioIds().get(row);
                    int[] own = counts.computeIfAbsent(column[row], label -> new int[3 + tasks.size()]);
                    own[outcome(id)]++;
                    task(id).ifPresent(task -> own[3 + tasks.indexOf(task.wireName())]++);
                }
                List<Object> clusters = new ArrayList<>();
                counts.forEach((label, own) -> clusters.add(Map.of(
                        "label",
                        label,
                        "right",
                        own[0],
                        "wrong",
                        own[1],
                        "none",
                        own[2],
                        "tasks",
                        Arrays.copyOfRange(own, 3, own.length))));
                all.put(head.toString(), clusters);
            }
        });
        return all;
    }

    /** 0 for right, 1 for wrong, 2 where there is nothing to be right about. */
    private int outcome(String id) {
        Verdict verdict = verdicts.get(id);
        if (verdict == null || !task(id).map(CompletionTask::hasTarget).orElse(false)) {
            return 2;
        }
        return verdict.correct() ? 0 : 1;
    }

    private Map<String, Object> shown() {
        List<ShownPattern> medoids = new ArrayList<>();
        List<ShownPattern> others = new ArrayList<>();
        for (HeadId head : heads) {
            gallery.patterns(head).forEach(shown -> (shown.medoid() ? medoids : others).add(shown));
        }
        long[] room = {PICTURES};
        Map<ShownPattern, Object> fitting = new HashMap<>();
        medoids.forEach(shown -> picture(shown, LARGE, room).ifPresent(json -> fitting.put(shown, json)));
        others.forEach(shown -> picture(shown, LARGE / 2, room).ifPresent(json -> fitting.put(shown, json)));
        left = medoids.size() + others.size() - fitting.size();
        Map<String, Object> all = new TreeMap<>();
        for (HeadId head : heads) {
            List<Object> own = new ArrayList<>();
            for (ShownPattern shown : gallery.patterns(head)) {
                if (fitting.containsKey(shown)) {
                    own.add(fitting.get(shown));
                }
            }
            all.put(head.toString(), own);
        }
        return all;
    }

    private static Optional<Object> picture(ShownPattern shown, int most, long[] room) {
        PatternTriangle pattern = shown.pattern();
        int block = (pattern.tokens() + most - 1) / most;
        PatternPixels pixels = PatternPixels.of(pattern.weights(), block);
        String image = pixels.base64();
        room[0] -= image.length();
        if (room[0] < 0) {
            return Optional.empty();
        }
        Map<String, Object> json = new TreeMap<>();
        json.put("label", shown.label());
        json.put("medoid", shown.medoid());
        json.put("strength", Math.rint(shown.strength() * 1000) / 1000);
        json.put("id", pattern.scenarioId());
        json.put("tokens", pattern.tokens());
        json.put("block", block);
        json.put("side", pixels.side());
        json.put("low", Math.rint(pixels.low() * 1e4) / 1e4);
        json.put("image", image);
        return Optional.of(json);
    }

    /** The scenarios whose patterns are shown. */
    private Map<String, Object> scenarios() {
        Map<String, Object> all = new TreeMap<>();
        for (HeadId head : heads) {
            for (ShownPattern shown : gallery.patterns(head)) {
                all.computeIfAbsent(shown.pattern().scenarioId(), this::scenario);
            }
        }
        return all;
    }

    private Map<String, Object> scenario(String id) {
        Map<String, Object> json = new TreeMap<>();
        ScenarioRow row = rows.get(id);
        if (row != null) {
            json.put("task", row.task().wireName());
            json.put("path", row.path());
            json.put("before", row.before());
            json.put("target", row.target());
            json.put("after", row.after());
        }
        Verdict verdict = verdicts.get(id);
        if (verdict != null) {
            json.put("top", Math.rint(verdict.topProbability() * 1e4) / 1e4);
        }
        json.put("outcome", outcome(id));
        Optional<PromptText> text = gallery.text(id);
        text.ifPresent(t -> json.put("predicted", t.predicted()));
        json.put(
                "tokens",
                text.map(PromptText::tokens).orElse(List.of()).stream()
                        .map(word -> words.computeIfAbsent(word, w -> words.size()))
                        .toList());
        return json;
    }

    private Map<String, Object> points() {
        List<Object> task = new ArrayList<>();
        List<Object> outcome = new ArrayList<>();
        List<Object> place = new ArrayList<>();
        Map<String, Integer> paths = new LinkedHashMap<>();
        for (String id : gallery.points()) {
            task.add(tasks.indexOf(task(id).map(CompletionTask::wireName).orElse("")));
            outcome.add(outcome(id));
            String path =
                    Optional.ofNullable(rows.get(id)).map(ScenarioRow::path).orElse("");
            paths.putIfAbsent(path, paths.size());
            place.add(paths.get(path));
        }
        return Map.of("task", task, "outcome", outcome, "path", place, "paths", List.copyOf(paths.keySet()));
    }

    private Map<String, Object> layouts() {
        Map<String, Object> all = new TreeMap<>();
        labels.ifPresent(table -> {
            Map<String, Integer> rowOf = new HashMap<>();
            for (int row = 0; row < table.scenarioIds().size(); row++) {
                rowOf.put(table.scenarioIds().get(row), row);
            }
            for (HeadId head : heads) {
                gallery.layout(head).ifPresent(places -> {
                    int[] column = table.column(head);
                    byte[] own = new byte[places.length];
                    for (int i = 0; i < own.length; i++) {
                        Integer row = rowOf.get(gallery.points().get(i));
                        // 0 is noise; a page that shows more than 254 clusters of a head would be of no use.
                        own[i] = (byte) (row == null ? 0 : Math.min(LABELS, column[row] + 1));
                    }
                    all.put(
                            head.toString(),
                            Map.of(
                                    "xy",
                                    Base64.getEncoder().encodeToString(squeeze(places)),
                                    "labels",
                                    Base64.getEncoder().encodeToString(own)));
                });
            }
        });
        return all;
    }

    /** Coordinates as 16-bit numbers, x and y on the same scale. */
    private static byte[] squeeze(float[][] places) {
        float lowX = Float.POSITIVE_INFINITY;
        float lowY = Float.POSITIVE_INFINITY;
        float highX = Float.NEGATIVE_INFINITY;
        float highY = Float.NEGATIVE_INFINITY;
        for (float[] place : places) {
            lowX = Math.min(lowX, place[0]);
            highX = Math.max(highX, place[0]);
            lowY = Math.min(lowY, place[1]);
            highY = Math.max(highY, place[1]);
        }
        float extent = Math.max(Math.max(highX - lowX, highY - lowY), Float.MIN_NORMAL);
        ByteBuffer bytes = ByteBuffer.allocate(4 * places.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] place : places) {
            bytes.putShort((short) Math.round((place[0] - lowX) / extent * 65_535));
            bytes.putShort((short) Math.round((place[1] - lowY) / extent * 65_535));
        }
        return bytes.array();
    }
}
