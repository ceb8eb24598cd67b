package org.apmae.core.report;

import java.util.Objects;

/**
 * The words on a chart.
 *
 * @param title line above the chart, may be empty
 * @param x name of the horizontal axis with its unit, may be empty
 * @param y name of the vertical axis with its unit, may be empty
 */
public record ChartLabels(String title, String x, String y) {
    /** Checks the arguments. */
    public ChartLabels {
        Objects.requireNonNull(title, "title");
        Objects.requireNonNull(x, "x");
        Objects.requireNonNull(y, "y");
    }
}
