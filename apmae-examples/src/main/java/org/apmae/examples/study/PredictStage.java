package org.apmae.examples.study;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.predict.Attribution;
import org.apmae.core.predict.Baselines;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.predict.Interval;
import org.apmae.core.predict.PairedComparison;
import org.apmae.core.predict.PatternTable;
import org.apmae.core.predict.RankingStability;
import org.apmae.core.predict.RiskCoverage;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.predict.BoostedTrees;

/** Stage 6: predicting correctness from pattern labels, with the baselines that could embarrass it. */
final class PredictStage {
    static final String MODEL = "models/predictor";
    /** The predictor of a bundle: pattern labels beside the model's own signals. */
    static final String LIVE_MODEL = "models/live-predictor";
    /** The heads by mean SHAP value, for finer methods. */
    static final String HEADS = "heads";

    private static final int SHUFFLES = 19;
    private static final int RESAMPLES = 10;
    private static final int TOP = 10;
    private static final String LIVE = "patterns_and_signals";

    private PredictStage() {}

    static void run(Study study) {
        study.run().require(Stage.CLUSTER);
        List<Selected> selected = Selected.read(study.run());
        PatternLabels labels = RunTables.labels(study.run());
        PatternTable table = table(selected, labels);
        int[] train = rows(selected, RecordStage.Side.TRAIN);
        int[] validation = rows(selected, RecordStage.Side.VALIDATION);
        int[] test = rows(selected, RecordStage.Side.TEST);
        long seed = study.options().seedOf("predict");
        try (Progress.Stage progress = study.progress().start("predicting correctness", 9, "parts");
                StageWriter writer = study.run().begin(Stage.PREDICT);
                FittedPredictor fitted = predictor().fit(table.rows(train), table.rows(validation), seed)) {
            progress.step(1);
            PatternTable tested = table.rows(test);
            double[] probability = fitted.probabilityCorrect(tested.labels());
            // the ranking of heads may not see the scenarios on which the sweep will judge it
            Attribution shap = fitted.attribute(table.rows(train).labels());
            Map<String, Object> metrics = new HashMap<>();
            metrics.put("patterns", figures(BinaryMetrics.of(tested.correct(), probability, tested.groups(), seed)));
            metrics.put("rows", Map.of("train", train.length, "validation", validation.length, "test", test.length));
            baselines(metrics, selected, table, train, validation, test, probability, seed);
            progress.step(1);
            featureSets(study, metrics, selected, table, train, validation, test, writer, progress);
            Map<String, Object> tasks = byTask(selected, test, tested, probability, seed);
            ownPredictors(study, tasks, selected, table, train, validation, test, seed);
            progress.step(1);
            metrics.put("tasks", tasks);
            Map<String, Object> heads = new LinkedHashMap<>();
            double[] mean = shap.meanContributions();
            for (int c = 0; c < mean.length; c++) {
                heads.put(table.columns().get(c), mean[c]);
            }
            metrics.put("mean_shap", heads);
            metrics.put("expected_log_odds", shap.expectedValue());
            double[][] resampled = refitted(study, table.rows(train), table.rows(validation), seed);
            metrics.put("shap_stability", stability(shap, resampled));
            progress.step(1);
            selection(writer, table.columns(), shap, resampled);
            writer.metrics(metrics);
            fitted.save(writer.file(MODEL + "/predictor").getParent());
            writer.commit(study.provenance());
        }
    }

    private static BoostedTrees predictor() {
        return new BoostedTrees(BoostedTrees.Options.paper());
    }

    private static PatternTable table(List<Selected> selected, PatternLabels labels) {
        int[][] rows = new int[selected.size()][];
        boolean[] correct = new boolean[selected.size()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = labels.row(selected.get(i).row().id());
            correct[i] = selected.get(i).verdict().correct();
        }
        return new PatternTable(
                selected.stream().map(s -> s.row().id()).toList(),
                selected.stream().map(s -> s.row().path()).toList(),
                labels.heads().stream().map(HeadId::toString).toList(),
                rows,
                correct);
    }

    static int[] rows(List<Selected> selected, RecordStage.Side side) {
        return IntStream.range(0, selected.size())
                .filter(i -> selected.get(i).side() == side)
                .toArray();
    }

