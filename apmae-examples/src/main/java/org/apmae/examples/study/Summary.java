package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The closing tables of a study, for the terminal and for the report. */
final class Summary {
    static final List<String> MINING_COLUMNS =
            List.of("task", "candidates", "prompts", "rejected", "run", "first-token accuracy", "selected");
    static final List<String> APMAE_COLUMNS = List.of("prediction of masked patches", "mean squared error", "SSIM");
    static final List<String> LAYER_COLUMNS = List.of(
            "layer",
            "patterns",
            "mean share of noise",
            "validity (DBCV)",
            "stability: seeds",
            "stability: 80 % of rows");
    static final List<String> PREDICTOR_COLUMNS = List.of("predictor", "accuracy", "AUC");
    static final List<String> SWEEP_COLUMNS = List.of(
            "ranking", "heads", "changed", "wrong to right", "right to wrong", "accuracy", "loss before", "loss after");

    private Summary() {}

    static List<List<String>> mining(Map<String, Object> metrics) {
        Map<String, Object> recorded =
                Figures.map(Figures.map(metrics.get("record")).get("tasks"));
        List<List<String>> rows = new ArrayList<>();
        Figures.map(Figures.map(metrics.get("mine")).get("tasks")).forEach((task, value) -> {
            Map<String, Object> one = Figures.map(value);
            Map<String, Object> outcome = recorded.containsKey(task) ? Figures.map(recorded.get(task)) : Map.of();
            StringBuilder rejected = new StringBuilder();
            Figures.map(one.get("rejected"))
                    .forEach((reason, count) -> rejected.append(rejected.isEmpty() ? "" : ", ")
                            .append(reason)
                            .append(' ')
                            .append(count));
            rows.add(List.of(
                    task,
                    String.valueOf(one.get("candidates")),
                    String.valueOf(one.get("prompts")),
                    rejected.isEmpty() ? "none" : rejected.toString(),
                    String.valueOf(outcome.getOrDefault("run", "-")),
                    outcome.isEmpty() ? "-" : Figures.shown(outcome.get("accuracy"), 2),
                    String.valueOf(outcome.getOrDefault("selected", "-"))));
        });
        return rows;
    }

    static List<List<String>> apmae(Map<String, Object> metrics) {
        Map<String, Object> train = Figures.map(metrics.get("train"));
        return List.of(
                row(train, "trained AP-MAE", "trained"),
                row(train, "untrained AP-MAE", "untrained"),
                row(train, "mean pattern of the head", "mean_pattern"),
                row(train, "nearest visible patch", "nearest_patch"));
    }

    private static List<String> row(Map<String, Object> train, String name, String key) {
        return List.of(
                name,
                Figures.fixed(Figures.number(train.get("masked_mse_" + key)), 5),
                Figures.fixed(Figures.number(train.get("masked_ssim_" + key)), 3));
    }

    static List<List<String>> layers(Map<String, Object> metrics) {
        List<List<String>> rows = new ArrayList<>();
        Figures.map(Figures.map(metrics.get("cluster")).get("layers"))
                .forEach((layer, value) -> rows.add(List.of(
                        layer,
                        String.valueOf(Figures.map(value).get("patterns")),
                        Figures.fixed(Figures.number(Figures.map(value).get("noise")), 2),
                        Figures.fixed(Figures.number(Figures.map(value).get("validity")), 2),
                        Figures.fixed(Figures.number(Figures.map(value).get("stability_seeds")), 2),
                        Figures.fixed(Figures.number(Figures.map(value).get("stability_subsamples")), 2))));
        return rows;
    }

    static List<List<String>> predictor(Map<String, Object> metrics) {
        Map<String, Object> predict = Figures.map(metrics.get("predict"));
        Map<String, Object> patterns = Figures.map(predict.get("patterns"));
        Map<String, Object> confidence = Figures.map(predict.get("model_confidence"));
        Map<String, Object> shuffled = Figures.map(predict.get("shuffled_labels"));
        Map<String, Object> difference = Figures.map(predict.get("patterns_minus_confidence"));
        List<List<String>> rows = new ArrayList<>(List.of(
                List.of(
                        "pattern labels",
                        Figures.shown(patterns.get("accuracy"), 3),
                        Figures.shown(patterns.get("auc"), 3)),
                List.of("majority", Figures.shown(predict.get("majority_accuracy"), 3), "0.500"),
                List.of(
                        "model's own confidence",
                        Figures.shown(confidence.get("accuracy"), 3),
                        Figures.shown(confidence.get("auc"), 3)),
                List.of(
                        "shuffled outcomes",
                        Figures.shown(shuffled.get("accuracy"), 3),
                        Figures.shown(shuffled.get("auc"), 3)),
                List.of(
                        "patterns less confidence",
                        Figures.shown(difference.get("accuracy"), 3),
                        Figures.shown(difference.get("auc"), 3))));
        Map<String, String> names = Map.of(
                "signals", "trees on the model's signals",
                "patterns_and_signals", "pattern labels and signals",
                "encodings", "axes of the encodings",
                "encodings_and_signals", "axes of the encodings and signals",
                "strengths", "labels and membership strengths",
                "medoid_distances", "distances to the medoids");
        Figures.map(predict.get("feature_sets"))
                .forEach((name, value) -> rows.add(List.of(
                        names.getOrDefault(name, name),
                        Figures.shown(Figures.map(value).get("accuracy"), 3),
                        Figures.shown(Figures.map(value).get("auc"), 3))));
        Figures.map(predict.get("gain_over_signals"))
                .forEach((name, value) -> rows.add(List.of(
                        names.getOrDefault(name, name) + ", less signals alone",
                        Figures.shown(Figures.map(value).get("accuracy"), 3),
                        Figures.shown(Figures.map(value).get("auc"), 3))));
        return rows;
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> settings(Map<String, Object> metrics) {
        return (List<Map<String, Object>>) Figures.map(metrics.get("sweep")).getOrDefault("settings", List.of());
    }

    static List<List<String>> sweep(Map<String, Object> metrics) {
        return settings(metrics).stream()
                .map(setting -> List.of(
                        String.valueOf(setting.get("ranking")),
                        String.valueOf(setting.get("heads")),
                        String.valueOf(setting.get("predictions_changed")),
                        String.valueOf(setting.get("incorrect_to_correct")),
                        String.valueOf(setting.get("correct_to_incorrect")),
                        Figures.shown(setting.get("accuracy"), 3),
                        Figures.fixed(Figures.number(setting.get("target_loss_before")), 3),
                        Figures.fixed(Figures.number(setting.get("target_loss_after")), 3)))
                .toList();
    }
}
