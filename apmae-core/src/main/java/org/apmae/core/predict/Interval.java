package org.apmae.core.predict;

import java.util.List;

/**
 * A measured value with its 95 % interval. Immutable.
 *
 * <p>The interval is that of a bootstrap over groups: whole groups are drawn with replacement, because the scenarios of one
 * file or project are not independent of each other.
 *
 * @param value the value on the data themselves; NaN where it is not defined, as the area under the curve of one outcome
 * @param low lower end; NaN where the value is not defined or there are fewer than two groups, for then nothing is known
 *     about the spread
 * @param high upper end; NaN as {@code low}
 */
public record Interval(double value, double low, double high) {
    /**
     * Divides one sum by another.
     *
     * @param numerators summands of the upper sum, one for each row
     * @param denominators summands of the lower sum
     * @param groups the group of each row
     * @param seed seed of the resamples
     * @return the ratio of the sums
     * @throws IllegalArgumentException if the lengths differ
     */
    public static Interval ratio(double[] numerators, double[] denominators, List<String> groups, long seed) {
        if (numerators.length != denominators.length || groups.size() != numerators.length) {
            throw new IllegalArgumentException("there are " + numerators.length + " and " + denominators.length
                    + " summands and " + groups.size() + " groups; give one of each for every row");
        }
        return new GroupBootstrap(groups)
                .intervals(
                        weights -> {
                            double above = 0;
                            double below = 0;
                            for (int row = 0; row < weights.length; row++) {
                                above += weights[row] * numerators[row];
                                below += weights[row] * denominators[row];
                            }
                            return new double[] {above / below};
                        },
                        seed)[0];
    }

    /**
     * Tells whether a number lies in the interval.
     *
     * @param number any number
     * @return whether it is neither below {@link #low()} nor above {@link #high()}; false where the interval is not known
     */
    public boolean contains(double number) {
        return number >= low && number <= high;
    }
}
