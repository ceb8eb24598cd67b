package org.apmae.models.cluster.catalogue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Patterns of several heads that look alike.
 *
 * @param patterns the patterns, in the order of the catalogue's input
 * @param medoid the pattern closest to all others
 * @param scores mean scores of the patterns
 */
public record PatternFamily(List<CataloguedPattern> patterns, CataloguedPattern medoid, PatternScores scores) {
    /** Copies the list. */
    public PatternFamily {
        patterns = List.copyOf(patterns);
    }

    /**
     * Counts the patterns of the family in each layer.
     *
     * @return number of patterns by layer
     */
    public Map<Integer, Integer> layers() {
        Map<Integer, Integer> counts = new TreeMap<>();
        patterns.forEach(pattern -> counts.merge(pattern.head().layer(), 1, Integer::sum));
        return counts;
    }

    /**
     * Counts how often the family is seen in each task, over all its heads.
     *
     * @return pairs of a head and a scenario, by the task's wire name
     */
    public Map<String, Integer> tasks() {
        Map<String, Integer> counts = new TreeMap<>();
        patterns.forEach(pattern -> pattern.tasks().forEach((task, count) -> counts.merge(task, count, Integer::sum)));
        return counts;
    }

    /**
     * Returns what to call the family: the known pattern that its mean scores name.
     *
     * @return a few words
     */
    public String title() {
        return scores.name().map(KnownPattern::title).orElse("other");
    }
}
