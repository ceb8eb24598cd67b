package org.apmae.core.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The tables of a run's report, from its metrics. */
final class RunTablesView {
    static final List<String> LAYERS =
            List.of("layer", "patterns", "noise", "validity", "stability, seeds", "stability, parts");
    static final List<String> FAMILIES = List.of("family", "patterns", "by layer", "best scores", "medoid");
    static final List<String> ASSOCIATIONS =
            List.of("what", "classes", "information (nats)", "by chance", "heads above chance");
    static final List<String> MODELS = List.of("model", "squared error", "structural similarity");
    static final List<String> MODEL_LAYERS = List.of("layer", "trained", "mean pattern", "ratio", "similarity");
    static final List<String> CONFUSION = List.of("", "called right", "called wrong");
    static final List<String> PREDICTOR = List.of("features", "accuracy", "AUC", "Brier score");
    static final List<String> SWEEP = List.of(
            "ranking", "heads", "changed", "wrong to right", "right to wrong", "accuracy", "loss before", "loss after");
    static final List<String> MINING =
            List.of("task", "candidates", "prompts", "rejected", "run", "share right", "studied");

    private final Json metrics;

    RunTablesView(Json metrics) {
        this.metrics = metrics;
    }

    List<List<String>> layers() {
        List<List<String>> rows = new ArrayList<>();
        metrics.at("cluster")
                .at("layers")
                .entries()
                .forEach((layer, value) -> rows.add(List.of(
                        layer,
                        value.at("patterns").count(),
                        value.at("noise").shown(2),
                        value.at("validity").shown(2),
                        value.at("stability_seeds").shown(2),
                        value.at("stability_subsamples").shown(2))));
        rows.sort((a, b) -> a.get(0).length() != b.get(0).length()
                ? Integer.compare(a.get(0).length(), b.get(0).length())
                : a.get(0).compareTo(b.get(0)));
        return rows;
    }

    Optional<List<List<String>>> families() {
        List<List<String>> rows = new ArrayList<>();
        for (Json family : metrics.at("cluster").at("families").items()) {
            rows.add(List.of(
                    family.at("name").text(),
                    String.valueOf(family.at("patterns").items().size()),
                    counts(family.at("layers")),
                    family.at("scores").entries().entrySet().stream()
                            .filter(score -> Double.isFinite(score.getValue().number()))
                            .sorted((a, b) -> Double.compare(
                                    b.getValue().number(), a.getValue().number()))
                            .limit(3)
                            .map(score ->
                                    score.getKey() + " " + score.getValue().shown(2))
                            .collect(Collectors.joining(", ")),
                    family.at("medoid").at("head").text()));
        }
        return rows.isEmpty() ? Optional.empty() : Optional.of(rows);
    }

    private static String counts(Json counts) {
        return counts.entries().entrySet().stream()
                .map(entry -> entry.getKey() + ": " + entry.getValue().count())
                .collect(Collectors.joining(", "));
    }

    Optional<List<List<String>>> associations() {
        List<List<String>> rows = new ArrayList<>();
        metrics.at("cluster")
                .at("associations")
                .entries()
                .forEach((name, value) -> rows.add(List.of(
                        name.replace('_', ' '),
                        value.at("classes").count(),
                        value.at("information").shown(4),
                        value.at("by_chance").shown(4),
                        value.at("heads_above_chance").count())));
        return rows.isEmpty() ? Optional.empty() : Optional.of(rows);
    }

    List<List<String>> models() {
        Map<String, String> names = Map.of(
                "trained", "trained AP-MAE",
                "untrained", "untrained AP-MAE",
                "mean_pattern", "mean pattern of the head",
                "nearest_patch", "nearest visible patch");
        List<List<String>> rows = new ArrayList<>();
        for (String key : List.of("trained", "mean_pattern", "nearest_patch", "untrained")) {
            Json error = metrics.at("train").at("masked_mse_" + key);
            if (error.present()) {
                rows.add(List.of(
                        names.getOrDefault(key, key),
                        error.shown(5),
                        metrics.at("train").at("masked_ssim_" + key).shown(3)));
            }
        }
        return rows;
    }

