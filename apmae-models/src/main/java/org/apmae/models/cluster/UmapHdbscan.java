package org.apmae.models.cluster;

import java.util.Arrays;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;

/**
 * The paper's clusterer: UMAP on the encodings by cosine distance, then HDBSCAN on the embedding. Immutable and thread-safe; one
 * fit runs on one thread, so run many heads side by side with {@link HeadClustering}.
 *
 * <p>Encodings that are equal up to their length get one place in the embedding and so one label, where the published code moves
 * them apart at random. Where a single cluster is allowed and the data form one blob, HDBSCAN calls only its densest core a
 * cluster and the rest noise, by definition.
 *
 * <p>Encodings that were not fitted are labelled in the space of the encodings: the nearest fitted ones by cosine distance, as
 * many as there are neighbours in the options, vote with 1 / distance, noise being a label like others and the lower label
 * winning between equals; an encoding equal to a fitted one gets its label.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on patterns</a>
 */
public final class UmapHdbscan implements PatternClusterer {
    /** Up to this many rows the default number of epochs is {@value #MANY_EPOCHS}, beyond it {@value #FEW_EPOCHS}. */
    private static final int SMALL = 10_000;

    private static final int MANY_EPOCHS = 500;
    private static final int FEW_EPOCHS = 200;

    private final Options options;
    private final Curve curve;

    /**
     * Makes a clusterer.
     *
     * @param options the settings
     */
    public UmapHdbscan(Options options) {
        this.options = options;
        this.curve = new Curve(options.minDist());
    }

    /**
     * Settings of both steps.
     *
     * @param components dimensions of the embedding, 1 to 8
     * @param neighbours neighbours of a row, itself counted, 2 or more
     * @param minDist distance in the embedding below which rows are not drawn closer, 0 to 1
     * @param epochs rounds of the layout, 1 or more; 0 chooses 500 up to 10,000 rows and 200 beyond
     * @param minSamples the neighbour, the point itself counted, that defines how dense a place is, 1 or more
     * @param minClusterSize least members of a cluster, 2 or more
     * @param allowSingleCluster whether all rows together may form the only cluster
     */
    public record Options(
            int components,
            int neighbours,
            double minDist,
            int epochs,
            int minSamples,
            int minClusterSize,
            boolean allowSingleCluster) {
        /**
         * Checks the settings.
         *
         * @throws IllegalArgumentException if one is out of range
         */
        public Options {
            if (components < 1
                    || components > Umap.STRIDE
                    || neighbours < 2
                    || !(minDist >= 0 && minDist <= 1)
                    || epochs < 0
                    || minSamples < 1
                    || minClusterSize < 2) {
                throw new IllegalArgumentException("components " + components + " (1 to 8), neighbours " + neighbours
                        + " (2 or more), minDist " + minDist + " (0 to 1), epochs " + epochs
                        + " (0 or more), minSamples " + minSamples + " (1 or more) and minClusterSize " + minClusterSize
                        + " (2 or more) must lie in the ranges given");
            }
        }

        /**
         * Returns the paper's settings: 8 components, 20 neighbours, minimum distance 0.05; minimum samples 20, minimum cluster
         * size 25, a single cluster allowed.
         *
         * @return the settings
         */
        public static Options paper() {
            return new Options(8, 20, 0.05, 0, 20, 25, true);
        }

        /**
         * Changes the number of components.
         *
         * @param value 1 to 8
         * @return a changed copy
         */
        public Options withComponents(int value) {
            return new Options(value, neighbours, minDist, epochs, minSamples, minClusterSize, allowSingleCluster);
        }

        /**
         * Changes the number of neighbours.
         *
         * @param value 2 or more
         * @return a changed copy
         */
        public Options withNeighbours(int value) {
            return new Options(components, value, minDist, epochs, minSamples, minClusterSize, allowSingleCluster);
        }

        /**
         * Changes the number of epochs.
         *
         * @param value 1 or more, or 0 for the default
         * @return a changed copy
         */
        public Options withEpochs(int value) {
            return new Options(components, neighbours, minDist, value, minSamples, minClusterSize, allowSingleCluster);
        }

        /**
         * Changes what counts as a cluster.
         *
         * @param samples new {@link #minSamples()}, 1 or more
         * @param clusterSize new {@link #minClusterSize()}, 2 or more
         * @return a changed copy
         */
        public Options withDensity(int samples, int clusterSize) {
            return new Options(components, neighbours, minDist, epochs, samples, clusterSize, allowSingleCluster);
        }

        /**
         * Changes whether one cluster of all rows is allowed.
         *
         * @param value whether it is
         * @return a changed copy
         */
        public Options withSingleCluster(boolean value) {
            return new Options(components, neighbours, minDist, epochs, minSamples, minClusterSize, value);
        }
    }

    /**
     * Returns the settings.
     *
     * @return the settings
     */
    public Options options() {
        return options;
    }

    @Override
    public Clusters fit(float[][] encodings, long seed) {
        Rows rows = Rows.unit(encodings);
        int n = rows.size();
        double[][] axes = axes(rows, seed, false);
        DensityTree found =
                DensityTree.fit(axes, n, options.minSamples(), options.minClusterSize(), options.allowSingleCluster());
        return FittedClusters.of(
                rows, FittedClusters.Rule.NEIGHBOURS, options.neighbours(), axes, found.labels(), found.strengths());
    }

    /**
     * Embeds rows by UMAP alone, as {@link #fit} does, and then pushes apart rows that lie beside each other by chance. More of
     * the nearest rows are then true neighbours, which is what a map is looked at for; but it evens out the densities that
     * clusters are made of, so {@link #fit} does without.
     *
     * @param encodings N rows of F finite numbers; borrowed
     * @param seed seed of everything random; the same seed gives the same coordinates
     * @return N rows of {@link Options#components()} numbers; equal directions get equal places
     * @throws IllegalArgumentException if rows differ in length or a number is not finite
     */
    public float[][] embed(float[][] encodings, long seed) {
        double[][] axes = axes(Rows.unit(encodings), seed, true);
        float[][] places = new float[encodings.length][axes.length];
        for (int i = 0; i < places.length; i++) {
            for (int c = 0; c < axes.length; c++) {
                places[i][c] = (float) axes[c][i];
            }
        }
        return places;
    }

    /** Embeds the distinct rows and gives every row the place of the first equal one; returned by component. */
    private double[][] axes(Rows rows, long seed, boolean refined) {
        int[] first = rows.firstEqual();
        int[] place = new int[first.length];
        int[] distinct = new int[first.length];
        int size = 0;
        for (int i = 0; i < first.length; i++) {
            if (first[i] == i) {
                distinct[size] = i;
                place[i] = size++;
            } else {
                place[i] = place[first[i]];
            }
        }
        int epochs = options.epochs() > 0 ? options.epochs() : size <= SMALL ? MANY_EPOCHS : FEW_EPOCHS;
        float[] layout = Umap.embed(
                size == first.length ? rows : rows.select(Arrays.copyOf(distinct, size)),
                options.components(),
                options.neighbours(),
                curve,
                epochs,
                refined,
                seed);
        double[][] points = new double[options.components()][first.length];
        for (int i = 0; i < first.length; i++) {
            for (int c = 0; c < points.length; c++) {
                points[c][i] = layout[place[i] * Umap.STRIDE + c];
            }
        }
        return points;
    }
}
