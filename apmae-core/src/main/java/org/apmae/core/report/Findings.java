package org.apmae.core.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a run found, in plain sentences, and what a reader must know before believing it. */
final class Findings {
    private final Json metrics;

    Findings(Json metrics) {
        this.metrics = metrics;
    }

    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        Json record = metrics.at("record");
        if (record.at("run").present()) {
            sentences.add("The model completed " + record.at("run").count() + " scenarios; "
                    + record.at("selected").count()
                    + " of them were studied, in each task as many right as wrong ones.");
        }
        Json train = metrics.at("train");
        if (train.at("masked_mse_trained").present()) {
            sentences.add(String.format(
                    Locale.ROOT,
                    "The AP-MAE predicts hidden parts of attention patterns with a mean squared error of %.4f; the mean pattern"
                            + " of the head gives %.4f.",
                    train.at("masked_mse_trained").number(),
                    train.at("masked_mse_mean_pattern").number()));
        }
        Json cluster = metrics.at("cluster");
        if (cluster.at("patterns").present()) {
            sentences.add("The " + cluster.at("heads").entries().size() + " heads show "
                    + cluster.at("patterns").count()
                    + " recurring patterns.");
        }
        prediction(sentences);
        sweep(sentences);
        return sentences;
    }

    private void prediction(List<String> sentences) {
        Json predict = metrics.at("predict");
        Json patterns = predict.at("patterns").at("auc");
        Json confidence = predict.at("model_confidence").at("auc");
        if (!patterns.present()) {
            return;
        }
        StringBuilder text = new StringBuilder(
                        "From the pattern labels alone, whether a completion is right is predicted")
                .append(" with an AUC of ")
                .append(patterns.shown(3))
                .append(patterns.low() > 0.5 ? "." : ", which cannot be told from guessing (0.5).");
        if (confidence.present()) {
            text.append(" The model's own confidence reaches ")
                    .append(confidence.shown(3))
                    .append('.');
        }
        sentences.add(text.toString());
        Json gain = predict.at("gain_over_signals").at("patterns_and_signals").at("auc");
        if (gain.present()) {
            sentences.add("Added to the model's own signals, pattern labels change the AUC by "
                    + gain.shown(3)
                    + (gain.low() > 0
                            ? ": they add something."
                            : gain.high() < 0 ? ": they do harm." : ": nothing that can be told from chance."));
        }
    }

    private void sweep(List<String> sentences) {
        List<Json> settings = metrics.at("sweep").at("settings").items();
        Json best = null;
        Json worst = null;
        for (Json setting : settings) {
            double accuracy = setting.at("accuracy").number();
            if (!Double.isNaN(accuracy)) {
                best = best == null || accuracy > best.at("accuracy").number() ? setting : best;
                worst = worst == null || accuracy < worst.at("accuracy").number() ? setting : worst;
            }
        }
        if (best == null || worst == null) {
            return;
        }
        sentences.add("Of " + settings.size() + " ways to remove heads, the best ("
                + best.at("ranking").text() + ", "
                + best.at("heads").count() + (best.at("heads").number() == 1 ? " head" : " heads")
                + ") leaves an accuracy of "
                + best.at("accuracy").shown(3) + ", the worst ("
                + worst.at("ranking").text() + ", "
                + worst.at("heads").count() + ") one of "
                + worst.at("accuracy").shown(3) + "; before, it is one half by choice of the scenarios.");
    }

    List<String> caveats() {
        List<String> caveats = new ArrayList<>();
        Map<String, Json> heads = metrics.at("cluster").at("heads").entries();
        long single = heads.values().stream()
                .filter(head -> head.at("patterns").number() == 1)
                .count();
        if (single > 0) {
            caveats.add("In " + single + " of " + heads.size()
                    + " heads all encodings form one cloud. The one pattern found there is the dense core of the cloud and the"
                    + " noise its rim: typical and less typical, not two behaviours.");
        }
        double[] stability = heads.values().stream()
                .mapToDouble(head -> head.at("stability_subsamples").number())
                .filter(Double::isFinite)
                .sorted()
                .toArray();
        if (stability.length > 0 && stability[stability.length / 2] < 0.6) {
            caveats.add(String.format(
                    Locale.ROOT,
                    "Labels are not firm: clustered again on a part of the scenarios, the median head keeps an adjusted Rand"
                            + " index of %.2f (1 is the same, 0 is chance).",
                    stability[stability.length / 2]));
        }
        Json shuffled = metrics.at("predict").at("shuffled_labels").at("auc");
        if (shuffled.low() > 0.5 || shuffled.high() < 0.5) {
            caveats.add(
                    "Trained on shuffled outcomes the predictor reaches an AUC of " + shuffled.shown(3)
                            + ", where one half is due. One shuffle in twenty does so by chance; read intervals of this width with care.");
        }
        if (metrics.at("predict").present()) {
            caveats.add(
                    "Accuracies of prediction and intervention are those on balanced scenarios, half of them right. Where a"
                            + " model is mostly right, they are others.");
        }
        if (metrics.at("sweep").at("settings").items().size() > 1) {
            caveats.add(
                    "The best of many ways to remove heads is chosen after the fact, so its accuracy is optimistic.");
        }
        caveats.add("All figures hold for this model, this corpus and this seed.");
        return caveats;
    }
}
