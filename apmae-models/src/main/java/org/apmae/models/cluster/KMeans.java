package org.apmae.models.cluster;

import java.util.Arrays;
import java.util.Random;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;

/**
 * k-means on encodings scaled to length 1, started by k-means++. Knows no noise. Immutable and thread-safe.
 *
 * <p>There are fewer clusters than asked for where there are fewer distinct encodings, and where one loses all its members. The
 * strength of a member is 1 - d1 / d2 with its cosine distances to the nearest and second nearest centre, but at least 1e-6; 1
 * where there is one centre only. Encodings that were not fitted get the label of the nearest centre.
 */
public final class KMeans implements PatternClusterer {
    private static final int MOST_ROUNDS = 300;
    private static final double LEAST_STRENGTH = 1e-6;

    private final int clusters;

    /**
     * Makes a clusterer.
     *
     * @param clusters the most clusters to find, 1 or more
     * @throws IllegalArgumentException if it is below 1
     */
    public KMeans(int clusters) {
        if (clusters < 1) {
            throw new IllegalArgumentException("the number of clusters is " + clusters + ", allowed is 1 or more");
        }
        this.clusters = clusters;
    }

    @Override
    public Clusters fit(float[][] encodings, long seed) {
        Rows rows = Rows.unit(encodings);
        int n = rows.size();
        int[] labels = new int[n];
        float[] strengths = new float[n];
        if (n > 0) {
            float[] centres = start(rows, Math.min(clusters, n), new Random(seed));
            int round = 0;
            while (assign(rows, centres, labels, strengths) && round++ < MOST_ROUNDS) {
                centres = means(rows, labels, centres.length / Math.max(1, rows.width()));
            }
        }
        return FittedClusters.of(rows, FittedClusters.Rule.CENTRES, 1, null, labels, strengths);
    }

    private static float[] start(Rows rows, int count, Random random) {
        int n = rows.size();
        int width = rows.width();
        int[] chosen = new int[count];
        double[] distance = new double[n];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        chosen[0] = random.nextInt(n);
        int size = 1;
        while (size < count) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                distance[i] = Math.min(distance[i], rows.distance(i, rows, chosen[size - 1]));
                sum += distance[i];
            }
            if (sum == 0) {
                break;
            }
            double drawn = random.nextDouble() * sum;
            int pick = -1;
            for (int i = 0; i < n && drawn >= 0; i++) {
                if (distance[i] > 0) {
                    pick = i;
                    drawn -= distance[i];
                }
            }
            chosen[size++] = pick;
        }
        float[] centres = new float[size * width];
        for (int c = 0; c < size; c++) {
            System.arraycopy(rows.values(), chosen[c] * width, centres, c * width, width);
        }
        return centres;
    }

    /** Labels every row with its nearest centre and returns whether a label changed, always true the first time. */
    private static boolean assign(Rows rows, float[] centres, int[] labels, float[] strengths) {
        int width = rows.width();
        int count = width == 0 ? 1 : centres.length / width;
        boolean changed = false;
        for (int i = 0; i < labels.length; i++) {
            int best = 0;
            float first = Float.NEGATIVE_INFINITY;
            float second = Float.NEGATIVE_INFINITY;
            for (int c = 0; c < count; c++) {
                float product = rows.dot(i, centres, c * width);
                if (product > first) {
                    second = first;
                    first = product;
                    best = c;
                } else if (product > second) {
                    second = product;
                }
            }
            changed |= labels[i] != best || strengths[i] == 0;
            labels[i] = best;
            double near = Math.max(0, 1.0 - first);
            double far = Math.max(near, 1.0 - second);
            double strength = count == 1 ? 1 : far == 0 ? LEAST_STRENGTH : 1 - near / far;
            strengths[i] = (float) Math.max(LEAST_STRENGTH, strength);
        }
        return changed;
    }

    private static float[] means(Rows rows, int[] labels, int count) {
        int width = rows.width();
        double[] sums = new double[count * width];
        for (int i = 0; i < labels.length; i++) {
            for (int f = 0; f < width; f++) {
                sums[labels[i] * width + f] += rows.values()[i * width + f];
            }
        }
        float[] centres = new float[count * width];
        for (int c = 0; c < count; c++) {
            double squares = 0;
            for (int f = 0; f < width; f++) {
                squares += sums[c * width + f] * sums[c * width + f];
            }
            // A centre without members becomes 0 and attracts no row whose product with another centre is positive.
            double scale = squares == 0 ? 0 : 1 / Math.sqrt(squares);
            for (int f = 0; f < width; f++) {
                centres[c * width + f] = (float) (sums[c * width + f] * scale);
            }
        }
        return centres;
    }
}
