package org.apmae.examples.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.work.Tasks;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;

/** Runs random prompts side by side, one a thread. */
final class PromptWorkers implements AutoCloseable {
    static final int TOKENS = 256;

    private final TargetModel model;
    private final int threads;
    private final HookedRecorder recorder;
    private final ExecutorService executor;

    PromptWorkers(TargetModel model, int threads) {
        this.model = model;
        this.threads = threads;
        this.recorder = new HookedRecorder(model, 1);
        this.executor = Tasks.threads("apmae-bench", threads);
    }

    /**
     * Runs so many prompts on each thread.
     *
     * @param each prompts of a thread
     * @param record whether every pattern of every head is handed to a sink, which reads all of it once
     * @return seconds until all threads are done
     */
    double run(int each, boolean record) {
        HeadSelection heads = record ? HeadSelection.all(model.shape()) : HeadSelection.of(List.of());
        long started = System.nanoTime();
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int thread = i;
            tasks.add(() -> {
                recorder.record(
                        new Random(thread).longs(each).mapToObj(this::prompt),
                        heads,
                        AttentionSink.of(batch -> batch.patterns().sum().getFloat(), verdicts -> {}));
                return null;
            });
        }
        Tasks.all(tasks, executor, "the measurement was interrupted; run it again");
        return (System.nanoTime() - started) / 1e9;
    }

    private Prompt prompt(long seed) {
        int[] ids = new Random(seed).ints(TOKENS, 0, model.shape().vocabulary()).toArray();
        return new Prompt("random-" + seed, CompletionTask.NOISE, ids, Prompt.NO_TARGET);
    }

    @Override
    public void close() {
        executor.shutdown();
        recorder.close();
    }
}
