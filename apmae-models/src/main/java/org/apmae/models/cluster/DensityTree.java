package org.apmae.models.cluster;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.apmae.core.pattern.Clusters;

/**
 * Hierarchical density-based clustering, exact: core distances by comparing all pairs, minimum spanning tree of the mutual
 * reachability by Prim's method, condensed tree, clusters by excess of mass. Labels are those of scikit-learn's HDBSCAN up to
 * numbering, and up to the order of equally long edges, which neither defines.
 *
 * <p>Where at least {@code minSamples} points coincide the density is infinite, and so is the stability of the cluster that holds
 * them: it is always chosen, as by scikit-learn. Fewer points than {@code minClusterSize} fall out of the root all at once, so
 * with a single cluster allowed they all are that cluster, also as there; fewer than {@code minSamples} have no core distance
 * and are noise.
 *
 * @see <a href="https://doi.org/10.1007/978-3-642-37456-2_14">Campello, Moulavi and Sander (2013)</a>
 */
final class DensityTree {
    /** Members have a strength above 0, also beside points of infinite density. */
    private static final double LEAST_STRENGTH = 1e-6;

    private final int[] labels;
    private final float[] strengths;

    private DensityTree(int[] labels, float[] strengths) {
        this.labels = labels;
        this.strengths = strengths;
    }

    /** Labels in no particular numbering, {@link Clusters#NOISE} for noise. */
    int[] labels() {
        return labels;
    }

    float[] strengths() {
        return strengths;
    }

    /**
     * Clusters points.
     *
     * @param points coordinates by dimension: D arrays of N finite numbers
     * @param minSamples the neighbour, the point itself counted, whose distance is the core distance
     * @param minClusterSize least points of a cluster, 2 or more
     * @param allowSingleCluster whether all points together may be the one cluster
     */
    static DensityTree fit(double[][] points, int n, int minSamples, int minClusterSize, boolean allowSingleCluster) {
        int[] labels = new int[n];
        float[] strengths = new float[n];
        Arrays.fill(labels, Clusters.NOISE);
        if (n >= Math.max(2, minSamples)) {
            double[] core = coreDistances(points, n, minSamples);
            SpanningTree tree = spanningTree(points, n, core);
            new Condensed(n, tree, minClusterSize).label(allowSingleCluster, labels, strengths);
        }
        return new DensityTree(labels, strengths);
    }

    /** Squared distances to all points, summed dimension by dimension so that both directions give the same bits. */
    private static void squaredDistances(double[][] points, int count, double[] from, double[] squared) {
        Arrays.fill(squared, 0, count, 0);
        for (int d = 0; d < points.length; d++) {
            double[] axis = points[d];
            double at = from[d];
            for (int j = 0; j < count; j++) {
                double difference = axis[j] - at;
                squared[j] += difference * difference;
            }
        }
    }

    private static double[] coreDistances(double[][] points, int n, int k) {
        double[] core = new double[n];
        double[] squared = new double[n];
        double[] from = new double[points.length];
        double[] nearest = new double[k];
        for (int i = 0; i < n; i++) {
            for (int d = 0; d < from.length; d++) {
                from[d] = points[d][i];
            }
            squaredDistances(points, n, from, squared);
            Arrays.fill(nearest, Double.POSITIVE_INFINITY);
            double farthest = Double.POSITIVE_INFINITY;
            for (int j = 0; j < n; j++) {
                if (squared[j] < farthest) {
                    int at = k - 1;
                    while (at > 0 && nearest[at - 1] > squared[j]) {
                        nearest[at] = nearest[at - 1];
                        at--;
                    }
                    nearest[at] = squared[j];
                    farthest = nearest[k - 1];
                }
            }
            core[i] = farthest;
        }
        return core;
    }

    private static SpanningTree spanningTree(double[][] points, int n, double[] core) {
        SpanningTree tree = new SpanningTree(n);
        // The points not yet in the tree stand in the first places of these arrays; a point that joins is overwritten
        // by the last.
        double[][] axes = new double[points.length][];
        for (int d = 0; d < axes.length; d++) {
            axes[d] = points[d].clone();
        }
        double[] coreLeft = core.clone();
        int[] id = new int[n];
        int[] source = new int[n];
        double[] reach = new double[n];
        for (int i = 0; i < n; i++) {
            id[i] = i;
        }
        Arrays.fill(reach, Double.POSITIVE_INFINITY);
        double[] squared = new double[n];
        double[] from = new double[points.length];
        int place = 0;
        for (int left = n - 1; left > 0; left--) {
            int current = id[place];
            double currentCore = coreLeft[place];
            for (int d = 0; d < axes.length; d++) {
                from[d] = axes[d][place];
                axes[d][place] = axes[d][left];
            }
            id[place] = id[left];
            coreLeft[place] = coreLeft[left];
            reach[place] = reach[left];
            source[place] = source[left];
            squaredDistances(axes, left, from, squared);
            place = 0;
            for (int j = 0; j < left; j++) {
                double mutual = Math.max(squared[j], Math.max(currentCore, coreLeft[j]));
                if (mutual < reach[j]) {
                    reach[j] = mutual;
                    source[j] = current;
                }
                // The lower number goes first among equals, whatever the order in the arrays.
                if (reach[j] < reach[place] || (reach[j] == reach[place] && id[j] < id[place])) {
                    place = j;
                }
            }
            tree.add(source[place], id[place], reach[place]);
        }
        return tree;
    }

