package org.apmae.core.predict;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/**
 * Bootstrap over groups: every resample gives each row the number of times its group was drawn.
 *
 * <p>Percentiles are expanded: with few groups the plain ones cover the truth too seldom, because resamples of n groups vary
 * less than samples do and the normal distribution has thinner tails than Student's.
 *
 * @see <a href="https://doi.org/10.1080/00031305.2015.1089789">Hesterberg: What Teachers Should Know About the Bootstrap,
 *     section on expanded percentiles</a>
 */
final class GroupBootstrap {
    private static final int RESAMPLES = 1000;
    private static final double TAIL = 0.025;
    /** The normal distribution's quantile at the tail. */
    private static final double NORMAL = 1.959963984540054;

    private final int[] groupOfRow;
    private final int groups;

    GroupBootstrap(List<String> groupNames) {
        Map<String, Integer> numbers = new HashMap<>();
        groupOfRow = new int[groupNames.size()];
        for (int row = 0; row < groupOfRow.length; row++) {
            // Numbers follow the first appearance, so they do not depend on hash order.
            Integer known = numbers.putIfAbsent(groupNames.get(row), numbers.size());
            groupOfRow[row] = known == null ? numbers.size() - 1 : known;
        }
        groups = numbers.size();
    }

    int groups() {
        return groups;
    }

    /**
     * Measures on the data and on all resamples.
     *
     * @param statistics from the weight of every row to one or more values; the array is reused between calls
     * @param seed seed of the draws
     * @return one interval for each value
     */
    Interval[] intervals(Function<int[], double[]> statistics, long seed) {
        int[] weights = new int[groupOfRow.length];
        Arrays.fill(weights, 1);
        double[] values = statistics.apply(weights);
        double[][] resampled = new double[values.length][groups < 2 ? 0 : RESAMPLES];
        if (groups >= 2) {
            Random random = new Random(seed);
            int[] drawn = new int[groups];
            for (int r = 0; r < RESAMPLES; r++) {
                Arrays.fill(drawn, 0);
                for (int g = 0; g < groups; g++) {
                    drawn[random.nextInt(groups)]++;
                }
                for (int row = 0; row < weights.length; row++) {
                    weights[row] = drawn[groupOfRow[row]];
                }
                double[] result = statistics.apply(weights);
                for (int v = 0; v < values.length; v++) {
                    resampled[v][r] = result[v];
                }
            }
        }
        double tail = tail(groups);
        Interval[] intervals = new Interval[values.length];
        for (int v = 0; v < values.length; v++) {
            // A resample without one of the outcomes has no value; leaving it out is the usual convention.
            double[] sorted = Arrays.stream(resampled[v])
                    .filter(value -> !Double.isNaN(value))
                    .sorted()
                    .toArray();
            intervals[v] = Double.isNaN(values[v])
                    ? new Interval(Double.NaN, Double.NaN, Double.NaN)
                    : new Interval(values[v], quantile(sorted, tail), quantile(sorted, 1 - tail));
        }
        return intervals;
    }

    /** The share of resamples to cut off at either end. */
    static double tail(int groups) {
        if (groups < 2) {
            return TAIL;
        }
        double freedom = groups - 1;
        double z = NORMAL;
        double cube = z * z * z;
        double fifth = cube * z * z;
        // Student's quantile by the expansion of Cornish and Fisher
        double student = z + (cube + z) / (4 * freedom) + (5 * fifth + 16 * cube + 3 * z) / (96 * freedom * freedom);
        return upperTail(student * Math.sqrt(groups / freedom));
    }

    /** The normal distribution beyond x of 0 or more, to 1e-7: Abramowitz and Stegun, formula 26.2.17. */
    private static double upperTail(double x) {
        double t = 1 / (1 + 0.2316419 * x);
        double sum = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI) * sum;
    }

    private static double quantile(double[] sorted, double share) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
