package org.apmae.examples.study;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.Resource;
import org.apmae.models.cluster.catalogue.CataloguedPattern;
import org.apmae.models.cluster.catalogue.KnownPattern;
import org.apmae.models.cluster.catalogue.PatternCatalogue;
import org.apmae.models.cluster.catalogue.PatternFamily;
import org.apmae.models.cluster.catalogue.PatternScores;
import org.apmae.models.cluster.catalogue.PromptTokens;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.TargetModel;

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
        Map<String, PatternScores> scores = new HashMap<>();
        List<Medoids> pieces = new ArrayList<>();
        wanted.forEach(
                (row, heads) -> pieces.add(new Medoids(scenarios.get(row).row().prompt(), List.copyOf(heads))));
        try (Progress.Stage progress = study.progress().start("naming patterns", wanted.size(), "scenarios")) {
            List<List<PatternScores>> found =
                    study.map(pieces, new ScoreMedoids(study.targetForPieces()), progress::step);
            int next = 0;
            for (int row : wanted.keySet()) {
                List<HeadId> heads = pieces.get(next).heads();
                for (int h = 0; h < heads.size(); h++) {
                    scores.put(key(row, heads.get(h)), found.get(next).get(h));
                }
                next++;
            }
        }
        return scores;
    }

    /** A scenario and the heads of which it is a medoid, in ascending order. */
    private record Medoids(Prompt prompt, List<HeadId> heads) implements Serializable {}

    /** Records a scenario once more and scores its patterns, head by head. */
    private record ScoreMedoids(Resource<TargetModel> model) implements PieceFunction<Medoids, List<PatternScores>> {
        @Override
        public List<PatternScores> apply(Medoids one) {
            TargetModel target = model.get();
            PromptTokens tokens = tokens(target.tokenizer(), one.prompt());
            Map<HeadId, PatternScores> scores = new HashMap<>();
            try (HookedRecorder recorder = new HookedRecorder(target, 1)) {
                recorder.record(
                        Stream.of(one.prompt()),
                        HeadSelection.of(one.heads()),
                        HeadIntervention.none(),
                        AttentionSink.patternsOnly(batch -> score(batch, tokens, scores)));
            }
            return one.heads().stream().map(scores::get).toList();
        }
    }

    private static PromptTokens tokens(CodeTokenizer tokenizer, Prompt prompt) {
        int[] ids = prompt.ids();
        return new PromptTokens(
                ids,
                Arrays.stream(ids).mapToObj(id -> tokenizer.decode(id)).toList(),
                tokenizer.specialIds(),
                tokenizer.fimTokens().suffix());
    }

    private static void score(AttentionBatch batch, PromptTokens tokens, Map<HeadId, PatternScores> scores) {
        float[] all = batch.patterns().toFloatArray();
        int side = tokens.length();
        for (int h = 0; h < batch.heads().size(); h++) {
            float[][] attention = new float[side][];
            for (int q = 0; q < side; q++) {
                int from = (h * side + q) * side;
                attention[q] = Arrays.copyOfRange(all, from, from + side);
            }
            scores.put(batch.heads().get(h), PatternScores.of(attention, tokens));
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
