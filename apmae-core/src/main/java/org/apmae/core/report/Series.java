package org.apmae.core.report;

import java.util.Arrays;
import java.util.Objects;

/** Points that belong together on a chart, with or without intervals. Immutable and thread-safe. */
public final class Series {
    private final String name;
    private final double[] x;
    private final double[] y;
    private final double[] low;
    private final double[] high;

    private Series(String name, double[] x, double[] y, double[] low, double[] high) {
        this.name = name;
        this.x = x;
        this.y = y;
        this.low = low;
        this.high = high;
    }

    /**
     * Makes a series of points.
     *
     * @param name what the legend calls it; no other series of the chart may have it
     * @param x positions, finite; copied
     * @param y values, as many; NaN where there is none; copied
     * @return the series
     * @throws IllegalArgumentException if the lengths differ or a position is not finite
     */
    public static Series points(String name, double[] x, double[] y) {
        Objects.requireNonNull(name, "name");
        if (x.length != y.length) {
            throw new IllegalArgumentException("the series '" + name + "' has " + x.length + " positions and "
                    + y.length + " values; give one value for each position");
        }
        for (double position : x) {
            if (!Double.isFinite(position)) {
                throw new IllegalArgumentException(
                        "the series '" + name + "' has the position " + position + "; positions are finite numbers");
            }
        }
        return new Series(name, x.clone(), y.clone(), y.clone(), y.clone());
    }

    /**
     * Makes a series with one value for each category of a chart.
     *
     * @param name what the legend calls it; no other series of the chart may have it
     * @param y values; NaN where there is none; copied
     * @return the series, with the positions 0, 1, 2 and so on
     */
    public static Series values(String name, double[] y) {
        double[] x = new double[y.length];
        Arrays.setAll(x, i -> i);
        return points(name, x, y);
    }

    /**
     * Adds an interval to every value.
     *
     * @param lower lower ends, one for each value; NaN where there is none; copied
     * @param upper upper ends, one for each value; NaN where there is none; copied
     * @return a copy with the intervals
     * @throws IllegalArgumentException if the lengths differ or an upper end lies below its lower end
     */
    public Series withInterval(double[] lower, double[] upper) {
        if (lower.length != y.length || upper.length != y.length) {
            throw new IllegalArgumentException("the series '" + name + "' has " + y.length + " values, " + lower.length
                    + " lower and " + upper.length + " upper ends; give one of each for every value");
        }
        for (int i = 0; i < lower.length; i++) {
            if (lower[i] > upper[i]) {
                throw new IllegalArgumentException("value " + i + " of the series '" + name + "' has the interval from "
                        + lower[i] + " to " + upper[i] + "; give the lower end first");
            }
        }
        return new Series(name, x, y, lower.clone(), upper.clone());
    }

    String name() {
        return name;
    }

    int size() {
        return x.length;
    }

    double x(int i) {
        return x[i];
    }

    double y(int i) {
        return y[i];
    }

    double low(int i) {
        return low[i];
    }

    double high(int i) {
        return high[i];
    }

    boolean hasInterval(int i) {
        return Double.isFinite(low[i]) && Double.isFinite(high[i]) && high[i] > low[i];
    }
}
