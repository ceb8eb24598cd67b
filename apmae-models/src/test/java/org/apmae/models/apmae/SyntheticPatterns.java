package org.apmae.models.apmae;

import java.util.Random;

/**
 * Attention weights like those of real heads: softmax over a sink, locality, a fixed offset, delimiters, repeated tokens and
 * a low-rank rest. The tokens, which all heads of a scenario share, and the strength of sink and locality vary within a head.
 */
public final class SyntheticPatterns {
    private static final int RANK = 8;
    private static final int VOCABULARY = 40;

    private SyntheticPatterns() {}

    /** Weights (heads, S, S) of one scenario, row by row. */
    public static float[] scenario(int heads, int side, long seed) {
        Random random = new Random(seed);
        int[] token = new int[side];
        boolean[] delimiter = new boolean[side];
        for (int i = 0; i < side; i++) {
            token[i] = (int) (VOCABULARY * random.nextDouble() * random.nextDouble());
            delimiter[i] = token[i] % 7 == 3;
        }
        float[] weights = new float[heads * side * side];
        for (int head = 0; head < heads; head++) {
            Random fixed = new Random(1000 + head);
            double sink = 6 * fixed.nextDouble() + 2 * random.nextGaussian();
            double decay = (fixed.nextBoolean() ? 0.2 * fixed.nextDouble() : 0.01) * Math.exp(random.nextGaussian());
            double offset = 5 * fixed.nextDouble();
            int distance = 1 + fixed.nextInt(3);
            double delimiters = 4 * fixed.nextDouble();
            double repeats = fixed.nextBoolean() ? 4 * fixed.nextDouble() : 0;
            double rest = 0.3 + 0.5 * fixed.nextDouble();
            double[][] asking = gaussian(VOCABULARY, fixed);
            double[][] answering = gaussian(VOCABULARY, fixed);
            for (int row = 0; row < side; row++) {
                int start = (head * side + row) * side;
                double total = 0;
                for (int column = 0; column <= row; column++) {
                    double logit = column == 0 ? sink : 0;
                    logit -= decay * (row - column);
                    logit += row - column == distance ? offset : 0;
                    logit += delimiter[column] ? delimiters : 0;
                    logit += column > 0 && token[column - 1] == token[row] ? repeats : 0;
                    double product = 0;
                    for (int r = 0; r < RANK; r++) {
                        product += asking[token[row]][r] * answering[token[column]][r];
                    }
                    logit += rest * product / Math.sqrt(RANK);
                    weights[start + column] = (float) Math.exp(logit);
                    total += weights[start + column];
                }
                for (int column = 0; column <= row; column++) {
                    weights[start + column] = (float) (weights[start + column] / total);
                }
            }
        }
        return weights;
    }

    private static double[][] gaussian(int rows, Random random) {
        double[][] table = new double[rows][RANK];
        for (double[] row : table) {
            for (int i = 0; i < RANK; i++) {
                row[i] = random.nextGaussian();
            }
        }
        return table;
    }
}
