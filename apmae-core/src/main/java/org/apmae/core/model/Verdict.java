package org.apmae.core.model;

import java.io.Serializable;

/**
 * What a model predicts after a prompt, and whether it is right.
 *
 * @param scenarioId the scenario
 * @param predictedToken arg-max of the next-token distribution
 * @param targetToken the token that would be right, or {@link Prompt#NO_TARGET}
 * @param topProbability probability of the predicted token, 0 to 1
 * @param margin probability of the first less that of the second token, 0 to 1
 * @param entropy entropy of the distribution in nats, 0 or more
 * @param targetLoss negative log probability of the target token in nats; NaN where there is no target
 */
public record Verdict(
        String scenarioId,
        int predictedToken,
        int targetToken,
        double topProbability,
        double margin,
        double entropy,
        double targetLoss)
        implements Serializable {
    /**
     * Says whether the arg-max is the target token.
     *
     * @return false where there is no target
     */
    public boolean correct() {
        return targetToken != Prompt.NO_TARGET && predictedToken == targetToken;
    }

    /**
     * Reads a verdict off the logits of the next token.
     *
     * @param prompt the prompt
     * @param logits finite numbers, those of this prompt among them; borrowed
     * @param from where those of this prompt begin
     * @param size number of token ids, at least one; the prompt's target is below it
     * @return the verdict; of equally large logits the first counts
     */
    public static Verdict of(Prompt prompt, float[] logits, int from, int size) {
        int first = 0;
        int second = -1;
        for (int i = 1; i < size; i++) {
            if (logits[from + i] > logits[from + first]) {
                second = first;
                first = i;
            } else if (second < 0 || logits[from + i] > logits[from + second]) {
                second = i;
            }
        }
        double top = logits[from + first];
        double sum = 0;
        double weighted = 0;
        for (int i = 0; i < size; i++) {
            double shifted = logits[from + i] - top;
            double e = Math.exp(shifted);
            sum += e;
            weighted += e * shifted;
        }
        double logSum = Math.log(sum);
        double margin = second < 0 ? 1 : (1 - Math.exp(logits[from + second] - top)) / sum;
        boolean known = prompt.targetToken() != Prompt.NO_TARGET;
        double loss = known ? logSum - (logits[from + prompt.targetToken()] - top) : Double.NaN;
        return new Verdict(
                prompt.scenarioId(), first, prompt.targetToken(), 1 / sum, margin, logSum - weighted / sum, loss);
    }
}
