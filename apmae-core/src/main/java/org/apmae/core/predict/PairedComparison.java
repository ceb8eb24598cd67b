package org.apmae.core.predict;

import java.util.List;

/**
 * Two predictors on the same rows. Differences are first minus second, with a 95 % interval from 1,000 bootstrap resamples
 * over groups in which both are measured on the same draw. Immutable.
 *
 * @param auc difference of the areas under the receiver operating characteristic, -1 to 1
 * @param accuracy difference of the accuracies, -1 to 1
 * @param onlyFirst number of rows where only the first is right
 * @param onlySecond number of rows where only the second is right
 * @param mcNemar probability of a split of these rows at least as uneven if both were equally good, 0 to 1; takes rows as
 *     independent, so with few groups trust the interval
 */
public record PairedComparison(Interval auc, Interval accuracy, int onlyFirst, int onlySecond, double mcNemar) {
    /**
     * Compares two vectors of probabilities, cut at one half.
     *
     * @param correct N outcomes; borrowed
     * @param first N probabilities; borrowed
     * @param second N probabilities; borrowed
     * @param groups N names; rows of one group are drawn together
     * @param seed seed of the resamples
     * @return the comparison
     * @throws IllegalArgumentException if the sizes differ, there is no row or a probability is not finite
     */
    public static PairedComparison of(
            boolean[] correct, double[] first, double[] second, List<String> groups, long seed) {
        return of(correct, first, BinaryMetrics.HALF, second, BinaryMetrics.HALF, groups, seed);
    }

    /**
     * Compares two vectors of scores, each cut at a threshold of its own.
     *
     * @param correct N outcomes; borrowed
     * @param first N finite scores, larger where a correct outcome is more likely; borrowed
     * @param firstThreshold the score from which on the first says "correct"
     * @param second N finite scores; borrowed
     * @param secondThreshold the score from which on the second says "correct"
     * @param groups N names; rows of one group are drawn together
     * @param seed seed of the resamples
     * @return the comparison
     * @throws IllegalArgumentException if the sizes differ, there is no row or a score is not finite
     */
    public static PairedComparison of(
            boolean[] correct,
            double[] first,
            double firstThreshold,
            double[] second,
            double secondThreshold,
            List<String> groups,
            long seed) {
        BinaryMetrics.check(correct.length, first.length, groups.size());
        BinaryMetrics.check(correct.length, second.length, groups.size());
        int[] firstOrder = BinaryMetrics.ascending(first);
        int[] secondOrder = BinaryMetrics.ascending(second);
        Interval[] found = new GroupBootstrap(groups)
                .intervals(
                        weights -> new double[] {
                            BinaryMetrics.auc(correct, first, firstOrder, weights)
                                    - BinaryMetrics.auc(correct, second, secondOrder, weights),
                            BinaryMetrics.hits(correct, first, firstThreshold, weights)[0]
                                    - BinaryMetrics.hits(correct, second, secondThreshold, weights)[0]
                        },
                        seed);
        int onlyFirst = 0;
        int onlySecond = 0;
        for (int i = 0; i < correct.length; i++) {
            boolean firstHit = (first[i] >= firstThreshold) == correct[i];
            boolean secondHit = (second[i] >= secondThreshold) == correct[i];
            onlyFirst += firstHit && !secondHit ? 1 : 0;
            onlySecond += secondHit && !firstHit ? 1 : 0;
        }
        return new PairedComparison(found[0], found[1], onlyFirst, onlySecond, mcNemar(onlyFirst, onlySecond));
    }

    /**
     * McNemar's exact test of a change in paired outcomes of two values.
     *
     * @param onlyFirst number of pairs where only the first holds, 0 or more
     * @param onlySecond number of pairs where only the second holds, 0 or more
     * @return the two-sided probability of a split at least as uneven when both kinds are equally likely; 1 where there is no
     *     such pair
     * @throws IllegalArgumentException if a number is negative
     */
    public static double mcNemar(int onlyFirst, int onlySecond) {
        if (onlyFirst < 0 || onlySecond < 0) {
            throw new IllegalArgumentException(
                    "the numbers of pairs are " + onlyFirst + " and " + onlySecond + ", allowed is 0 or more");
        }
        int n = Math.addExact(onlyFirst, onlySecond);
        int smaller = Math.min(onlyFirst, onlySecond);
        // Binomial coefficients overflow from n = 1030 on, so the terms are kept as logarithms.
        double logTerm = -n * Math.log(2);
        double tail = 0;
        for (int k = 0; k <= smaller; k++) {
            tail += Math.exp(logTerm);
            logTerm += Math.log(n - k) - Math.log(k + 1.0);
        }
        return Math.min(1, 2 * tail);
    }
}
