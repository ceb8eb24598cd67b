package org.apmae.models.cluster;

import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;

/**
 * HDBSCAN by Euclidean distance on the rows as they are, without UMAP before it. Immutable and thread-safe; it has nothing random,
 * so the seed does not matter.
 *
 * <p>Labels are those of scikit-learn's HDBSCAN with the same settings (method {@code eom}) up to numbering and up to the order
 * of equally long edges. Fewer rows than {@code minSamples}, which scikit-learn refuses, are noise. Rows that were not fitted get
 * the label for which the nearest fitted rows vote, {@code minSamples} of them, each with 1 / squared distance.
 *
 * <p>Time grows with N² F: right for a few thousand rows, or for few dimensions.
 *
 * @see <a href="https://doi.org/10.1007/978-3-642-37456-2_14">Campello, Moulavi and Sander (2013)</a>
 */
public final class Hdbscan implements PatternClusterer {
    private final int minSamples;
    private final int minClusterSize;
    private final boolean allowSingleCluster;

    /**
     * Makes a clusterer.
     *
     * @param minSamples the neighbour, the row itself counted, that defines how dense a place is, 1 or more; 20 in the paper
     * @param minClusterSize least members of a cluster, 2 or more; 25 in the paper
     * @param allowSingleCluster whether all rows together may form the only cluster; true in the paper
     * @throws IllegalArgumentException if a number is out of range
     */
    public Hdbscan(int minSamples, int minClusterSize, boolean allowSingleCluster) {
        if (minSamples < 1 || minClusterSize < 2) {
            throw new IllegalArgumentException("minSamples " + minSamples + " (1 or more) and minClusterSize "
                    + minClusterSize + " (2 or more) must lie in the ranges given");
        }
        this.minSamples = minSamples;
        this.minClusterSize = minClusterSize;
        this.allowSingleCluster = allowSingleCluster;
    }

    @Override
    public Clusters fit(float[][] encodings, long seed) {
        Rows rows = Rows.plain(encodings);
        double[][] axes = rows.axes();
        DensityTree found = DensityTree.fit(axes, rows.size(), minSamples, minClusterSize, allowSingleCluster);
        return FittedClusters.of(
                rows, FittedClusters.Rule.NEIGHBOURS, minSamples, null, found.labels(), found.strengths());
    }
}
