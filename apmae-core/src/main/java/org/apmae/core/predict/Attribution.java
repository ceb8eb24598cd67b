package org.apmae.core.predict;

/**
 * SHAP values of predictions, in log-odds. For every scenario the contributions and the expected value sum to the log-odds
 * of the prediction. Immutable and thread-safe.
 */
public final class Attribution {
    private final double[][] contributions;
    private final double expectedValue;

    /**
     * Copies the rows.
     *
     * @param contributions N rows of C values, in the order of the table's columns; positive speaks for a correct generation
     * @param expectedValue the log-odds when nothing is known, the same for all rows
     */
    public Attribution(double[][] contributions, double expectedValue) {
        this.contributions = copy(contributions);
        this.expectedValue = expectedValue;
    }

    /**
     * Returns the log-odds when nothing is known, kept apart from the contributions.
     *
     * @return the expected value
     */
    public double expectedValue() {
        return expectedValue;
    }

    private static double[][] copy(double[][] rows) {
        double[][] copy = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            copy[i] = rows[i].clone();
        }
        return copy;
    }

    /**
     * Returns the contributions.
     *
     * @return N rows of C values; a copy
     */
    public double[][] contributions() {
        return copy(contributions);
    }

    /**
     * Returns the mean contribution of every column.
     *
     * @return C means; all 0 where there is no row
     */
    public double[] meanContributions() {
        double[] mean = new double[contributions.length == 0 ? 0 : contributions[0].length];
        for (double[] row : contributions) {
            for (int c = 0; c < mean.length; c++) {
                mean[c] += row[c] / contributions.length;
            }
        }
        return mean;
    }
}
