package org.apmae.models.sweep;

import java.util.List;
import org.apmae.core.model.Verdict;

/** What the model predicts for N prompts under one setting, in their order. Immutable and thread-safe. */
public final class SettingOutcomes {
    private final int[] predicted;
    private final double[] losses;

    SettingOutcomes(int[] predicted, double[] losses) {
        this.predicted = predicted;
        this.losses = losses;
    }

    static SettingOutcomes of(List<Verdict> verdicts) {
        return new SettingOutcomes(
                verdicts.stream().mapToInt(Verdict::predictedToken).toArray(),
                verdicts.stream().mapToDouble(Verdict::targetLoss).toArray());
    }

    /**
     * Returns the number of prompts.
     *
     * @return N
     */
    public int size() {
        return predicted.length;
    }

    /**
     * Returns the arg-max of a prompt's next-token distribution.
     *
     * @param prompt 0 to N - 1
     * @return a token id
     */
    public int predictedToken(int prompt) {
        return predicted[prompt];
    }

    /**
     * Returns a prompt's negative log probability of the target.
     *
     * @param prompt 0 to N - 1
     * @return nats; NaN where the prompt has no target
     */
    public double targetLoss(int prompt) {
        return losses[prompt];
    }

    /**
     * Returns all target losses.
     *
     * @return N numbers; a copy
     */
    public double[] targetLosses() {
        return losses.clone();
    }

    /**
     * Returns the mean target loss.
     *
     * @return nats; NaN where there is no prompt or one has no target
     */
    public double meanLoss() {
        double sum = 0;
        for (double loss : losses) {
            sum += loss;
        }
        return sum / losses.length;
    }

    int[] predictedTokens() {
        return predicted.clone();
    }
}