    private static void baselines(
            Map<String, Object> metrics,
            List<Selected> selected,
            PatternTable table,
            int[] train,
            int[] validation,
            int[] test,
            double[] probability,
            long seed) {
        PatternTable trained = table.rows(train);
        PatternTable tested = table.rows(test);
        Interval majority = Baselines.majority(trained.correct(), tested.correct(), tested.groups(), seed);
        metrics.put("majority_accuracy", Figures.interval(majority));
        double[] confidence = confidence(selected, test);
        Baselines.Confidence own = Baselines.confidence(
                confidence(selected, train), trained.correct(), confidence, tested.correct(), tested.groups(), seed);
        metrics.put(
                "model_confidence",
                Map.of("auc", Figures.interval(own.auc()), "accuracy", Figures.interval(own.accuracy())));
        PairedComparison paired = PairedComparison.of(
                tested.correct(), probability, 0.5, confidence, own.threshold(), tested.groups(), seed);
        metrics.put("patterns_minus_confidence", difference(paired));
        metrics.put("shuffled_labels", control(trained, table.rows(validation), tested, seed));
    }

    /**
     * Predictors fitted on outcomes in random order. One of them is as good as its luck, and its luck is not within the
     * bootstrap of the test rows, so there are several: the interval is where 95 % of such controls lie.
     */
    private static Map<String, Object> control(
            PatternTable train, PatternTable validation, PatternTable test, long seed) {
        double[] accuracy = new double[SHUFFLES];
        double[] auc = new double[SHUFFLES];
        for (int i = 0; i < SHUFFLES; i++) {
            PatternTable shuffled = shuffled(train, seed + 2L * i);
            PatternTable shuffledValidation = shuffled(validation, seed + 2L * i + 1);
            try (FittedPredictor control = predictor().fit(shuffled, shuffledValidation, seed)) {
                double[] probability = control.probabilityCorrect(test.labels());
                int hits = 0;
                for (int row = 0; row < probability.length; row++) {
                    hits += (probability[row] >= 0.5) == test.correct()[row] ? 1 : 0;
                }
                accuracy[i] = (double) hits / probability.length;
                auc[i] = BinaryMetrics.auc(test.correct(), probability);
            }
        }
        Map<String, Object> json = new HashMap<>();
        json.put("accuracy", Figures.interval(spread(accuracy)));
        json.put("auc", Figures.interval(spread(auc)));
        json.put("shuffles", SHUFFLES);
        json.put("rows", test.size());
        return json;
    }

