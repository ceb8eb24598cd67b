package org.apmae.core.predict;

import java.nio.file.Path;

/** A fitted predictor of correctness. Thread-safe until closed. */
public interface FittedPredictor extends AutoCloseable {
    /**
     * Predicts.
     *
     * @param labels rows of C labels, in the order of the fitted columns; a label never seen counts as unknown
     * @return the probability that each generation is correct, 0 to 1
     * @throws IllegalArgumentException if a row has another number of labels
     * @throws IllegalStateException if the predictor is closed
     */
    double[] probabilityCorrect(int[][] labels);

    /**
     * Explains predictions by heads.
     *
     * @param labels rows of C labels
     * @return SHAP values in log-odds
     * @throws IllegalArgumentException if a row has another number of labels
     * @throws IllegalStateException if the predictor is closed
     */
    Attribution attribute(int[][] labels);

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
