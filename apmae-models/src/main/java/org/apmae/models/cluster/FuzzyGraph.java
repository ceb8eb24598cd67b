package org.apmae.models.cluster;

import java.util.Arrays;

/**
 * The weighted neighbour graph of UMAP: every row's neighbours with weights that sum to log2 K, joined with those of the other
 * direction by the fuzzy union. Each edge is stored in both directions, sorted by row.
 */
final class FuzzyGraph {
    private static final int ROUNDS = 64;
    private static final double TOLERANCE = 1e-5;
    private static final double LEAST_SCALE = 1e-3;

    private final int[] starts;
    private final int[] targets;
    private final float[] weights;

    private FuzzyGraph(int[] starts, int[] targets, float[] weights) {
        this.starts = starts;
        this.targets = targets;
        this.weights = weights;
    }

    /** First edge of a row; {@code start(size())} is the number of edges. */
    int start(int row) {
        return starts[row];
    }

    int size() {
        return starts.length - 1;
    }

    int target(int edge) {
        return targets[edge];
    }

    float weight(int edge) {
        return weights[edge];
    }

    static FuzzyGraph of(Neighbours neighbours, int size) {
        int k = neighbours.count();
        float[] outgoing = memberships(neighbours, size);
        int[] degrees = new int[size + 1];
        int[] from = new int[size * k];
        int[] to = new int[size * k];
        float[] united = new float[size * k];
        int edges = 0;
        for (int i = 0; i < size; i++) {
            for (int place = 0; place < k; place++) {
                int j = neighbours.index(i, place);
                float weight = outgoing[i * k + place];
                float back = 0;
                boolean mutual = false;
                for (int p = 0; p < k; p++) {
                    if (neighbours.index(j, p) == i) {
                        back = outgoing[j * k + p];
                        mutual = true;
                        break;
                    }
                }
                // A pair that names each other is kept once, at the lower number.
                float union = weight + back - weight * back;
                if ((!mutual || i < j) && union > 0) {
                    from[edges] = i;
                    to[edges] = j;
                    united[edges++] = union;
                    degrees[i + 1]++;
                    degrees[j + 1]++;
                }
            }
        }
        for (int i = 0; i < size; i++) {
            degrees[i + 1] += degrees[i];
        }
        int[] next = Arrays.copyOf(degrees, size);
        int[] targets = new int[2 * edges];
        float[] weights = new float[2 * edges];
        for (int e = 0; e < edges; e++) {
            int there = next[from[e]]++;
            targets[there] = to[e];
            weights[there] = united[e];
            int back = next[to[e]]++;
            targets[back] = from[e];
            weights[back] = united[e];
        }
        return new FuzzyGraph(degrees, targets, weights);
    }

    private static float[] memberships(Neighbours neighbours, int size) {
        int k = neighbours.count();
        // The row itself counts as a neighbour in the published definition.
        double wanted = Math.log(k + 1.0) / Math.log(2);
        double overall = 0;
        for (int i = 0; i < size; i++) {
            for (int p = 0; p < k; p++) {
                overall += neighbours.distance(i, p);
            }
        }
        overall /= Math.max(1L, (long) size * (k + 1));
        float[] memberships = new float[size * k];
        double[] beyond = new double[k];
        for (int i = 0; i < size; i++) {
            double nearest = 0;
            double mean = 0;
            for (int p = k - 1; p >= 0; p--) {
                double distance = neighbours.distance(i, p);
                nearest = distance > 0 ? distance : nearest;
                mean += distance / (k + 1);
            }
            for (int p = 0; p < k; p++) {
                beyond[p] = neighbours.distance(i, p) - nearest;
            }
            double scale = Math.max(scale(beyond, wanted), LEAST_SCALE * (nearest > 0 ? mean : overall));
            for (int p = 0; p < k; p++) {
                memberships[i * k + p] = beyond[p] <= 0 || scale == 0 ? 1 : (float) Math.exp(-beyond[p] / scale);
            }
        }
        return memberships;
    }

    /** Bisects for the scale at which the memberships sum to the wanted number. */
    private static double scale(double[] beyond, double wanted) {
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double scale = 1;
        for (int round = 0; round < ROUNDS; round++) {
            double sum = 0;
            for (double distance : beyond) {
                sum += distance > 0 ? Math.exp(-distance / scale) : 1;
            }
            if (Math.abs(sum - wanted) < TOLERANCE) {
                break;
            }
            if (sum > wanted) {
                high = scale;
                scale = (low + high) / 2;
            } else {
                low = scale;
                scale = Double.isInfinite(high) ? scale * 2 : (low + high) / 2;
            }
        }
        return scale;
    }
}
