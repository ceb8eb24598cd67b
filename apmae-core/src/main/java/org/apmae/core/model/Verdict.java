package org.apmae.core.model;

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
        double targetLoss) {
    /**
     * Says whether the arg-max is the target token.
     *
     * @return false where there is no target
     */
    public boolean correct() {
        return targetToken != Prompt.NO_TARGET && predictedToken == targetToken;
    }
}
