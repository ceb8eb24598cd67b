package org.apmae.models.predict;

import java.util.Random;

/**
 * The directions in which rows vary most, for predictors that read encodings themselves. Fitted on training rows alone, so that
 * no test row shapes its own features. Immutable and thread-safe.
 *
 * <p>Letters: N rows of F numbers, A axes.
 */
public final class PrincipalAxes {
    private static final int ROUNDS = 20;

    private final double[] mean;
    private final double[][] axes;

    private PrincipalAxes(double[] mean, double[][] axes) {
        this.mean = mean;
        this.axes = axes;
    }

    /**
     * Fits axes by subspace iteration.
     *
     * @param rows N rows of F numbers, at least one; borrowed
     * @param count number of axes A, 1 to F
     * @param seed seed of the start
     * @return the axes, the one with the largest variance first
     * @throws IllegalArgumentException if there is no row or {@code count} is out of range
     */
    public static PrincipalAxes fit(float[][] rows, int count, long seed) {
        if (rows.length == 0 || count < 1 || count > rows[0].length) {
            throw new IllegalArgumentException(
                    count + " axes of " + rows.length + " rows were asked for; give at least one" + " row and 1 to "
                            + (rows.length == 0 ? 0 : rows[0].length) + " axes");
        }
        int width = rows[0].length;
        double[] mean = new double[width];
        for (float[] row : rows) {
            for (int f = 0; f < width; f++) {
                mean[f] += row[f] / (double) rows.length;
            }
        }
        Random random = new Random(seed);
        double[][] axes = new double[count][width];
        for (double[] axis : axes) {
            for (int f = 0; f < width; f++) {
                axis[f] = random.nextGaussian();
            }
        }
        orthonormalize(axes);
        for (int round = 0; round < ROUNDS; round++) {
            double[][] next = new double[count][width];
            for (float[] row : rows) {
                for (int a = 0; a < count; a++) {
                    double score = dot(row, mean, axes[a]);
                    for (int f = 0; f < width; f++) {
                        next[a][f] += score * (row[f] - mean[f]);
                    }
                }
            }
            orthonormalize(next);
            axes = next;
        }
        return new PrincipalAxes(mean, axes);
    }

    private static double dot(float[] row, double[] mean, double[] axis) {
        double sum = 0;
        for (int f = 0; f < axis.length; f++) {
            sum += (row[f] - mean[f]) * axis[f];
        }
        return sum;
    }

    /** Gram and Schmidt; an axis without any variance left becomes zero. */
    private static void orthonormalize(double[][] axes) {
        for (int a = 0; a < axes.length; a++) {
            double[] axis = axes[a];
            double before = norm(axis);
            for (int b = 0; b < a; b++) {
                double along = 0;
                for (int f = 0; f < axis.length; f++) {
                    along += axis[f] * axes[b][f];
                }
                for (int f = 0; f < axis.length; f++) {
                    axis[f] -= along * axes[b][f];
                }
            }
            double length = norm(axis);
            double factor = length > 1e-9 * before ? 1 / length : 0;
            for (int f = 0; f < axis.length; f++) {
                axis[f] *= factor;
            }
        }
    }

    private static double norm(double[] axis) {
        double square = 0;
        for (double value : axis) {
            square += value * value;
        }
        return Math.sqrt(square);
    }

    /**
     * Returns where a row lies along each axis.
     *
     * @param row F numbers; borrowed
     * @return A numbers
     * @throws IllegalArgumentException if the row has another number of numbers
     */
    public double[] project(float[] row) {
        if (row.length != mean.length) {
            throw new IllegalArgumentException(
                    "the row has " + row.length + " numbers, but the axes were fitted on rows of " + mean.length);
        }
        double[] scores = new double[axes.length];
        for (int a = 0; a < scores.length; a++) {
            scores[a] = dot(row, mean, axes[a]);
        }
        return scores;
    }
}
