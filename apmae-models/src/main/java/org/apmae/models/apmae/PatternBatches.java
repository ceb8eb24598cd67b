package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.concurrent.ExecutorService;
import org.apmae.core.model.AttentionRecorder;
import org.apmae.core.model.Prompt;

/**
 * Where training patterns come from, batch by batch. Called from one thread, steps in ascending order, not always from 0: a
 * step always has the same batch, so that training that was stopped goes on with what would have come.
 */
@FunctionalInterface
public interface PatternBatches {
    /**
     * Returns the next batch.
     *
     * @param owner owner of the batch; it is closed at the end of the step
     * @param step zero-based training step
     * @return shape (N, 1, S, S), float32, scaled, on the autoencoder's device; need be valid until the next call only
     */
    NDArray next(NDManager owner, int step);

    /**
     * Streams patterns straight from a recorder: none is stored, and memory holds those of one group of scenarios only.
     * Scenarios come in random order, each once before any comes again; for each, other heads are drawn every time; the
     * patterns of a group are shuffled together, so that a batch holds few of any one scenario. To go on at some step, the
     * step's group is recorded again.
     *
     * @param recorder the target model; borrowed. It is used by all workers at once
     * @param prompts the scenarios, of the length of the config's patterns
     * @param config grid and scaler
     * @param headShare share of each layer's heads that are drawn for a scenario, above 0 and at most 1; the paper's is 0.25
     * @param together scenarios in a group, 1 or more
     * @param batch patterns in a batch, 1 or more
     * @param workers threads that record, or null to record in the calling thread
     * @param seed the same seed gives the same batches
     * @return batches without end; one thread at a time
     * @throws IllegalArgumentException if there is no prompt, a number is below 1 or the share out of range
     */
    static PatternBatches recorded(
            AttentionRecorder recorder,
            List<Prompt> prompts,
            ApMaeConfig config,
            double headShare,
            int together,
            int batch,
            ExecutorService workers,
            long seed) {
        return new RecordedBatches(
                new RecordedBatches.PatternSource(recorder, config, headShare, together),
                prompts,
                batch,
                workers,
                seed);
    }
}
