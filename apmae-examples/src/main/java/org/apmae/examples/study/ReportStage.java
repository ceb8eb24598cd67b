package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.predict.Baselines;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.report.RunReport;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.gallery.GalleryOptions;
import org.apmae.models.gallery.GalleryPass;
import org.apmae.models.predict.BoostedTrees;

/** The report: the patterns worth showing, recorded once more, and one page that shows what the study found. */
final class ReportStage {
    static final String REPORT = "report.html";

    private ReportStage() {}

    static void run(Study study) {
        RunFolder run = study.run();
        run.require(Stage.SWEEP);
        try (StageWriter writer = run.begin(Stage.REPORT)) {
            EncodingStore store = EncodingStore.open(run);
            List<Clusters> clusters =
                    ClustersJson.read(run.file(Stage.CLUSTER, ClusterStage.MODEL), ClusterStage.encodings(store));
            long start = System.nanoTime();
            Gallery gallery = new GalleryPass(study.model(), GalleryOptions.standard(), study.threads())
                    .run(run, clusters, study.options().seedOf("gallery"), study.progress());
            gallery.write(writer);
            writer.timing("gallery", (System.nanoTime() - start) * 1e-9);
            start = System.nanoTime();
            Map<String, Object> metrics = judgements(run, study.options().seedOf("report"));
            writer.metrics(metrics);
            RunReport report = RunReport.of(run).withGallery(gallery).withMetrics(metrics);
            report.figures().forEach((name, picture) -> picture.write(writer.file("figures/" + name + ".png")));
            report.write(writer.file(REPORT));
            writer.timing("page", (System.nanoTime() - start) * 1e-9);
            writer.commit(study.provenance());
        }
    }

    /** How the predictor's probabilities on test files divide into right and wrong, at one half and at every other threshold. */
    private static Map<String, Object> judgements(RunFolder run, long seed) {
        List<Selected> selected = Selected.read(run);
        int[] rows = PredictStage.rows(selected, RecordStage.Side.TEST);
        PatternLabels labels = RunTables.labels(run);
        int[][] features = new int[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            features[i] = labels.row(selected.get(rows[i]).row().id());
        }
        boolean[] correct = correct(selected, rows);
        double[] probability;
        try (FittedPredictor fitted = BoostedTrees.load(
                run.file(Stage.PREDICT, PredictStage.MODEL + "/predictor.json").getParent())) {
            probability = fitted.probabilityCorrect(features);
        }
        int[] counts = new int[4];
        for (int i = 0; i < correct.length; i++) {
            counts[(correct[i] ? 0 : 2) + (probability[i] >= 0.5 ? 0 : 1)]++;
        }
        return Map.of(
                "roc",
                roc(correct, probability),
                "confusion",
                Map.of(
                        "true_positives", counts[0],
                        "false_negatives", counts[1],
                        "false_positives", counts[2],
                        "true_negatives", counts[3]),
                "tasks",
                baselinesByTask(selected, rows, PredictStage.rows(selected, RecordStage.Side.TRAIN), seed));
    }

    /** What the predictor must beat in each task: the model's own confidence, and always saying the more frequent outcome. */
    private static Map<String, Object> baselinesByTask(List<Selected> selected, int[] test, int[] train, long seed) {
        double threshold = Baselines.confidence(
                        confidence(selected, train),
                        correct(selected, train),
                        confidence(selected, test),
                        correct(selected, test),
                        IntStream.of(test)
                                .mapToObj(row -> selected.get(row).row().path())
                                .toList(),
                        seed)
                .threshold();
        Map<String, List<Integer>> tasks = new TreeMap<>();
        for (int row : test) {
            tasks.computeIfAbsent(selected.get(row).row().task().wireName(), task -> new ArrayList<>())
                    .add(row);
        }
        Map<String, Object> byTask = new TreeMap<>();
        tasks.forEach((task, members) -> {
            int[] own = members.stream().mapToInt(Integer::intValue).toArray();
            List<String> groups =
                    members.stream().map(row -> selected.get(row).row().path()).toList();
            boolean[] outcome = correct(selected, own);
            double[] top = confidence(selected, own);
            boolean[] hits = new boolean[own.length];
            for (int i = 0; i < hits.length; i++) {
                hits[i] = (top[i] >= threshold) == outcome[i];
            }
            byTask.put(
                    task,
                    Map.of(
                            "model_confidence",
                            Map.of("accuracy", Figures.interval(BinaryMetrics.share(hits, groups, seed))),
                            "majority",
                            Map.of(
                                    "accuracy",
                                    Figures.interval(
                                            Baselines.majority(correct(selected, train), outcome, groups, seed)))));
        });
        return byTask;
    }

    private static boolean[] correct(List<Selected> selected, int[] rows) {
        boolean[] correct = new boolean[rows.length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = selected.get(rows[i]).verdict().correct();
        }
        return correct;
    }

    private static double[] confidence(List<Selected> selected, int[] rows) {
        return IntStream.of(rows)
                .mapToDouble(row -> selected.get(row).verdict().topProbability())
                .toArray();
    }

    /** Both rates at every threshold; equal probabilities make one step. */
    private static List<Map<String, Object>> roc(boolean[] correct, double[] probability) {
        NavigableMap<Double, int[]> byProbability = new TreeMap<>(Comparator.reverseOrder());
        int right = 0;
        for (int i = 0; i < correct.length; i++) {
            byProbability.computeIfAbsent(probability[i], p -> new int[2])[correct[i] ? 0 : 1]++;
            right += correct[i] ? 1 : 0;
        }
        int wrong = correct.length - right;
        List<Map<String, Object>> points = new ArrayList<>();
        if (right == 0 || wrong == 0) {
            return points;
        }
        points.add(Map.of("false_positive_rate", 0.0, "true_positive_rate", 0.0));
        int[] sums = new int[2];
        for (int[] counts : byProbability.values()) {
            sums[0] += counts[0];
            sums[1] += counts[1];
            points.add(Map.of(
                    "false_positive_rate", (double) sums[1] / wrong,
                    "true_positive_rate", (double) sums[0] / right));
        }
        return points;
    }
}