    /** Mean, and where 95 % of such values lie. */
    private static Interval spread(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        double variance =
                Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1);
        double reach = 1.96 * Math.sqrt(variance);
        return new Interval(mean, mean - reach, mean + reach);
    }

    /** Mean SHAP values of predictors fitted on training files drawn with replacement. */
    private static double[][] refitted(Study study, PatternTable train, PatternTable validation, long seed) {
        List<Callable<double[]>> tasks = new ArrayList<>();
        for (int i = 0; i < RESAMPLES; i++) {
            long own = study.options().seedOf("refit " + i);
            tasks.add(() -> {
                PatternTable drawn = train.rows(RankingStability.resample(train.groups(), own));
                try (FittedPredictor fitted = predictor().fit(drawn, validation, seed)) {
                    return fitted.attribute(train.labels()).meanContributions();
                }
            });
        }
        return study.parallel(tasks).toArray(double[][]::new);
    }

    private static Map<String, Object> stability(Attribution shap, double[][] resampled) {
        double[] mean = shap.meanContributions();
        RankingStability signed = RankingStability.of(mean, resampled, Math.min(TOP, mean.length));
        Map<String, Object> json = new HashMap<>();
        json.put("rank_correlation", signed.rankCorrelation());
        json.put("top", signed.top());
        json.put("top_kept", signed.topKept());
        json.put("top_by_chance", signed.topByChance());
        json.put("resamples", signed.resamples());
        return json;
    }

    /** The ranked list, as a table for people and other programs, and as JSON. */
    private static void selection(StageWriter writer, List<String> columns, Attribution shap, double[][] resampled) {
        double[] mean = shap.meanContributions();
        double[][] rows = shap.contributions();
        List<Integer> order = IntStream.range(0, mean.length)
                .boxed()
                .sorted(Comparator.comparingDouble(c -> -mean[c]))
                .toList();
        StringBuilder csv = new StringBuilder("rank,head,layer,index,mean_shap,mean_abs_shap,positive_share\n");
        List<Map<String, Object>> ranked = new ArrayList<>();
        for (int rank = 0; rank < order.size(); rank++) {
            int column = order.get(rank);
            HeadId head = HeadId.parse(columns.get(column));
            double size = Arrays.stream(rows)
                    .mapToDouble(row -> Math.abs(row[column]))
                    .average()
                    .orElse(0);
            double positive = (double) Arrays.stream(resampled)
                            .filter(row -> row[column] > 0)
                            .count()
                    / resampled.length;
            csv.append(String.join(
                            ",",
                            String.valueOf(rank + 1),
                            head.toString(),
                            String.valueOf(head.layer()),
                            String.valueOf(head.head()),
                            String.valueOf(mean[column]),
                            String.valueOf(size),
                            String.valueOf(positive)))
                    .append('\n');
            ranked.add(Map.of(
                    "head",
                    head.toString(),
                    "mean_shap",
                    mean[column],
                    "mean_abs_shap",
                    size,
                    "positive_share",
                    positive));
        }
        writer.json(HEADS + ".json", Map.of("ranking", ranked));
        try {
            Files.writeString(writer.file(HEADS + ".csv"), csv.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("the ranked heads cannot be written: " + e.getMessage(), e);
        }
    }

    /** The paper's way: a predictor of its own for each task, on the few rows that it has. */
    private static void ownPredictors(
            Study study,
            Map<String, Object> tasks,
            List<Selected> selected,
            PatternTable table,
            int[] train,
            int[] validation,
            int[] test,
            long seed) {
        List<Callable<Map<String, Object>>> fits = new ArrayList<>();
        for (String task : tasks.keySet()) {
            PatternTable own = table.rows(of(task, selected, train));
            PatternTable stop = table.rows(of(task, selected, validation));
            PatternTable tested = table.rows(of(task, selected, test));
            fits.add(() -> {
                if (!bothOutcomes(own) || stop.size() == 0) {
                    return null;
                }
                try (FittedPredictor fitted = predictor().fit(own, stop, seed)) {
                    return figures(BinaryMetrics.of(
                            tested.correct(), fitted.probabilityCorrect(tested.labels()), tested.groups(), seed));
                }
            });
        }
        List<Map<String, Object>> found = study.parallel(fits);
        int next = 0;
        for (Map.Entry<String, Object> entry : tasks.entrySet()) {
            Map<String, Object> own = found.get(next++);
            if (own != null) {
                Map<String, Object> both = new HashMap<>(Figures.map(entry.getValue()));
                both.put("own_predictor", own);
                entry.setValue(both);
            }
        }
    }

    private static int[] of(String task, List<Selected> selected, int[] rows) {
        return IntStream.of(rows)
                .filter(row -> selected.get(row).row().task().wireName().equals(task))
                .toArray();
    }

    private static boolean bothOutcomes(PatternTable table) {
        boolean right = false;
        boolean wrong = false;
        for (boolean outcome : table.correct()) {
            right |= outcome;
            wrong |= !outcome;
        }
        return right && wrong;
    }

    /**
     * The question whether patterns add anything to the model's own confidence: trees on each set of features alone and
     * together, compared on the same test rows.
     */
    private static void featureSets(
            Study study,
            Map<String, Object> metrics,
            List<Selected> selected,
            PatternTable labels,
            int[] train,
            int[] validation,
            int[] test,
            StageWriter writer,
            Progress.Stage progress) {
        long seed = study.options().seedOf("predict");
        Features signals = Features.signals(selected);
        EncodingStore store = EncodingStore.open(study.run());
        Features encodings = Features.encodings(study, store, selected, train, seed);
        List<Clusters> clusters =
                ClustersJson.read(study.run().file(Stage.CLUSTER, ClusterStage.MODEL), ClusterStage.encodings(store));
        Map<String, Object> sets = new LinkedHashMap<>();
        Map<String, double[]> probabilities = new LinkedHashMap<>();
        PatternTable none = Features.withoutLabels(labels);
        Map<String, PatternTable> tables = new LinkedHashMap<>();
        tables.put("signals", signals.beside(none));
        tables.put(LIVE, signals.beside(labels));
        tables.put("strengths", Features.strengths(store, clusters, selected).beside(labels));
        tables.put(
                "medoid_distances",
                Features.medoidDistances(study, store, clusters, selected).beside(none));
        tables.put("encodings", encodings.beside(none));
        tables.put("encodings_and_signals", encodings.and(signals).beside(none));
        PatternTable tested = labels.rows(test);
        tables.forEach((name, table) -> {
            PatternTable rows = table.rows(test);
            try (FittedPredictor fitted = predictor().fit(table.rows(train), table.rows(validation), seed)) {
                double[] probability = fitted.probabilityCorrect(rows.labels(), rows.numbers());
                probabilities.put(name, probability);
                sets.put(name, figures(BinaryMetrics.of(tested.correct(), probability, tested.groups(), seed)));
                if (name.equals(LIVE)) {
                    fitted.save(writer.file(LIVE_MODEL + "/predictor").getParent());
                }
            }
            progress.step(1);
        });
        metrics.put("feature_sets", sets);
        Map<String, Object> gains = new LinkedHashMap<>();
        for (String name : List.of(LIVE, "encodings_and_signals")) {
            gains.put(
                    name,
                    difference(PairedComparison.of(
                            tested.correct(),
                            probabilities.get(name),
                            probabilities.get("signals"),
                            tested.groups(),
                            seed)));
        }
        metrics.put("gain_over_signals", gains);
        metrics.put("calibration", calibration(tested.correct(), probabilities.get(LIVE)));
        Map<String, Object> curves = new LinkedHashMap<>();
        for (String name : List.of("signals", LIVE)) {
            curves.put(name, curve(RiskCoverage.of(tested.correct(), probabilities.get(name), tested.groups(), seed)));
        }
        metrics.put("risk_coverage", curves);
    }

    private static Map<String, Object> curve(RiskCoverage curve) {
        Map<String, Object> json = new HashMap<>();
        json.put("area", Figures.interval(curve.area()));
        json.put(
                "points",
                curve.points().stream()
                        .map(point -> Map.of(
                                "coverage",
                                point.coverage(),
                                "threshold",
                                point.threshold(),
                                "risk",
                                Figures.interval(point.risk())))
                        .toList());
        return json;
    }

    private static Map<String, Object> difference(PairedComparison paired) {
        Map<String, Object> comparison = new HashMap<>();
        comparison.put("auc", Figures.interval(paired.auc()));
        comparison.put("accuracy", Figures.interval(paired.accuracy()));
        comparison.put("mcnemar_p", paired.mcNemar());
        return comparison;
    }

    /** Ten groups of equally many rows in the order of their probability: what was foretold and what came. */
    private static List<Map<String, Object>> calibration(boolean[] correct, double[] probability) {
        List<Integer> order = IntStream.range(0, correct.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> probability[i]))
                .toList();
        int bins = Math.min(10, correct.length);
        List<Map<String, Object>> curve = new ArrayList<>();
        for (int bin = 0; bin < bins; bin++) {
            List<Integer> rows = order.subList(bin * order.size() / bins, (bin + 1) * order.size() / bins);
            curve.add(Map.of(
                    "rows",
                    rows.size(),
                    "foretold",
                    rows.stream().mapToDouble(i -> probability[i]).average().orElseThrow(),
                    "correct",
                    rows.stream().mapToDouble(i -> correct[i] ? 1 : 0).average().orElseThrow()));
        }
        return curve;
    }

    private static PatternTable shuffled(PatternTable table, long seed) {
        return new PatternTable(
                table.scenarioIds(),
                table.groups(),
                table.columns(),
                table.labels(),
                Baselines.shuffled(table.correct(), seed));
    }

    private static double[] confidence(List<Selected> selected, int[] rows) {
        return IntStream.of(rows)
                .mapToDouble(row -> selected.get(row).verdict().topProbability())
                .toArray();
    }

    private static Map<String, Object> byTask(
            List<Selected> selected, int[] test, PatternTable tested, double[] probability, long seed) {
        Map<String, List<Integer>> tasks = new TreeMap<>();
        for (int i = 0; i < test.length; i++) {
            tasks.computeIfAbsent(selected.get(test[i]).row().task().wireName(), task -> new ArrayList<>())
                    .add(i);
        }
        Map<String, Object> result = new LinkedHashMap<>();
        tasks.forEach((task, members) -> {
            boolean[] hits = new boolean[members.size()];
            List<String> groups = new ArrayList<>();
            for (int i = 0; i < hits.length; i++) {
                int row = members.get(i);
                hits[i] = (probability[row] >= 0.5) == tested.correct()[row];
                groups.add(tested.groups().get(row));
            }
            result.put(
                    task,
                    Map.of("rows", hits.length, "accuracy", Figures.interval(BinaryMetrics.share(hits, groups, seed))));
        });
        return result;
    }

    private static Map<String, Object> figures(BinaryMetrics metrics) {
        Map<String, Object> json = new HashMap<>();
        json.put("accuracy", Figures.interval(metrics.accuracy()));
        json.put("balanced_accuracy", Figures.interval(metrics.balancedAccuracy()));
        json.put("auc", Figures.interval(metrics.auc()));
        json.put("brier", Figures.interval(metrics.brier()));
        json.put("rows", metrics.rows());
        json.put("groups", metrics.groups());
        return json;
    }
}
