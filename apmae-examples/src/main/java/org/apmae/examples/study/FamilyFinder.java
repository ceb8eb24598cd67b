package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.cluster.catalogue.CataloguedPattern;
import org.apmae.models.cluster.catalogue.KnownPattern;
import org.apmae.models.cluster.catalogue.PatternCatalogue;
import org.apmae.models.cluster.catalogue.PatternFamily;
import org.apmae.models.cluster.catalogue.PatternScores;
import org.apmae.models.cluster.catalogue.PromptTokens;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.CodeTokenizer;

/** Finds the families of patterns across heads. The medoids are recorded once more: the run folder keeps no patterns. */
final class FamilyFinder {
    private final Study study;
    private final EncodingStore store;
    private final List<Selected> scenarios;

    FamilyFinder(Study study, EncodingStore store, List<Selected> scenarios) {
        this.study = study;
        this.store = store;
        this.scenarios = scenarios;
    }

    List<Map<String, Object>> find(int[][] labels, int[][] medoids) {
        Map<Integer, Set<HeadId>> wanted = new TreeMap<>();
        for (int head = 0; head < medoids.length; head++) {
            for (int row : medoids[head]) {
                wanted.computeIfAbsent(row, key -> new TreeSet<>())
                        .add(store.heads().get(head));
            }
        }
        Map<String, PatternScores> scores = scores(wanted);
        List<CataloguedPattern> patterns = new ArrayList<>();
        for (int head = 0; head < medoids.length; head++) {
            HeadId id = store.heads().get(head);
            float[][] encodings = medoids[head].length == 0 ? new float[0][] : store.head(id);
            for (int label = 0; label < medoids[head].length; label++) {
                int row = medoids[head][label];
                PatternScores own = scores.get(key(row, id));
                if (own == null) {
                    throw new IllegalStateException(
                            "the medoid of " + id + " in scenario " + row + " was not recorded");
                }
                patterns.add(new CataloguedPattern(
                        id, label, store.scenarioIds().get(row), encodings[row], tasks(labels[head], label), own));
            }
        }
        return PatternCatalogue.of(patterns).stream().map(FamilyFinder::json).toList();
    }

    private static String key(int row, HeadId head) {
        return row + " " + head;
    }

    private Map<String, Integer> tasks(int[] labels, int label) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int row = 0; row < labels.length; row++) {
            if (labels[row] == label && label != Clusters.NOISE) {
                counts.merge(scenarios.get(row).row().task().wireName(), 1, Integer::sum);
            }
        }
        return counts;
    }

    private Map<String, PatternScores> scores(Map<Integer, Set<HeadId>> wanted) {
        Map<String, PatternScores> scores = new ConcurrentHashMap<>();
        try (Progress.Stage progress = study.progress().start("naming patterns", wanted.size(), "scenarios")) {
            List<Callable<Boolean>> tasks = new ArrayList<>();
            wanted.forEach((row, heads) -> tasks.add(() -> {
                PromptTokens tokens = tokens(row);
                try (HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
                    recorder.record(
                            Stream.of(scenarios.get(row).row().prompt()),
                            HeadSelection.of(heads),
                            HeadIntervention.none(),
                            AttentionSink.patternsOnly(batch -> score(batch, row, tokens, scores)));
                }
                progress.step(1);
                return true;
            }));
            study.parallel(tasks);
        }
        return scores;
    }

    private PromptTokens tokens(int row) {
        CodeTokenizer tokenizer = study.model().tokenizer();
        int[] ids = scenarios.get(row).row().prompt().ids();
        return new PromptTokens(
                ids,
                Arrays.stream(ids).mapToObj(id -> tokenizer.decode(id)).toList(),
                tokenizer.specialIds(),
                tokenizer.fimTokens().suffix());
    }

    private static void score(AttentionBatch batch, int row, PromptTokens tokens, Map<String, PatternScores> scores) {
        float[] all = batch.patterns().toFloatArray();
        int side = tokens.length();
        for (int h = 0; h < batch.heads().size(); h++) {
            float[][] attention = new float[side][];
            for (int q = 0; q < side; q++) {
                int from = (h * side + q) * side;
                attention[q] = Arrays.copyOfRange(all, from, from + side);
            }
            scores.put(key(row, batch.heads().get(h)), PatternScores.of(attention, tokens));
        }
    }

    private static Map<String, Object> json(PatternFamily family) {
        Map<String, Object> scores = new LinkedHashMap<>();
        for (KnownPattern pattern : KnownPattern.values()) {
            scores.put(pattern.title(), family.scores().score(pattern));
        }
        Map<String, Object> layers = new LinkedHashMap<>();
        family.layers().forEach((layer, count) -> layers.put(String.valueOf(layer), count));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", family.title());
        json.put("scores", scores);
        json.put("layers", layers);
        json.put("tasks", family.tasks());
        json.put(
                "medoid",
                Map.of(
                        "head",
                        family.medoid().head().toString(),
                        "scenario",
                        family.medoid().medoid()));
        json.put(
                "patterns",
                family.patterns().stream()
                        .map(pattern -> Map.of(
                                "head",
                                pattern.head().toString(),
                                "label",
                                pattern.label(),
                                "name",
                                pattern.scores().name().map(KnownPattern::title).orElse("other")))
                        .toList());
        return json;
    }
}