    /** The edges of a spanning tree with their squared lengths. */
    private static final class SpanningTree {
        private final int[] first;
        private final int[] second;
        private final double[] squared;
        private int size;

        SpanningTree(int points) {
            first = new int[points - 1];
            second = new int[points - 1];
            squared = new double[points - 1];
        }

        void add(int a, int b, double squaredLength) {
            first[size] = a;
            second[size] = b;
            squared[size++] = squaredLength;
        }

        /** Edge numbers, shortest first, equals in the order they were added. */
        int[] ascending() {
            return IntStream.range(0, size)
                    .boxed()
                    .sorted(Comparator.comparingDouble(e -> squared[e]))
                    .mapToInt(Integer::intValue)
                    .toArray();
        }

        double length(int edge) {
            return Math.sqrt(squared[edge]);
        }
    }

    /** The condensed tree. Cluster 0 is the root; density is 1 / distance. */
    private static final class Condensed {
        private final int n;
        /** For each point the cluster that it falls out of, and the density at which it does. */
        private final int[] lastCluster;

        private final double[] lastDensity;
        private final int[] parent;
        private final double[] birth;
        /** The highest density at which something leaves the cluster. */
        private final double[] death;

        private final double[] stability;
        private int clusters = 1;

        Condensed(int n, SpanningTree tree, int minClusterSize) {
            this.n = n;
            lastCluster = new int[n];
            lastDensity = new double[n];
            int most = 2 * (n / minClusterSize) + 2;
            parent = new int[most];
            birth = new double[most];
            death = new double[most];
            stability = new double[most];
            parent[0] = -1;
            condense(tree, minClusterSize);
        }

        private void condense(SpanningTree tree, int minClusterSize) {
            int nodes = 2 * n - 1;
            int[] left = new int[nodes];
            int[] right = new int[nodes];
            int[] size = new int[nodes];
            double[] density = new double[nodes];
            link(tree, left, right, size, density);
            // A node belongs to a cluster, or has fallen out of one; parents have higher numbers than their children.
            int[] cluster = new int[nodes];
            double[] fellAt = new double[nodes];
            Arrays.fill(fellAt, Double.NaN);
            for (int node = nodes - 1; node >= n; node--) {
                int own = cluster[node];
                boolean fallen = !Double.isNaN(fellAt[node]);
                boolean bothBig = size[left[node]] >= minClusterSize && size[right[node]] >= minClusterSize;
                for (int child : new int[] {left[node], right[node]}) {
                    cluster[child] = own;
                    if (fallen) {
                        fellAt[child] = fellAt[node];
                    } else if (bothBig) {
                        leave(own, density[node], size[child]);
                        parent[clusters] = own;
                        birth[clusters] = density[node];
                        cluster[child] = clusters++;
                    } else if (size[child] < minClusterSize) {
                        leave(own, density[node], size[child]);
                        fellAt[child] = density[node];
                    }
                }
            }
            System.arraycopy(cluster, 0, lastCluster, 0, n);
            System.arraycopy(fellAt, 0, lastDensity, 0, n);
        }

        private void leave(int cluster, double density, int points) {
            stability[cluster] += (density - birth[cluster]) * points;
            death[cluster] = Math.max(death[cluster], density);
        }

        /** Joins the ends of the edges, shortest first. */
        private void link(SpanningTree tree, int[] left, int[] right, int[] size, double[] density) {
            int[] up = new int[2 * n - 1];
            for (int i = 0; i < up.length; i++) {
                up[i] = i;
                size[i] = 1;
            }
            int node = n;
            for (int edge : tree.ascending()) {
                left[node] = find(up, tree.first[edge]);
                right[node] = find(up, tree.second[edge]);
                size[node] = size[left[node]] + size[right[node]];
                density[node] = 1 / tree.length(edge);
                up[left[node]] = node;
                up[right[node]] = node;
                node++;
            }
        }

        private static int find(int[] up, int start) {
            int root = start;
            while (up[root] != root) {
                root = up[root];
            }
            int at = start;
            while (up[at] != root) {
                int next = up[at];
                up[at] = root;
                at = next;
            }
            return root;
        }

        /** Takes a cluster where it is at least as stable as the best below it together. */
        void label(boolean allowSingleCluster, int[] labels, float[] strengths) {
            double[] best = new double[clusters];
            boolean[] taken = new boolean[clusters];
            for (int c = clusters - 1; c >= 0; c--) {
                taken[c] = best[c] <= stability[c] && (c > 0 || allowSingleCluster);
                double value = taken[c] ? stability[c] : best[c];
                if (c > 0) {
                    best[parent[c]] += value;
                }
            }
            // Of the taken ones only the highest count; points below them belong to them.
            int[] chosen = new int[clusters];
            for (int c = 0; c < clusters; c++) {
                int above = c == 0 ? Clusters.NOISE : chosen[parent[c]];
                chosen[c] = above != Clusters.NOISE ? above : taken[c] ? c : Clusters.NOISE;
            }
            for (int i = 0; i < n; i++) {
                int c = chosen[lastCluster[i]];
                // Nothing bounds the root from outside, so by definition only its densest points are the single
                // cluster.
                if (c == Clusters.NOISE || (c == 0 && lastDensity[i] < death[0])) {
                    continue;
                }
                labels[i] = c;
                double share = Double.isInfinite(lastDensity[i]) ? 1 : Math.min(lastDensity[i], death[c]) / death[c];
                strengths[i] = (float) Math.max(LEAST_STRENGTH, share);
            }
        }
    }
}
