package org.apmae.core.predict;

import java.nio.file.Path;

/** A fitted predictor of correctness. Thread-safe until closed. */
public interface FittedPredictor extends AutoCloseable {
    /**
     * Predicts.
     *
     * @param labels N rows of C labels, in the order of the fitted columns; a label never seen counts as unknown
     * @param numbers N rows of K numbers, in the order of the fitted columns; NaN counts as unknown
     * @return the probability that each generation is correct, 0 to 1
     * @throws IllegalArgumentException if a row has another number of labels or numbers
     * @throws IllegalStateException if the predictor is closed
     */
    double[] probabilityCorrect(int[][] labels, double[][] numbers);

    /**
     * Predicts with a predictor that was fitted without numbers.
     *
     * @param labels N rows of C labels, in the order of the fitted columns; a label never seen counts as unknown
     * @return the probability that each generation is correct, 0 to 1
     * @throws IllegalArgumentException if a row has another number of labels, or the predictor needs numbers
     * @throws IllegalStateException if the predictor is closed
     */
    default double[] probabilityCorrect(int[][] labels) {
        return probabilityCorrect(labels, new double[labels.length][0]);
    }

    /**
     * Explains predictions by columns.
     *
     * @param labels N rows of C labels
     * @param numbers N rows of K numbers
     * @return SHAP values in log-odds: those of the C columns of labels, then those of the K columns of numbers
     * @throws IllegalArgumentException if a row has another number of labels or numbers
     * @throws IllegalStateException if the predictor is closed
     */
    Attribution attribute(int[][] labels, double[][] numbers);

    /**
     * Explains predictions of a predictor that was fitted without numbers.
     *
     * @param labels N rows of C labels
     * @return SHAP values in log-odds
     * @throws IllegalArgumentException if a row has another number of labels, or the predictor needs numbers
     * @throws IllegalStateException if the predictor is closed
     */
    default Attribution attribute(int[][] labels) {
        return attribute(labels, new double[labels.length][0]);
    }

    /**
     * Writes the predictor to a folder, replacing what was saved there before.
     *
     * @param folder made if it does not exist
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    void save(Path folder);

    /** Releases native memory. Calling it again does nothing. */
    @Override
    void close();
}
