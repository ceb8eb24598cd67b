package org.apmae.core.pattern;

/**
 * Finds the patterns that recur among the encodings of one head. Implementations are immutable and thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on patterns</a>
 */
public interface PatternClusterer {
    /**
     * Fits clusters.
     *
     * @param encodings N rows of F finite numbers, one for each scenario; borrowed, not written
     * @param seed seed of everything random; the same seed gives the same clusters
     * @return the clusters; N = 0 gives no labels, and where N is too small for the method all points are noise
     * @throws IllegalArgumentException if rows differ in length or a number is not finite
     */
    Clusters fit(float[][] encodings, long seed);
}
