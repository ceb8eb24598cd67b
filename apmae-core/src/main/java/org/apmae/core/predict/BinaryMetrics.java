package org.apmae.core.predict;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How well probabilities foretell an outcome of two values, each figure with a 95 % interval from 1,000 bootstrap resamples
 * over groups. Immutable.
 *
 * @param accuracy share of rows where the side of one half on which the probability lies is the outcome
 * @param balancedAccuracy mean of the accuracies of both outcomes; not defined where there is one outcome only
 * @param auc area under the receiver operating characteristic, ties counted half; 0.5 is chance; not defined where there is
 *     one outcome only
 * @param brier mean squared difference of probability and outcome; smaller is better, 0.25 is that of always one half
 * @param rows number of rows
 * @param groups number of groups
 */
public record BinaryMetrics(
        Interval accuracy, Interval balancedAccuracy, Interval auc, Interval brier, int rows, int groups) {

    /** The probability from which on an outcome is foretold as correct. */
    static final double HALF = 0.5;

    /**
     * Measures predictions.
     *
     * @param correct N outcomes; borrowed
     * @param probability N probabilities that the outcome is correct, 0 to 1; borrowed
     * @param groups N names; rows of one group are drawn together
     * @param seed seed of the resamples
     * @return the figures
     * @throws IllegalArgumentException if the sizes differ, there is no row, or a probability is not within 0 and 1
     */
    public static BinaryMetrics of(boolean[] correct, double[] probability, List<String> groups, long seed) {
        check(correct.length, probability.length, groups.size());
        for (double p : probability) {
            if (!(p >= 0 && p <= 1)) {
                throw new IllegalArgumentException("a probability is " + p + ", allowed is 0 to 1");
            }
        }
        GroupBootstrap bootstrap = new GroupBootstrap(groups);
        int[] order = ascending(probability);
        Interval[] found = bootstrap.intervals(
                weights -> {
                    double[] hits = hits(correct, probability, HALF, weights);
                    return new double[] {
                        hits[0],
                        hits[1],
                        auc(correct, probability, order, weights),
                        brier(correct, probability, weights)
                    };
                },
                seed);
        return new BinaryMetrics(found[0], found[1], found[2], found[3], correct.length, bootstrap.groups());
    }

    /**
     * Measures the share of hits.
     *
     * @param hits N values; borrowed
     * @param groups N names; rows of one group are drawn together
     * @param seed seed of the resamples
     * @return the share of true values, 0 to 1, with its interval
     * @throws IllegalArgumentException if the sizes differ or there is no row
     */
    public static Interval share(boolean[] hits, List<String> groups, long seed) {
        check(hits.length, hits.length, groups.size());
        return new GroupBootstrap(groups)
                .intervals(
                        weights -> {
                            long all = 0;
                            long hit = 0;
                            for (int i = 0; i < hits.length; i++) {
                                all += weights[i];
                                hit += hits[i] ? weights[i] : 0;
                            }
                            return new double[] {(double) hit / all};
                        },
                        seed)[0];
    }

    /**
     * Computes the area under the receiver operating characteristic.
     *
     * @param correct N outcomes; borrowed
     * @param scores N finite numbers, larger where a correct outcome is more likely; borrowed
     * @return the probability that a correct row has a larger score than a wrong one, ties counted half; NaN where there is
     *     one outcome only
     * @throws IllegalArgumentException if the sizes differ, there is no row or a score is not finite
     */
    public static double auc(boolean[] correct, double[] scores) {
        check(correct.length, scores.length, correct.length);
        int[] weights = new int[correct.length];
        Arrays.fill(weights, 1);
        return auc(correct, scores, ascending(scores), weights);
    }

    static void check(int outcomes, int scores, int groups) {
        if (outcomes == 0 || scores != outcomes || groups != outcomes) {
            throw new IllegalArgumentException("there are " + outcomes + " outcomes, " + scores + " predictions and "
                    + groups + " groups; give one of each for every row, and at least one row");
        }
    }

    static int[] ascending(double[] scores) {
        for (double score : scores) {
            if (!Double.isFinite(score)) {
                throw new IllegalArgumentException("a score is " + score + ", but only finite numbers can be ranked");
            }
        }
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> scores[i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** Returns accuracy and balanced accuracy of saying "correct" from a threshold on. */
    static double[] hits(boolean[] correct, double[] scores, double threshold, int[] weights) {
        long right = 0;
        long wrong = 0;
        long rightHit = 0;
        long wrongHit = 0;
        for (int i = 0; i < correct.length; i++) {
            boolean said = scores[i] >= threshold;
            if (correct[i]) {
                right += weights[i];
                rightHit += said ? weights[i] : 0;
            } else {
                wrong += weights[i];
                wrongHit += said ? 0 : weights[i];
            }
        }
        double balanced =
                right == 0 || wrong == 0 ? Double.NaN : ((double) rightHit / right + (double) wrongHit / wrong) / 2;
        return new double[] {(double) (rightHit + wrongHit) / (right + wrong), balanced};
    }

    static double auc(boolean[] correct, double[] scores, int[] order, int[] weights) {
        double pairs = 0;
        long right = 0;
        long wrong = 0;
        int at = 0;
        while (at < order.length) {
            double score = scores[order[at]];
            long tiedRight = 0;
            long tiedWrong = 0;
            while (at < order.length && scores[order[at]] == score) {
                int row = order[at++];
                if (correct[row]) {
                    tiedRight += weights[row];
                } else {
                    tiedWrong += weights[row];
                }
            }
            pairs += tiedRight * (wrong + 0.5 * tiedWrong);
            right += tiedRight;
            wrong += tiedWrong;
        }
        return right == 0 || wrong == 0 ? Double.NaN : pairs / ((double) right * wrong);
    }

    private static double brier(boolean[] correct, double[] probability, int[] weights) {
        double sum = 0;
        long all = 0;
        for (int i = 0; i < correct.length; i++) {
            double difference = probability[i] - (correct[i] ? 1 : 0);
            sum += weights[i] * difference * difference;
            all += weights[i];
        }
        return sum / all;
    }
}
