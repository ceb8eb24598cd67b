package org.apmae.models.generation;

import java.util.Objects;
import java.util.Set;

/**
 * How much is generated and how. Immutable.
 *
 * @param newTokens most tokens to add, 1 or more
 * @param sampling how each is chosen
 * @param stopIds ids after which generation ends; they are part of the result
 * @param cache whether keys and values are kept between steps; the numbers agree either way, a cache is faster
 */
public record GenerationOptions(int newTokens, Sampling sampling, Set<Integer> stopIds, boolean cache) {
    /**
     * Checks the values and copies the set.
     *
     * @throws IllegalArgumentException if the number of tokens is below 1
     */
    public GenerationOptions {
        Objects.requireNonNull(sampling, "sampling");
        stopIds = Set.copyOf(stopIds);
        if (newTokens < 1) {
            throw new IllegalArgumentException(newTokens + " new tokens are asked for; ask for 1 or more");
        }
    }

    /**
     * Makes the options of a greedy generation with a cache and without a stop.
     *
     * @param newTokens tokens to add, 1 or more
     * @return the options
     * @throws IllegalArgumentException if the number of tokens is below 1
     */
    public static GenerationOptions greedy(int newTokens) {
        return new GenerationOptions(newTokens, Sampling.greedy(), Set.of(), true);
    }
}
