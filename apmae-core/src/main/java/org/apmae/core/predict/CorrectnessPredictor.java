package org.apmae.core.predict;

/**
 * Learns to tell from pattern labels, and other numbers where there are any, whether a generation is correct. Implementations are immutable and thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on correctness</a>
 */
public interface CorrectnessPredictor {
    /**
     * Fits a predictor.
     *
     * @param train scenarios to learn from; labels are categories, their order means nothing; numbers are ordered
     * @param validation scenarios of other groups, for early stopping
     * @param seed seed of everything random; the same seed gives the same predictor
     * @return the predictor, to be closed
     * @throws IllegalArgumentException if a table is empty, the columns differ, or {@code train} has one outcome only
     */
    FittedPredictor fit(PatternTable train, PatternTable validation, long seed);
}
