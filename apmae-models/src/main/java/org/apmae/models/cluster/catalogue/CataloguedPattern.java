package org.apmae.models.cluster.catalogue;

import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;

/**
 * One pattern of one head, as the catalogue gets it. Immutable.
 */
public final class CataloguedPattern {
    private final HeadId head;
    private final int label;
    private final String medoid;
    private final float[] encoding;
    private final Map<String, Integer> tasks;
    private final PatternScores scores;

    /**
     * Copies its arguments.
     *
     * @param head the head
     * @param label the pattern's label in that head
     * @param medoid scenario of the pattern's medoid
     * @param encoding F numbers: the medoid's encoding
     * @param tasks how many scenarios of each task show the pattern, by the task's wire name
     * @param scores scores of the medoid's attention
     */
    public CataloguedPattern(
            HeadId head, int label, String medoid, float[] encoding, Map<String, Integer> tasks, PatternScores scores) {
        this.head = head;
        this.label = label;
        this.medoid = medoid;
        this.encoding = encoding.clone();
        this.tasks = new TreeMap<>(tasks);
        this.scores = scores;
    }

    /**
     * Returns the head.
     *
     * @return the head
     */
    public HeadId head() {
        return head;
    }

    /**
     * Returns the pattern's label in its head.
     *
     * @return 0 or more
     */
    public int label() {
        return label;
    }

    /**
     * Returns the scenario of the medoid.
     *
     * @return its id
     */
    public String medoid() {
        return medoid;
    }

    /**
     * Returns the scores of the medoid's attention.
     *
     * @return the scores
     */
    public PatternScores scores() {
        return scores;
    }

    /**
     * Returns how many scenarios of each task show the pattern.
     *
     * @return counts by wire name; a copy
     */
    public Map<String, Integer> tasks() {
        return new TreeMap<>(tasks);
    }

    float[] encoding() {
        return encoding;
    }
}
