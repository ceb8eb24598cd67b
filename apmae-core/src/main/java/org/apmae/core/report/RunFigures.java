package org.apmae.core.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apmae.core.model.HeadId;

/** The charts of a run, from its metrics. A chart whose numbers are not there is left out. */
final class RunFigures {
    private static final int HEADS = 16;
    private static final Map<String, String> NAMES = Map.of(
            "signals", "the model's signals",
            "patterns_and_signals", "labels and signals",
            "encodings", "axes of encodings",
            "encodings_and_signals", "axes and signals",
            "strengths", "labels and strengths",
            "medoid_distances", "distances to medoids",
            "patterns", "pattern labels",
            "model_confidence", "confidence",
            "shuffled_labels", "shuffled outcomes",
            "majority_accuracy", "majority");

    private final Json metrics;

    RunFigures(Json metrics) {
        this.metrics = metrics;
    }

    /** All charts by id, in the order of the report. */
    Map<String, Figure> all() {
        Map<String, Figure> figures = new LinkedHashMap<>();
        List<Optional<Figure>> found = new ArrayList<>(
                List.of(modelAccuracy(), features("auc", "AUC"), features("accuracy", "accuracy"), byTask()));
        found.add(calibration());
        found.add(roc());
        found.add(riskCoverage());
        found.add(shap());
        found.add(sweep("accuracy", "accuracy", setting -> setting.at("accuracy")));
        found.add(sweep("sweep_loss", "loss of the target token (nats)", setting -> setting.at("target_loss_after")));
        found.addAll(flips());
        found.forEach(figure -> figure.ifPresent(f -> figures.put(f.id(), f)));
        return figures;
    }

    static String name(String key) {
        return NAMES.getOrDefault(key, key.replace('_', ' '));
    }

    private static Series estimates(String name, List<Json> values) {
        return Series.values(name, values.stream().mapToDouble(Json::number).toArray())
                .withInterval(
                        values.stream().mapToDouble(Json::low).toArray(),
                        values.stream().mapToDouble(Json::high).toArray());
    }

    private static Optional<Figure> figure(
            String id,
            Figure.Kind kind,
            ChartLabels labels,
            List<String> categories,
            List<Series> series,
            double line) {
        boolean any = false;
        for (Series each : series) {
            for (int i = 0; i < each.size(); i++) {
                any |= Double.isFinite(each.y(i));
            }
        }
        return any ? Optional.of(new Figure(id, kind, labels, categories, series, line)) : Optional.empty();
    }

    private Optional<Figure> modelAccuracy() {
        Map<String, Json> tasks = metrics.at("record").at("tasks").entries();
        tasks.values().removeIf(task -> !Double.isFinite(task.at("accuracy").number()));
        return figure(
                "model_accuracy",
                Figure.Kind.INTERVALS,
                new ChartLabels("How often the model's first token is right", "task", "share right"),
                List.copyOf(tasks.keySet()),
                List.of(estimates(
                        "model",
                        tasks.values().stream().map(task -> task.at("accuracy")).toList())),
                Double.NaN);
    }

    /** Every set of features that the predictor was fitted on, and every baseline, with its measure. */
    Map<String, Json> featureSets(String measure) {
        Json predict = metrics.at("predict");
        Map<String, Json> sets = new LinkedHashMap<>();
        sets.put("patterns", predict.at("patterns"));
        predict.at("feature_sets").entries().forEach(sets::put);
        predict.entries().forEach((key, value) -> {
            if (!key.contains("minus") && value.at(measure).isEstimate()) {
                sets.putIfAbsent(key, value);
            }
        });
        predict.at("baselines").entries().forEach(sets::putIfAbsent);
        Map<String, Json> values = new LinkedHashMap<>();
        sets.forEach((key, value) -> {
            if (Double.isFinite(value.at(measure).number())) {
                values.put(name(key), value.at(measure));
            }
        });
        if (measure.equals("accuracy") && predict.at("majority_accuracy").isEstimate()) {
            values.put(name("majority_accuracy"), predict.at("majority_accuracy"));
        }
        return values;
    }

    private Optional<Figure> features(String measure, String label) {
        Map<String, Json> sets = featureSets(measure);
        return figure(
                "predictor_" + measure,
                Figure.Kind.INTERVALS,
                new ChartLabels("Predicting the outcome: " + label + " on files not seen", "features", label),
                List.copyOf(sets.keySet()),
                List.of(estimates(label, List.copyOf(sets.values()))),
                0.5);
    }

