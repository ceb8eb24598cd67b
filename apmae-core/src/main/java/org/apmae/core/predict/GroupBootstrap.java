package org.apmae.core.predict;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/** Bootstrap over groups: every resample gives each row the number of times its group was drawn. */
final class GroupBootstrap {
    private static final int RESAMPLES = 1000;
    private static final double TAIL = 0.025;

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
        Interval[] intervals = new Interval[values.length];
        for (int v = 0; v < values.length; v++) {
            // A resample without one of the outcomes has no value; leaving it out is the usual convention.
            double[] sorted = Arrays.stream(resampled[v])
                    .filter(value -> !Double.isNaN(value))
                    .sorted()
                    .toArray();
            intervals[v] = Double.isNaN(values[v])
                    ? new Interval(Double.NaN, Double.NaN, Double.NaN)
                    : new Interval(values[v], quantile(sorted, TAIL), quantile(sorted, 1 - TAIL));
        }
        return intervals;
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
