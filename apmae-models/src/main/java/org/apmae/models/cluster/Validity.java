package org.apmae.models.cluster;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The density-based clustering validation index: -1 to 1, the mean over all points, noise as 0, of how much farther a cluster is
 * from the next one than its own sparsest inner link is long.
 *
 * @see <a href="https://doi.org/10.1137/1.9781611973440.96">Moulavi, Jaskowiak, Campello, Zimek and Sander (2014)</a>
 */
final class Validity {
    private final int dimensions;
    /** For each cluster its members' coordinates, core distances, and which of them are inner nodes of its spanning tree. */
    private final double[][][] members;

    private final double[][] core;
    private final boolean[][] inner;
    private final double[] sparseness;

    private Validity(double[][] axes, int[] labels, int count) {
        dimensions = axes.length;
        members = new double[count][][];
        core = new double[count][];
        inner = new boolean[count][];
        sparseness = new double[count];
        for (int c = 0; c < count; c++) {
            int label = c;
            int[] rows = IntStream.range(0, labels.length)
                    .filter(i -> labels[i] == label)
                    .toArray();
            members[c] = new double[dimensions][rows.length];
            for (int d = 0; d < dimensions; d++) {
                for (int i = 0; i < rows.length; i++) {
                    members[c][d][i] = axes[d][rows[i]];
                }
            }
            measure(c, rows.length);
        }
    }

    /**
     * Computes the index.
     *
     * @param axes D arrays of N coordinates
     * @return the index; NaN where there are fewer than two clusters, since nothing is told apart then
     */
    static double of(double[][] axes, int[] labels, int count) {
        if (count < 2) {
            return Double.NaN;
        }
        Validity validity = new Validity(axes, labels, count);
        double[] separation = validity.separations();
        double sum = 0;
        for (int c = 0; c < count; c++) {
            double larger = Math.max(separation[c], validity.sparseness[c]);
            double value = larger == 0 ? 0 : (separation[c] - validity.sparseness[c]) / larger;
            sum += value * validity.core[c].length;
        }
        return sum / labels.length;
    }

    private static void squaredDistances(double[][] points, int count, double[][] from, int row, double[] squared) {
        Arrays.fill(squared, 0, count, 0);
        for (int d = 0; d < points.length; d++) {
            double[] axis = points[d];
            double at = from[d][row];
            for (int j = 0; j < count; j++) {
                double difference = axis[j] - at;
                squared[j] += difference * difference;
            }
        }
    }

    private void measure(int cluster, int size) {
        double[][] points = members[cluster];
        double[] squared = new double[size];
        core[cluster] = new double[size];
        inner[cluster] = new boolean[size];
        for (int i = 0; i < size; i++) {
            squaredDistances(points, size, points, i, squared);
            squared[i] = Double.POSITIVE_INFINITY;
            core[cluster][i] = coreDistance(squared, size);
        }
        if (size > 1) {
            sparseness[cluster] = sparseness(points, size, core[cluster], inner[cluster], squared);
        } else {
            Arrays.fill(inner[cluster], true);
        }
    }

    /** The power mean of exponent -D of the distances, taken relative to the smallest so that no power overflows. */
    private double coreDistance(double[] squared, int size) {
        double least = Double.POSITIVE_INFINITY;
        for (int j = 0; j < size; j++) {
            least = Math.min(least, squared[j]);
        }
        if (least == 0 || size < 2) {
            return 0;
        }
        double sum = 0;
        for (int j = 0; j < size; j++) {
            double ratio = least / squared[j];
            double power = dimensions % 2 == 0 ? 1 : Math.sqrt(ratio);
            for (int rest = dimensions / 2; rest > 0; rest /= 2) {
                if (rest % 2 == 1) {
                    power *= ratio;
                }
                ratio *= ratio;
            }
            sum += power;
        }
        return Math.sqrt(least) * Math.pow(sum / (size - 1), -1.0 / dimensions);
    }

    /** The longest edge between inner nodes of the minimum spanning tree, by Prim's method. */
    private static double sparseness(double[][] points, int size, double[] core, boolean[] inner, double[] squared) {
        double[] reach = new double[size];
        int[] source = new int[size];
        boolean[] done = new boolean[size];
        int[] degree = new int[size];
        int[] from = new int[size - 1];
        int[] to = new int[size - 1];
        double[] length = new double[size - 1];
        Arrays.fill(reach, Double.POSITIVE_INFINITY);
        int current = 0;
        for (int e = 0; e < size - 1; e++) {
            done[current] = true;
            squaredDistances(points, size, points, current, squared);
            int next = -1;
            for (int j = 0; j < size; j++) {
                if (!done[j]) {
                    // Comparing squares first spares most of the roots.
                    if (squared[j] < reach[j] * reach[j]) {
                        double mutual = Math.max(Math.sqrt(squared[j]), Math.max(core[current], core[j]));
                        if (mutual < reach[j]) {
                            reach[j] = mutual;
                            source[j] = current;
                        }
                    }
                    if (next < 0 || reach[j] < reach[next]) {
                        next = j;
                    }
                }
            }
            from[e] = source[next];
            to[e] = next;
            length[e] = reach[next];
            degree[from[e]]++;
            degree[next]++;
            current = next;
        }
        double longest = 0;
        double longestInner = Double.NaN;
        for (int e = 0; e < size - 1; e++) {
            longest = Math.max(longest, length[e]);
            if (degree[from[e]] > 1 && degree[to[e]] > 1) {
                longestInner = Double.isNaN(longestInner) ? length[e] : Math.max(longestInner, length[e]);
            }
        }
        boolean none = true;
        for (int i = 0; i < size; i++) {
            inner[i] = degree[i] > 1;
            none &= !inner[i];
        }
        if (none) {
            Arrays.fill(inner, true);
        }
        return Double.isNaN(longestInner) ? longest : longestInner;
    }

    /** For each cluster the least mutual reachability of an inner node of its own with one of another cluster. */
    private double[] separations() {
        double[] separation = new double[members.length];
        Arrays.fill(separation, Double.POSITIVE_INFINITY);
        for (int a = 0; a < members.length; a++) {
            for (int b = a + 1; b < members.length; b++) {
                double least = separation(a, b);
                separation[a] = Math.min(separation[a], least);
                separation[b] = Math.min(separation[b], least);
            }
        }
        return separation;
    }

    private double separation(int a, int b) {
        int size = core[b].length;
        double[] squared = new double[size];
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < core[a].length; i++) {
            if (!inner[a][i] || core[a][i] >= least) {
                continue;
            }
            squaredDistances(members[b], size, members[a], i, squared);
            for (int j = 0; j < size; j++) {
                if (squared[j] < least * least && inner[b][j]) {
                    least = Math.min(least, Math.max(Math.sqrt(squared[j]), Math.max(core[a][i], core[b][j])));
                }
            }
        }
        return least;
    }
}
