package org.apmae.core.predict;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What a predictor of correctness must beat. Every rule is fitted on the training rows and judged on the test rows. */
public final class Baselines {
    private Baselines() {}

    /**
     * A rule on one number, usually the model's own probability of its first choice: "correct" from a threshold on.
     *
     * @param threshold the threshold with the highest accuracy on the training rows; the lowest of equally good ones
     * @param auc area under the receiver operating characteristic of the number itself on the test rows; needs no fitting
     * @param accuracy accuracy of the rule on the test rows
     */
    public record Confidence(double threshold, Interval auc, Interval accuracy) {}

    /**
     * Judges the rule that always says the more frequent outcome of the training rows, "correct" when both are equal.
     *
     * @param train outcomes of the training rows, at least one; borrowed
     * @param test N outcomes of the test rows, at least one; borrowed
     * @param testGroups N names; rows of one group are drawn together
     * @param seed seed of the bootstrap
     * @return its accuracy on the test rows
     * @throws IllegalArgumentException if there is no row or the sizes differ
     */
    public static Interval majority(boolean[] train, boolean[] test, List<String> testGroups, long seed) {
        BinaryMetrics.check(train.length, train.length, train.length);
        int right = 0;
        for (boolean outcome : train) {
            right += outcome ? 1 : 0;
        }
        boolean said = 2L * right >= train.length;
        boolean[] hits = new boolean[test.length];
        for (int i = 0; i < hits.length; i++) {
            hits[i] = test[i] == said;
        }
        return BinaryMetrics.share(hits, testGroups, seed);
    }

    /**
     * Fits and judges a threshold on one number.
     *
     * @param train M finite numbers of the training rows, larger where a correct outcome is more likely; borrowed
     * @param trainCorrect M outcomes; borrowed
     * @param test N finite numbers of the test rows; borrowed
     * @param testCorrect N outcomes; borrowed
     * @param testGroups N names; rows of one group are drawn together
     * @param seed seed of the bootstrap
     * @return the rule and its figures
     * @throws IllegalArgumentException if there is no row, sizes differ or a number is not finite
     */
    public static Confidence confidence(
            double[] train,
            boolean[] trainCorrect,
            double[] test,
            boolean[] testCorrect,
            List<String> testGroups,
            long seed) {
        BinaryMetrics.check(trainCorrect.length, train.length, train.length);
        BinaryMetrics.check(testCorrect.length, test.length, testGroups.size());
        double threshold = threshold(train, trainCorrect);
        int[] order = BinaryMetrics.ascending(test);
        Interval[] found = new GroupBootstrap(testGroups)
                .intervals(
                        weights -> new double[] {
                            BinaryMetrics.auc(testCorrect, test, order, weights),
                            BinaryMetrics.hits(testCorrect, test, threshold, weights)[0]
                        },
                        seed);
        return new Confidence(threshold, found[0], found[1]);
    }

    private static double threshold(double[] numbers, boolean[] correct) {
        int[] order = BinaryMetrics.ascending(numbers);
        // Start with a threshold that lets all rows through, then move it up past one distinct number after another.
        int hits = 0;
        for (boolean outcome : correct) {
            hits += outcome ? 1 : 0;
        }
        double best = numbers[order[0]];
        int bestHits = hits;
        int at = 0;
        while (at < order.length) {
            double number = numbers[order[at]];
            while (at < order.length && numbers[order[at]] == number) {
                hits += correct[order[at++]] ? -1 : 1;
            }
            if (hits > bestHits) {
                bestHits = hits;
                best = at < order.length ? between(number, numbers[order[at]]) : Math.nextUp(number);
            }
        }
        return best;
    }

    private static double between(double low, double high) {
        double middle = low / 2 + high / 2;
        // The middle of two neighbouring doubles may round down to the lower one, which must stay below the threshold.
        return middle > low ? middle : high;
    }

    /**
     * Shuffles outcomes, for the control that must fall to chance.
     *
     * @param correct outcomes; borrowed
     * @param seed seed of the order
     * @return the same outcomes in another order, a new array
     */
    public static boolean[] shuffled(boolean[] correct, long seed) {
        boolean[] result = Arrays.copyOf(correct, correct.length);
        Random random = new Random(seed);
        for (int i = result.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            boolean swapped = result[i];
            result[i] = result[j];
            result[j] = swapped;
        }
        return result;
    }
}
