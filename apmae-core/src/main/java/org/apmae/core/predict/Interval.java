package org.apmae.core.predict;

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
     * Tells whether a number lies in the interval.
     *
     * @param number any number
     * @return whether it is neither below {@link #low()} nor above {@link #high()}; false where the interval is not known
     */
    public boolean contains(double number) {
        return number >= low && number <= high;
    }
}