    /** Accuracy by task: the predictor's, and that of each baseline that has one. */
    private Optional<Figure> byTask() {
        Map<String, Json> tasks = metrics.at("predict").at("tasks").entries();
        Map<String, List<Json>> series = new LinkedHashMap<>();
        List<Map<String, Json>> found = new ArrayList<>();
        tasks.forEach((name, task) -> {
            Map<String, Json> own = new LinkedHashMap<>(taskSeries(task));
            taskSeries(metrics.at("report").at("tasks").at(name)).forEach(own::putIfAbsent);
            own.keySet().forEach(key -> series.put(key, new ArrayList<>()));
            found.add(own);
        });
        for (Map<String, Json> own : found) {
            series.forEach((name, values) -> values.add(own.getOrDefault(name, Json.of(null))));
        }
        return figure(
                "predictor_tasks",
                Figure.Kind.INTERVALS,
                new ChartLabels("Predicting the outcome, by task", "task", "accuracy"),
                List.copyOf(tasks.keySet()),
                series.entrySet().stream()
                        .map(each -> estimates(each.getKey(), each.getValue()))
                        .toList(),
                0.5);
    }

    private static Map<String, Json> taskSeries(Json task) {
        Map<String, Json> series = new LinkedHashMap<>();
        if (task.at("accuracy").isEstimate()) {
            series.put(name("patterns"), task.at("accuracy"));
        }
        task.entries().forEach((key, value) -> {
            if (value.at("accuracy").isEstimate()) {
                series.put(name(key), value.at("accuracy"));
            } else if (key.endsWith("_accuracy") && !key.equals("balanced_accuracy") && value.isEstimate()) {
                series.put(name(key.substring(0, key.length() - "_accuracy".length())), value);
            }
        });
        return series;
    }

    private Optional<Figure> calibration() {
        List<Json> bins = metrics.at("predict").at("calibration").items();
        String series = "pattern labels and signals";
        if (bins.isEmpty()) {
            series = "pattern labels";
            bins = metrics.at("predict").at("patterns").at("calibration").items();
        }
        return figure(
                "calibration",
                Figure.Kind.SQUARE,
                new ChartLabels("Calibration", "predicted probability", "share that was right"),
                List.of(),
                List.of(Series.points(
                        series,
                        bins.stream()
                                .mapToDouble(bin -> bin.at("foretold").number())
                                .toArray(),
                        bins.stream()
                                .mapToDouble(bin -> bin.at("correct").number())
                                .toArray())),
                Double.NaN);
    }

    /** The points of a curve, under any of the names that its axes may have. */
    private static Optional<Series> curve(String name, Json points, List<String> x, List<String> y) {
        List<double[]> found = new ArrayList<>();
        for (Json point : points.items()) {
            double across = first(point, x);
            double up = first(point, y);
            if (Double.isFinite(across) && Double.isFinite(up)) {
                found.add(new double[] {across, up});
            }
        }
        found.sort(Comparator.<double[]>comparingDouble(point -> point[0]).thenComparingDouble(point -> point[1]));
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of(Series.points(
                        name,
                        found.stream().mapToDouble(point -> point[0]).toArray(),
                        found.stream().mapToDouble(point -> point[1]).toArray()));
    }

    private static double first(Json point, List<String> keys) {
        return keys.stream()
                .mapToDouble(key -> point.at(key).number())
                .filter(Double::isFinite)
                .findFirst()
                .orElse(Double.NaN);
    }

    /** Curves stand either in a set of features, or under their own name: a list of points, or lists by set of features. */
    private List<Series> curves(String key, List<String> x, List<String> y) {
        Json predict = metrics.at("predict");
        List<Series> series = new ArrayList<>();
        for (Json place : List.of(predict.at(key), metrics.at("report").at(key))) {
            curve(name("patterns"), place, x, y).ifPresent(series::add);
            place.entries()
                    .forEach((set, points) -> curve(name(set), points, x, y)
                            .or(() -> curve(name(set), points.at("points"), x, y))
                            .ifPresent(series::add));
        }
        predict.entries()
                .forEach((set, value) -> curve(name(set), value.at(key), x, y).ifPresent(series::add));
        predict.at("feature_sets")
                .entries()
                .forEach((set, value) -> curve(name(set), value.at(key), x, y).ifPresent(series::add));
        Map<String, Series> once = new LinkedHashMap<>();
        series.forEach(each -> once.putIfAbsent(each.name(), each));
        return List.copyOf(once.values());
    }

