package org.apmae.models.cluster;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Rows of known structure, and measures of how well it was found. */
final class Synthetic {
    private Synthetic() {}

    /** Rows with the blob each was drawn from, -1 for noise. */
    static final class Sample {
        private final float[][] rows;
        private final int[] truth;

        Sample(float[][] rows, int[] truth) {
            this.rows = rows;
            this.truth = truth;
        }

        float[][] rows() {
            return rows;
        }

        int[] truth() {
            return truth;
        }
    }

    /** Gaussian blobs around centres drawn from a standard normal, and a share of rows drawn widely. */
    static Sample blobs(int n, int width, int blobs, double noiseShare, double spread, long seed) {
        Random random = new Random(seed);
        double[][] centres = new double[blobs][width];
        for (double[] centre : centres) {
            for (int f = 0; f < width; f++) {
                centre[f] = random.nextGaussian();
            }
        }
        float[][] rows = new float[n][width];
        int[] truth = new int[n];
        for (int i = 0; i < n; i++) {
            boolean noise = random.nextDouble() < noiseShare;
            truth[i] = noise ? -1 : random.nextInt(blobs);
            for (int f = 0; f < width; f++) {
                double centre = noise ? 0 : centres[truth[i]][f];
                rows[i][f] = (float) (centre + (noise ? 1.5 : spread) * random.nextGaussian());
            }
        }
        return new Sample(rows, truth);
    }

    /** Adjusted Rand index over the rows whose truth is not noise. */
    static double adjustedRand(int[] truth, int[] labels) {
        Map<Long, Integer> cells = new HashMap<>();
        Map<Integer, Integer> first = new HashMap<>();
        Map<Integer, Integer> second = new HashMap<>();
        long n = 0;
        for (int i = 0; i < truth.length; i++) {
            if (truth[i] >= 0) {
                cells.merge(truth[i] * 100_000L + labels[i] + 1, 1, Integer::sum);
                first.merge(truth[i], 1, Integer::sum);
                second.merge(labels[i], 1, Integer::sum);
                n++;
            }
        }
        double together = pairs(cells);
        double a = pairs(first);
        double b = pairs(second);
        double expected = a * b / (n * (n - 1) / 2.0);
        return (together - expected) / ((a + b) / 2 - expected);
    }

    private static double pairs(Map<?, Integer> counts) {
        double sum = 0;
        for (int count : counts.values()) {
            sum += count * (count - 1.0) / 2;
        }
        return sum;
    }

    /** Trustworthiness of an embedding for k neighbours (Venna and Kaski 2001), by sampling every {@code step}th row. */
    static double trustworthiness(float[][] rows, float[] layout, int stride, int k, int step) {
        Rows unit = Rows.unit(rows);
        int n = rows.length;
        double penalty = 0;
        int counted = 0;
        for (int i = 0; i < n; i += step) {
            double[] original = new double[n];
            double[] embedded = new double[n];
            for (int j = 0; j < n; j++) {
                original[j] = unit.distance(i, unit, j);
                for (int c = 0; c < stride; c++) {
                    double difference = layout[i * stride + c] - layout[j * stride + c];
                    embedded[j] += difference * difference;
                }
            }
            original[i] = -1;
            embedded[i] = -1;
            Integer[] near = new Integer[n];
            for (int j = 0; j < n; j++) {
                near[j] = j;
            }
            Arrays.sort(near, Comparator.comparingDouble(j -> embedded[j]));
            for (int place = 1; place <= k; place++) {
                int j = near[place];
                int rank = 0;
                for (int other = 0; other < n; other++) {
                    rank += original[other] < original[j] ? 1 : 0;
                }
                penalty += Math.max(0, rank - k);
            }
            counted++;
        }
        return 1 - 2 * penalty / ((double) counted * k * (2.0 * n - 3 * k - 1));
    }
}
