package org.apmae.core.gallery;

import java.util.List;
import java.util.Objects;

/**
 * The tokens of a prompt as text.
 *
 * @param scenarioId the scenario
 * @param tokens text of each token, special tokens by their names
 * @param predicted text of the token that the target model predicts next
 */
public record PromptText(String scenarioId, List<String> tokens, String predicted) {
    /** Copies the list. */
    public PromptText {
        Objects.requireNonNull(scenarioId, "scenarioId");
        tokens = List.copyOf(tokens);
        Objects.requireNonNull(predicted, "predicted");
    }
}
