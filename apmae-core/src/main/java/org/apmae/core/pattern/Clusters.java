package org.apmae.core.pattern;

/**
 * Fitted clusters of one head. Immutable and thread-safe.
 *
 * <p>Labels are numbered from 0 without gaps, in the order of the first member; {@link #NOISE} marks points that belong to
 * none.
 */
public interface Clusters {
    /** Label of a point that belongs to no cluster. */
    int NOISE = -1;

    /**
     * Returns the number of clusters, noise not counted.
     *
     * @return 0 or more
     */
    int count();

    /**
     * Returns the label of every fitted point.
     *
     * @return N labels, {@link #NOISE} or 0 to {@link #count()} - 1; a copy
     */
    int[] labels();

    /**
     * Returns how firmly every fitted point belongs to its cluster.
     *
     * @return N strengths from 0 (noise) to 1; a copy
     */
    float[] strengths();

    /**
     * Returns the member closest to all others of its cluster, for every cluster.
     *
     * @return {@link #count()} row numbers of the fitted points; a copy
     */
    int[] medoids();

    /**
     * Returns how many of the fitted points belong to no cluster.
     *
     * @return 0 to 1; 0 where nothing was fitted
     */
    default double noiseShare() {
        int[] labels = labels();
        int noise = 0;
        for (int label : labels) {
            noise += label == NOISE ? 1 : 0;
        }
        return labels.length == 0 ? 0 : (double) noise / labels.length;
    }

    /**
     * Returns the density-based clustering validation index in the space in which the clusters were found. Computed at the first
     * call.
     *
     * @return -1 to 1, higher for dense clusters that lie apart; NaN where there are fewer than two clusters, or the method does not
     *     measure it
     * @see <a href="https://doi.org/10.1137/1.9781611973440.96">Moulavi et al. (2014)</a>
     */
    double validity();

    /**
     * Labels points that were not fitted.
     *
     * @param encodings rows of F finite numbers; borrowed
     * @return a label for each
     * @throws IllegalArgumentException if a row has another length than the fitted ones or a number is not finite
     */
    int[] assign(float[][] encodings);
}
