package org.apmae.core.model;

import java.util.List;
import java.util.function.Consumer;

/**
 * Receives what a recorder produces.
 *
 * <p>For every batch of prompts, {@link #patterns} is called once for each layer that has a selected head, in ascending
 * order, and then {@link #verdicts} once where they are wanted, all on the thread that called {@link AttentionRecorder#record}.
 */
public interface AttentionSink {
    /**
     * Takes the patterns of one layer. The arrays are gone when this method returns: keep copies or, better, encodings.
     *
     * @param batch patterns and what they belong to
     */
    void patterns(AttentionBatch batch);

    /**
     * Takes the predictions for the batch whose patterns were just delivered.
     *
     * @param verdicts one for each prompt, in order
     */
    void verdicts(List<Verdict> verdicts);

    /**
     * Says whether the recorder has to predict anything. Patterns alone are cheaper: the model stops at the last one.
     *
     * @return false if {@link #verdicts} need not be called
     */
    default boolean wantsVerdicts() {
        return true;
    }

    /**
     * Makes a sink for patterns alone.
     *
     * @param patterns takes the patterns of a layer
     * @return a sink that wants no verdicts
     */
    static AttentionSink patternsOnly(Consumer<AttentionBatch> patterns) {
        return new AttentionSink() {
            @Override
            public void patterns(AttentionBatch batch) {
                patterns.accept(batch);
            }

            @Override
            public void verdicts(List<Verdict> found) {}

            @Override
            public boolean wantsVerdicts() {
                return false;
            }
        };
    }

    /**
     * Makes a sink of two functions.
     *
     * @param patterns takes the patterns of a layer
     * @param verdicts takes the predictions of a batch
     * @return the sink
     */
    static AttentionSink of(Consumer<AttentionBatch> patterns, Consumer<List<Verdict>> verdicts) {
        return new AttentionSink() {
            @Override
            public void patterns(AttentionBatch batch) {
                patterns.accept(batch);
            }

            @Override
            public void verdicts(List<Verdict> found) {
                verdicts.accept(found);
            }
        };
    }
}
