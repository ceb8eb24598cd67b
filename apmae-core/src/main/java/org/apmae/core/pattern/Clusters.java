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
     * Labels points that were not fitted.
     *
     * @param encodings rows of F finite numbers; borrowed
     * @return a label for each
     * @throws IllegalArgumentException if a row has another length than the fitted ones or a number is not finite
     */
    int[] assign(float[][] encodings);
}
