package org.apmae.examples.study;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.Resource;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.cluster.HeadClustering;
import org.apmae.models.cluster.measure.Association;
import org.apmae.models.cluster.measure.Stability;

/** Stage 5: the recurring patterns of every head, how stable they are, what they go with, and the families across heads. */
final class ClusterStage {
    static final String MODEL = "models/clusters.json";

    /** Stability needs further fits, so of many heads only so many are measured, spread evenly. */
    private static final int HEADS_REFITTED = 48;

    private static final int PERMUTATIONS = 50;
    private static final double SIGNIFICANT = 0.05;

    private final Study study;
    private final EncodingStore store;
    private final Resource<EncodingStore> storeForPieces;
    private final Clusterer clusterer;
    private final int[][] labels;
    private final double[] noise;
    private final double[] validity;
    private final int[][] medoids;

    private ClusterStage(Study study) {
        this.study = study;
        this.store = EncodingStore.open(study.run());
        this.storeForPieces = study.encodingsForPieces(store);
        this.clusterer = study.options().clusterer();
        int heads = store.heads().size();
        this.labels = new int[heads][];
        this.noise = new double[heads];
        this.validity = new double[heads];
        this.medoids = new int[heads][];
    }

    static void run(Study study) {
        study.run().require(Stage.ENCODE);
        new ClusterStage(study).run();
    }

    /** The encodings of each head, read when asked for: those of all heads of a large model do not fit into memory. */
    static List<float[][]> encodings(EncodingStore store) {
        return new AbstractList<>() {
            @Override
            public float[][] get(int head) {
                return store.head(store.heads().get(head));
            }

            @Override
            public int size() {
                return store.heads().size();
            }
        };
    }

    /** Fits the head of a number. */
    private record FitHead(Resource<EncodingStore> store, Clusterer clusterer, long seed)
            implements PieceFunction<Integer, Clusters> {
        @Override
        public Clusters apply(Integer head) {
            Clusters clusters = HeadClustering.fit(encodings(store.get()), clusterer.clusterer(), seed, head);
            // computed at the first call, which should not be that of the one who collects
            clusters.validity();
            return clusters;
        }
    }

    private static final class Labelled implements Serializable {
        private static final long serialVersionUID = 1;

        private final int head;
        private final int[] labels;

        Labelled(int head, int[] labels) {
            this.head = head;
            this.labels = labels;
        }
    }

    /** Fits a head again and compares. */
    private record Refit(Resource<EncodingStore> store, Clusterer clusterer, long seed)
            implements PieceFunction<Labelled, Stability> {
        @Override
        public Stability apply(Labelled one) {
            float[][] encodings = encodings(store.get()).get(one.head);
            return Stability.of(clusterer.clusterer(), encodings, one.labels, seed + one.head, 1);
        }
    }

    private void run() {
        try (StageWriter writer = study.run().begin(Stage.CLUSTER)) {
            try (Progress.Stage progress =
                            study.progress().start("clustering", store.heads().size(), "heads");
                    ClustersJson.Writer file = new ClustersJson.Writer(writer.file(MODEL))) {
                FitHead fit =
                        new FitHead(storeForPieces, clusterer, study.options().seedOf("cluster"));
                try (PieceResults<Clusters> results =
                        study.runner().map(IntStream.range(0, labels.length).iterator(), fit)) {
                    for (int head = 0; head < labels.length; head++) {
                        Clusters clusters = results.next();
                        keep(head, clusters);
                        file.add(clusters);
                        progress.step(1);
                    }
                }
                file.commit();
            }
            RunTables.writeLabels(writer, new PatternLabels(store.scenarioIds(), store.heads(), byScenario()));
            List<Selected> scenarios = scenarios();
            Map<String, Object> metrics = new HashMap<>(patterns(stability()));
            metrics.put("associations", associations(scenarios));
            metrics.put("families", new FamilyFinder(study, store, scenarios).find(labels, medoids));
            writer.metrics(metrics);
            writer.commit(study.provenance());
        }
    }

    private void keep(int head, Clusters clusters) {
        labels[head] = clusters.labels();
        noise[head] = clusters.noiseShare();
        validity[head] = clusters.validity();
        medoids[head] = clusters.medoids();
    }

    private int[][] byScenario() {
        int[][] byScenario = new int[store.scenarioIds().size()][labels.length];
        for (int head = 0; head < labels.length; head++) {
            for (int row = 0; row < byScenario.length; row++) {
                byScenario[row][head] = labels[head][row];
            }
        }
        return byScenario;
    }

    /** The selected scenarios in the order of the encodings. */
    private List<Selected> scenarios() {
        Map<String, Selected> byId = new HashMap<>();
        Selected.read(study.run()).forEach(one -> byId.put(one.row().id(), one));
        List<Selected> ordered = new ArrayList<>();
        for (String id : store.scenarioIds()) {
            Selected one = byId.get(id);
            if (one == null) {
                throw new IllegalStateException(
                        "scenario " + id + " is encoded but not selected; run apmae encode again");
            }
            ordered.add(one);
        }
        return ordered;
    }

    private Map<Integer, Stability> stability() {
        int heads = labels.length;
        int measured = Math.min(heads, HEADS_REFITTED);
        long seed = study.options().seedOf("stability");
        Map<Integer, Stability> found = new TreeMap<>();
        try (Progress.Stage progress = study.progress().start("measuring stability", measured, "heads")) {
            List<Labelled> pieces = new ArrayList<>();
            for (int i = 0; i < measured; i++) {
                int head = (int) ((long) i * heads / measured);
                pieces.add(new Labelled(head, labels[head]));
            }
            List<Stability> results = study.map(pieces, new Refit(storeForPieces, clusterer, seed), progress::step);
            for (int i = 0; i < measured; i++) {
                found.put(pieces.get(i).head, results.get(i));
            }
        }
        return found;
    }

