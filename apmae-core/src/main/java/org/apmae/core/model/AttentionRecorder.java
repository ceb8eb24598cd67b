package org.apmae.core.model;

import java.util.stream.Stream;

/**
 * Runs a target model over prompts and hands out the attention patterns of the selected heads, layer by layer.
 *
 * <p>Memory is bounded by one batch and one layer: patterns of a layer are released before the next layer runs. A recorder
 * holds weights and must be closed. {@link #record} may be called from several threads at once, each with its own sink.
 */
public interface AttentionRecorder extends AutoCloseable {
    /**
     * Returns the sizes of the target model.
     *
     * @return the shape
     */
    ModelShape shape();

    /**
     * Runs the prompts in order.
     *
     * @param prompts consumed lazily, once; consecutive prompts of equal length share a batch
     * @param heads the heads whose patterns are wanted; other heads are computed but never copied
     * @param intervention changes heads during the run; {@link HeadIntervention#none()} leaves the model as it is
     * @param sink receives patterns and verdicts on the calling thread
     * @throws IllegalArgumentException if a head does not exist or a prompt holds a token id outside the vocabulary
     * @throws IllegalStateException if the recorder is closed
     */
    void record(Stream<Prompt> prompts, HeadSelection heads, HeadIntervention intervention, AttentionSink sink);

    /**
     * Runs the prompts in order on the unchanged model.
     *
     * @param prompts consumed lazily, once
     * @param heads the heads whose patterns are wanted
     * @param sink receives patterns and verdicts on the calling thread
     * @throws IllegalArgumentException if a head does not exist or a prompt holds a token id outside the vocabulary
     * @throws IllegalStateException if the recorder is closed
     */
    default void record(Stream<Prompt> prompts, HeadSelection heads, AttentionSink sink) {
        record(prompts, heads, HeadIntervention.none(), sink);
    }

    /** Releases the weights. Calling it again does nothing. */
    @Override
    void close();
}
