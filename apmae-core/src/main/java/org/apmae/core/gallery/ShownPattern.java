package org.apmae.core.gallery;

import java.util.Objects;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.store.PatternTriangle;

/**
 * A pattern that stands for others.
 *
 * @param label the cluster in its head, or {@link Clusters#NOISE}
 * @param medoid whether it is the cluster's medoid
 * @param strength how firmly it belongs to the cluster, 0 to 1
 * @param pattern the attention weights, with their head and scenario
 */
public record ShownPattern(int label, boolean medoid, double strength, PatternTriangle pattern) {
    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if the label or the strength is out of range, or noise is called a medoid
     */
    public ShownPattern {
        Objects.requireNonNull(pattern, "pattern");
        if (label < Clusters.NOISE || !(strength >= 0 && strength <= 1) || (medoid && label == Clusters.NOISE)) {
            throw new IllegalArgumentException("a pattern with label " + label + ", strength " + strength
                    + (medoid ? ", a medoid," : "")
                    + " cannot be shown; labels are -1 (noise, which has no medoid) or more, strengths lie in [0, 1]");
        }
    }
}