    private Optional<Figure> roc() {
        return figure(
                "roc",
                Figure.Kind.SQUARE,
                new ChartLabels("ROC", "share of wrong completions called right", "share of right ones called right"),
                List.of(),
                curves(
                        "roc",
                        List.of("false_positive_rate", "false_positives", "fpr", "x"),
                        List.of("true_positive_rate", "true_positives", "tpr", "y")),
                Double.NaN);
    }

    private Optional<Figure> riskCoverage() {
        return figure(
                "risk_coverage",
                Figure.Kind.LINES,
                new ChartLabels("Risk when the least certain are refused", "share answered", "share of answers wrong"),
                List.of(),
                curves("risk_coverage", List.of("coverage", "x"), List.of("risk", "y")),
                Double.NaN);
    }

    /** Heads by the size of their mean SHAP value. */
    List<HeadId> ranked() {
        return metrics.at("predict").at("mean_shap").entries().entrySet().stream()
                .sorted(Comparator.comparingDouble((Map.Entry<String, Json> head) ->
                                -Math.abs(head.getValue().number()))
                        .thenComparing(head -> HeadId.parse(head.getKey())))
                .map(head -> HeadId.parse(head.getKey()))
                .toList();
    }

    private Optional<Figure> shap() {
        List<String> heads =
                ranked().stream().limit(HEADS).map(HeadId::toString).toList();
        return figure(
                "shap",
                Figure.Kind.INTERVALS,
                new ChartLabels("Heads that count most", "head", "mean SHAP value (log-odds)"),
                heads,
                List.of(estimates(
                        "mean SHAP value",
                        heads.stream()
                                .map(head ->
                                        metrics.at("predict").at("mean_shap").at(head))
                                .toList())),
                0);
    }

    /** The settings of the sweep by ranking, each in the order of the number of heads. */
    Map<String, List<Json>> settings() {
        Map<String, List<Json>> byRanking = new LinkedHashMap<>();
        for (Json setting : metrics.at("sweep").at("settings").items()) {
            if (setting.at("heads").number() >= 1) {
                byRanking
                        .computeIfAbsent(setting.at("ranking").text(), ranking -> new ArrayList<>())
                        .add(setting);
            }
        }
        byRanking
                .values()
                .forEach(settings -> settings.sort(Comparator.comparingDouble(
                        setting -> setting.at("heads").number())));
        return byRanking;
    }

    private static double[] numbers(List<Json> settings, Function<Json, Json> part) {
        return settings.stream()
                .mapToDouble(setting -> part.apply(setting).number())
                .toArray();
    }

    private Optional<Figure> sweep(String id, String label, Function<Json, Json> part) {
        List<Series> series = new ArrayList<>();
        settings().forEach((ranking, settings) -> {
            // All heads at once is a setting of its own, and no line.
            if (settings.size() > 1) {
                series.add(Series.points(ranking, numbers(settings, s -> s.at("heads")), numbers(settings, part))
                        .withInterval(
                                settings.stream()
                                        .mapToDouble(s -> part.apply(s).low())
                                        .toArray(),
                                settings.stream()
                                        .mapToDouble(s -> part.apply(s).high())
                                        .toArray()));
            }
        });
        double before = metrics.at("sweep").at("settings").items().stream()
                .mapToDouble(s -> s.at("target_loss_before").number())
                .filter(Double::isFinite)
                .findFirst()
                .orElse(Double.NaN);
        return figure(
                id.equals("accuracy") ? "sweep" : id,
                Figure.Kind.LINES_LOG,
                new ChartLabels(
                        id.equals("accuracy") ? "Accuracy after removing heads" : "Loss after removing heads",
                        "heads removed",
                        label),
                List.of(),
                series,
                id.equals("accuracy") ? 0.5 : before);
    }

    private List<Optional<Figure>> flips() {
        List<Optional<Figure>> figures = new ArrayList<>();
        settings().forEach((ranking, settings) -> {
            if (settings.size() > 1) {
                double[] heads = numbers(settings, s -> s.at("heads"));
                figures.add(figure(
                        "flips_" + ranking,
                        Figure.Kind.LINES_LOG,
                        new ChartLabels(ranking, "heads removed", "scenarios"),
                        List.of(),
                        List.of(
                                Series.points(
                                        "wrong to right", heads, numbers(settings, s -> s.at("incorrect_to_correct"))),
                                Series.points(
                                        "right to wrong", heads, numbers(settings, s -> s.at("correct_to_incorrect")))),
                        Double.NaN));
            }
        });
        return figures;
    }
}
