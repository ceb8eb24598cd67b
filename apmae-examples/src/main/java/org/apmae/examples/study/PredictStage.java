package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.core.predict.Attribution;
import org.apmae.core.predict.Baselines;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.predict.Interval;
import org.apmae.core.predict.PairedComparison;
import org.apmae.core.predict.PatternTable;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.predict.BoostedTrees;

/** Stage 6: predicting correctness from pattern labels, with the baselines that could embarrass it. */
final class PredictStage {
    static final String MODEL = "models/predictor";

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
        try (Progress.Stage progress = study.progress().start("predicting correctness", 6, "predictors");
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
            featureSets(study, metrics, selected, table, train, validation, test, progress);
            metrics.put("tasks", byTask(selected, test, tested, probability, seed));
            Map<String, Object> heads = new LinkedHashMap<>();
            double[] mean = shap.meanContributions();
            for (int c = 0; c < mean.length; c++) {
                heads.put(table.columns().get(c), mean[c]);
            }
            metrics.put("mean_shap", heads);
            metrics.put("expected_log_odds", shap.expectedValue());
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
        PatternTable shuffled = shuffled(trained, seed);
        PatternTable shuffledValidation = shuffled(table.rows(validation), seed + 1);
        try (FittedPredictor control = predictor().fit(shuffled, shuffledValidation, seed)) {
            metrics.put(
                    "shuffled_labels",
                    figures(BinaryMetrics.of(
                            tested.correct(), control.probabilityCorrect(tested.labels()), tested.groups(), seed)));
        }
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
            Progress.Stage progress) {
        long seed = study.options().seedOf("predict");
        Features signals = Features.signals(selected);
        Features encodings = Features.encodings(EncodingStore.open(study.run()), selected, train, seed);
        Map<String, Object> sets = new LinkedHashMap<>();
        Map<String, double[]> probabilities = new LinkedHashMap<>();
        PatternTable none = Features.withoutLabels(labels);
        Map<String, PatternTable> tables = new LinkedHashMap<>();
        tables.put("signals", signals.beside(none));
        tables.put("patterns_and_signals", signals.beside(labels));
        tables.put("encodings", encodings.beside(none));
        tables.put("encodings_and_signals", encodings.and(signals).beside(none));
        PatternTable tested = labels.rows(test);
        tables.forEach((name, table) -> {
            PatternTable rows = table.rows(test);
            try (FittedPredictor fitted = predictor().fit(table.rows(train), table.rows(validation), seed)) {
                double[] probability = fitted.probabilityCorrect(rows.labels(), rows.numbers());
                probabilities.put(name, probability);
                sets.put(name, figures(BinaryMetrics.of(tested.correct(), probability, tested.groups(), seed)));
            }
            progress.step(1);
        });
        metrics.put("feature_sets", sets);
        Map<String, Object> gains = new LinkedHashMap<>();
        for (String name : List.of("patterns_and_signals", "encodings_and_signals")) {
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
        metrics.put("calibration", calibration(tested.correct(), probabilities.get("patterns_and_signals")));
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