    Optional<List<List<String>>> layersOfModel() {
        List<List<String>> rows = new ArrayList<>();
        for (Json layer : metrics.at("train").at("layers").items()) {
            double trained = layer.at("masked_mse_trained").number();
            double mean = layer.at("masked_mse_mean_pattern").number();
            rows.add(List.of(
                    layer.at("layer").count(),
                    Json.fixed(trained, 5),
                    Json.fixed(mean, 5),
                    Json.fixed(trained / mean, 3),
                    layer.at("masked_ssim_trained").shown(3)));
        }
        return rows.isEmpty() ? Optional.empty() : Optional.of(rows);
    }

    /** Rows are what happened, columns what was predicted. */
    Optional<List<List<String>>> confusion() {
        Json predict = metrics.at("predict");
        for (Json found : List.of(
                predict.at("confusion"),
                predict.at("patterns").at("confusion"),
                metrics.at("report").at("confusion"))) {
            Json tp = first(found, "true_positives", "true_positive", "tp");
            if (tp.present()) {
                return Optional.of(List.of(
                        List.of(
                                "was right",
                                tp.count(),
                                first(found, "false_negatives", "false_negative", "fn")
                                        .count()),
                        List.of(
                                "was wrong",
                                first(found, "false_positives", "false_positive", "fp")
                                        .count(),
                                first(found, "true_negatives", "true_negative", "tn")
                                        .count())));
            }
        }
        return Optional.empty();
    }

    private static Json first(Json object, String... keys) {
        for (String key : keys) {
            if (object.at(key).present()) {
                return object.at(key);
            }
        }
        return Json.of(null);
    }

    List<List<String>> predictor() {
        RunFigures figures = new RunFigures(metrics);
        Map<String, Json> accuracy = figures.featureSets("accuracy");
        Map<String, Json> auc = figures.featureSets("auc");
        Map<String, Json> brier = figures.featureSets("brier");
        List<List<String>> rows = new ArrayList<>();
        accuracy.forEach((name, value) -> rows.add(List.of(
                name,
                value.shown(3),
                auc.getOrDefault(name, Json.of(null)).shown(3),
                brier.getOrDefault(name, Json.of(null)).shown(3))));
        return rows;
    }

    List<List<String>> predictorTasks() {
        List<List<String>> rows = new ArrayList<>();
        metrics.at("predict")
                .at("tasks")
                .entries()
                .forEach((task, value) -> rows.add(List.of(
                        task, value.at("rows").count(), value.at("accuracy").shown(2))));
        return rows;
    }

    List<List<String>> sweep() {
        List<List<String>> rows = new ArrayList<>();
        for (Json setting : metrics.at("sweep").at("settings").items()) {
            rows.add(List.of(
                    setting.at("ranking").text(),
                    setting.at("heads").count(),
                    setting.at("predictions_changed").count(),
                    setting.at("incorrect_to_correct").count(),
                    setting.at("correct_to_incorrect").count(),
                    setting.at("accuracy").shown(3),
                    setting.at("target_loss_before").shown(3),
                    setting.at("target_loss_after").shown(3)));
        }
        return rows;
    }

    List<List<String>> mining() {
        Map<String, Json> recorded = metrics.at("record").at("tasks").entries();
        List<List<String>> rows = new ArrayList<>();
        metrics.at("mine").at("tasks").entries().forEach((task, value) -> {
            Json outcome = recorded.getOrDefault(task, Json.of(null));
            String rejected = value.at("rejected").entries().entrySet().stream()
                    .map(reason -> reason.getKey().replace('_', ' ') + " "
                            + reason.getValue().count())
                    .collect(Collectors.joining(", "));
            rows.add(List.of(
                    task,
                    value.at("candidates").count(),
                    value.at("prompts").count(),
                    rejected.isEmpty() ? "none" : rejected,
                    outcome.at("run").count(),
                    outcome.at("accuracy").shown(2),
                    outcome.at("selected").count()));
        });
        return rows;
    }
}