    /** The heads' medoids in a clustered run, by scenario. */
    static Map<String, Set<HeadId>> medoids(Path folder) {
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            Path model = run.file(Stage.CLUSTER, MODEL);
            EncodingStore store = EncodingStore.open(run);
            List<Clusters> clusters = ClustersJson.read(
                    model, store.heads().stream().map(store::head).toList());
            Map<String, Set<HeadId>> medoids = new HashMap<>();
            for (int i = 0; i < clusters.size(); i++) {
                for (int row : clusters.get(i).medoids()) {
                    medoids.computeIfAbsent(store.scenarioIds().get(row), id -> new TreeSet<>())
                            .add(store.heads().get(i));
                }
            }
            return medoids;
        }
    }

    private Map<String, Object> patterns(Map<Integer, Stability> stability) {
        Map<String, Object> perHead = new LinkedHashMap<>();
        Map<Integer, List<Integer>> layers = new TreeMap<>();
        for (int i = 0; i < labels.length; i++) {
            HeadId head = store.heads().get(i);
            layers.computeIfAbsent(head.layer(), layer -> new ArrayList<>()).add(i);
            Map<String, Object> one = new HashMap<>();
            one.put("patterns", medoids[i].length);
            one.put("noise", noise[i]);
            one.put("validity", validity[i]);
            if (stability.containsKey(i)) {
                one.put("stability_seeds", stability.get(i).acrossSeeds());
                one.put("stability_subsamples", stability.get(i).acrossSubsamples());
            }
            perHead.put(head.toString(), one);
        }
        Map<String, Object> perLayer = new LinkedHashMap<>();
        layers.forEach((layer, members) -> {
            Map<String, Object> one = new HashMap<>();
            one.put(
                    "patterns",
                    members.stream().mapToInt(i -> medoids[i].length).sum());
            one.put("noise", mean(members, i -> noise[i]));
            one.put("validity", mean(members, i -> validity[i]));
            one.put(
                    "stability_seeds",
                    mean(
                            members,
                            i -> stability.containsKey(i) ? stability.get(i).acrossSeeds() : Double.NaN));
            one.put(
                    "stability_subsamples",
                    mean(
                            members,
                            i -> stability.containsKey(i) ? stability.get(i).acrossSubsamples() : Double.NaN));
            perLayer.put(String.valueOf(layer), one);
        });
        return Map.of(
                "clusterer",
                study.options().clusterer().wireName(),
                "heads",
                perHead,
                "layers",
                perLayer,
                "patterns",
                IntStream.range(0, medoids.length).map(i -> medoids[i].length).sum());
    }

    /** The mean over those that have the number; NaN where none has. */
    private static double mean(List<Integer> members, Function<Integer, Double> number) {
        return members.stream()
                .mapToDouble(number::apply)
                .filter(value -> !Double.isNaN(value))
                .average()
                .orElse(Double.NaN);
    }

    private Map<String, Object> associations(List<Selected> scenarios) {
        Map<String, Function<Selected, Object>> classes = new LinkedHashMap<>();
        classes.put("task", one -> one.row().task());
        classes.put("outcome", one -> one.verdict().correct());
        classes.put("token_kind", one -> tokenKind(one.row().target()));
        classes.put("file", one -> one.row().path());
        classes.put("project", one -> one.row().corpus());
        Map<String, Object> associations = new LinkedHashMap<>();
        classes.forEach((name, of) -> {
            int[] numbers = numbers(scenarios.stream().map(of).toList());
            long seed = study.options().seedOf("association " + name);
            List<Callable<Association>> tasks = new ArrayList<>();
            for (int[] own : labels) {
                tasks.add(() -> Association.of(own, numbers, PERMUTATIONS, seed));
            }
            List<Association> found = study.parallel(tasks);
            associations.put(
                    name,
                    Map.of(
                            "classes", IntStream.of(numbers).distinct().count(),
                            "information",
                                    found.stream()
                                            .mapToDouble(Association::information)
                                            .average()
                                            .orElse(Double.NaN),
                            "by_chance",
                                    found.stream()
                                            .mapToDouble(Association::baseline)
                                            .average()
                                            .orElse(Double.NaN),
                            "heads_above_chance",
                                    found.stream()
                                            .filter(one -> one.probability() <= SIGNIFICANT)
                                            .count()));
        });
        return associations;
    }

    /** The kind of a target by its first character that is not blank. */
    static String tokenKind(String target) {
        String text = target.strip();
        if (text.isEmpty()) {
            return "none";
        }
        char first = text.charAt(0);
        return Character.isJavaIdentifierStart(first)
                ? "word"
                : Character.isDigit(first)
                        ? "number"
                        : first == '"' || first == '\''
                                ? "text"
                                : "()[]{}".indexOf(first) >= 0
                                        ? "bracket"
                                        : ";,.".indexOf(first) >= 0 ? "separator" : "operator";
    }

    private static int[] numbers(List<Object> values) {
        Map<Object, Integer> known = new HashMap<>();
        return values.stream()
                .mapToInt(value -> known.computeIfAbsent(value, key -> known.size()))
                .toArray();
    }
}
