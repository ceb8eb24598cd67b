package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apmae.core.model.HeadId;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.cluster.HeadClustering;
import org.apmae.models.cluster.UmapHdbscan;

/** Stage 5: the recurring patterns of every head. */
final class ClusterStage {
    static final String MODEL = "models/clusters.json";

    private ClusterStage() {}

    static void run(Study study) {
        study.run().require(Stage.ENCODE);
        EncodingStore store = EncodingStore.open(study.run());
        List<float[][]> encodings = store.heads().stream().map(store::head).toList();
        List<Clusters> clusters;
        try (Progress.Stage progress = study.progress().start("clustering", encodings.size(), "heads")) {
            clusters = HeadClustering.fitAll(
                    encodings,
                    new UmapHdbscan(UmapHdbscan.Options.paper()),
                    study.options().seedOf("cluster"),
                    study.threads(),
                    done -> progress.step(1));
        }
        int[][] labels = new int[store.scenarioIds().size()][store.heads().size()];
        for (int column = 0; column < clusters.size(); column++) {
            int[] own = clusters.get(column).labels();
            for (int row = 0; row < own.length; row++) {
                labels[row][column] = own[row];
            }
        }
        try (StageWriter writer = study.run().begin(Stage.CLUSTER)) {
            RunTables.writeLabels(writer, new PatternLabels(store.scenarioIds(), store.heads(), labels));
            ClustersJson.write(writer.file(MODEL), clusters);
            writer.metrics(metrics(store.heads(), clusters));
            writer.commit(study.provenance());
        }
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

    private static Map<String, Object> metrics(List<HeadId> heads, List<Clusters> clusters) {
        Map<String, Object> perHead = new LinkedHashMap<>();
        Map<Integer, List<Integer>> layers = new TreeMap<>();
        double[] noise = new double[clusters.size()];
        for (int i = 0; i < clusters.size(); i++) {
            int[] labels = clusters.get(i).labels();
            int out = 0;
            for (int label : labels) {
                out += label == Clusters.NOISE ? 1 : 0;
            }
            noise[i] = (double) out / labels.length;
            layers.computeIfAbsent(heads.get(i).layer(), layer -> new ArrayList<>())
                    .add(i);
            perHead.put(
                    heads.get(i).toString(), Map.of("patterns", clusters.get(i).count(), "noise", noise[i]));
        }
        Map<String, Object> perLayer = new LinkedHashMap<>();
        layers.forEach((layer, members) -> {
            Map<String, Object> one = new HashMap<>();
            one.put(
                    "patterns",
                    members.stream().mapToInt(i -> clusters.get(i).count()).sum());
            one.put(
                    "noise",
                    members.stream().mapToDouble(i -> noise[i]).average().orElse(0));
            perLayer.put(String.valueOf(layer), one);
        });
        Map<String, Object> metrics = new HashMap<>();
        metrics.put("heads", perHead);
        metrics.put("layers", perLayer);
        metrics.put("patterns", clusters.stream().mapToInt(Clusters::count).sum());
        return metrics;
    }
}
