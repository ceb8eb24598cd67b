package org.apmae.examples.study;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.model.Verdict;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.apmae.MeanPatterns;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.recording.HookedRecorder;

/** Runs the target model over scenarios and hands scaled patterns, layer by layer, to a function on several threads. */
final class PatternStream {
    private static final double HELD_OUT_SHARE = 0.25;
    private static final int HELD_OUT_SCENARIOS = 100;
    /** In memory: 131 KB each. */
    private static final int HELD_OUT_PATTERNS = 5000;

    private PatternStream() {}

    /** What is done with the scaled patterns (B, h, S, S) of one layer; called on a worker's thread. */
    @FunctionalInterface
    interface LayerTask {
        void accept(NDManager scratch, AttentionBatch batch, NDArray scaled);
    }

    /** Random scenarios that the model got right, of one side of the split. */
    static List<ScenarioRow> scenarios(Study study, RecordStage.Side side) {
        Map<String, Verdict> verdicts = Selected.verdicts(study.run());
        Map<String, RecordStage.Side> sides = RecordStage.sides(study.run());
        return RunTables.scenarios(study.run()).stream()
                .filter(row -> row.task() == CompletionTask.RANDOM && sides.get(RecordStage.file(row)) == side)
                .filter(row -> verdicts.containsKey(row.id())
                        && RecordStage.verdict(verdicts, row).correct())
                .toList();
    }

    /**
     * Patterns of files that train no AP-MAE: validation files and test files.
     *
     * @param patterns numbered by head; a quarter of the heads of each scenario
     * @param files the source file of each pattern
     */
    record HeldOut(PatternSet patterns, List<String> files) {}

    static HeldOut heldOut(Study study, ApMaeConfig config) {
        ModelShape shape = study.model().shape();
        int each = HeadSelection.layerwise(shape, HELD_OUT_SHARE, 0).heads().size();
        List<ScenarioRow> rows = Stream.of(RecordStage.Side.VALIDATION, RecordStage.Side.TEST)
                .flatMap(side -> scenarios(study, side).stream())
                .limit(Math.max(1, Math.min(HELD_OUT_SCENARIOS, HELD_OUT_PATTERNS / each)))
                .toList();
        PatternSet patterns = new PatternSet(config.grid());
        List<String> files = new ArrayList<>();
        try (HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
            for (ScenarioRow row : rows) {
                long seed = study.options().seedOf("heads of " + row.id());
                recorder.record(
                        Stream.of(row.prompt()),
                        HeadSelection.layerwise(shape, HELD_OUT_SHARE, seed),
                        sink(
                                study,
                                config.scaler(),
                                (scratch, batch, scaled) -> patterns.add(numbers(shape, batch), scaled)));
                while (files.size() < patterns.size()) {
                    files.add(RecordStage.file(row));
                }
            }
        }
        return new HeldOut(patterns, files);
    }

    /** The mean pattern of every head over scenarios. */
    static MeanPatterns means(Study study, ApMaeConfig config, List<ScenarioRow> rows) {
        MeanPatterns means = new MeanPatterns(config.grid());
        ModelShape shape = study.model().shape();
        try (Progress.Stage progress = study.progress().start("mean patterns", rows.size(), "scenarios");
                HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
            for (ScenarioRow row : rows) {
                recorder.record(
                        Stream.of(row.prompt()),
                        HeadSelection.all(shape),
                        sink(
                                study,
                                config.scaler(),
                                (scratch, batch, scaled) -> means.add(numbers(shape, batch), scaled)));
                progress.step(1);
            }
        }
        return means;
    }

    private static int[] numbers(ModelShape shape, AttentionBatch batch) {
        return batch.heads().stream().mapToInt(shape::indexOf).toArray();
    }

    /** Scales each layer's patterns and hands them on; the record stage has the verdicts already. */
    static AttentionSink sink(Study study, AttentionScaler scaler, LayerTask task) {
        return AttentionSink.patternsOnly(batch -> {
            try (NDManager scratch = study.model().newManager()) {
                task.accept(scratch, batch, scaler.scale(scratch, batch.patterns()));
            }
        });
    }
}
