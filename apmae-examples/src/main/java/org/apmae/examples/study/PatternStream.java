package org.apmae.examples.study;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.ScenarioRow;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.recording.HookedRecorder;

/** Runs the target model over scenarios and hands scaled patterns, layer by layer, to a function on several threads. */
final class PatternStream {
    private static final int BATCH = 4;

    private PatternStream() {}

    /** What is done with the scaled patterns (B, h, S, S) of one layer; called on a worker's thread. */
    @FunctionalInterface
    interface LayerTask {
        void accept(NDManager scratch, AttentionBatch batch, NDArray scaled);
    }

    static void run(
            Study study,
            List<ScenarioRow> rows,
            HeadSelection heads,
            AttentionScaler scaler,
            Progress.Stage progress,
            LayerTask task) {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += BATCH) {
            List<ScenarioRow> chunk = rows.subList(from, Math.min(rows.size(), from + BATCH));
            tasks.add(() -> {
                try (HookedRecorder recorder = new HookedRecorder(study.model(), BATCH)) {
                    recorder.record(
                            chunk.stream().map(ScenarioRow::prompt),
                            heads,
                            HeadIntervention.none(),
                            sink(study, scaler, task));
                }
                progress.step(chunk.size());
                return true;
            });
        }
        study.parallel(tasks);
    }

    /** Scales each layer's patterns and hands them on; verdicts are dropped, because the record stage has them already. */
    static AttentionSink sink(Study study, AttentionScaler scaler, LayerTask task) {
        return AttentionSink.of(
                batch -> {
                    try (NDManager scratch = study.model().newManager()) {
                        task.accept(scratch, batch, scaler.scale(scratch, batch.patterns()));
                    }
                },
                verdicts -> {});
    }
}
