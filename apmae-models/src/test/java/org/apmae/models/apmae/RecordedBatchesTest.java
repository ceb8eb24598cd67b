package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RecordedBatchesTest {
    private static final int SIDE = 32;
    private static final int BATCH = 6;

    private static TargetModel target;
    private static HookedRecorder recorder;
    private static NDManager manager;
    private static final List<Prompt> PROMPTS = prompts();
    private static final ApMaeConfig CONFIG = ApMaeConfig.of(
            new PatchGrid(SIDE, 8), new ApMaeConfig.Stack(8, 1, 1, 8, 8), new ApMaeConfig.Stack(8, 1, 1, 8, 8));

    @BeforeAll
    static void open() {
        manager = NativeRuntime.newManager(Device.cpu());
        target = TargetModels.load(Path.of("src/test/resources/golden/starcoder2-tiny"));
        recorder = new HookedRecorder(target, 1);
    }

    @AfterAll
    static void close() {
        recorder.close();
        target.close();
        manager.close();
    }

    private static List<Prompt> prompts() {
        List<Prompt> prompts = new ArrayList<>();
        Random random = new Random(1);
        for (int n = 0; n < 5; n++) {
            int[] ids = random.ints(SIDE, 5, 60).toArray();
            prompts.add(new Prompt("s" + n, CompletionTask.RANDOM, ids, 7));
        }
        return prompts;
    }

    private static PatternBatches batches(int together, ExecutorService workers, long seed) {
        return PatternBatches.recorded(recorder, PROMPTS, CONFIG, 0.5, together, BATCH, workers, seed);
    }

    private static float[] batch(PatternBatches batches, int step) {
        try (NDManager scratch = manager.newSubManager()) {
            return batches.next(scratch, step).toFloatArray();
        }
    }

    @Test
    void aStepHasTheSameBatchHoweverItIsReached() {
        ExecutorService workers = Executors.newFixedThreadPool(2);
        try {
            PatternBatches one = batches(3, null, 7);
            List<float[]> all = new ArrayList<>();
            for (int step = 0; step < 12; step++) {
                all.add(batch(one, step));
            }
            for (int step : new int[] {0, 5, 11}) {
                assertThat(batch(batches(3, workers, 7), step)).isEqualTo(all.get(step));
            }
            assertThat(batch(batches(3, null, 8), 5)).isNotEqualTo(all.get(5));
            assertThat(all.get(1)).isNotEqualTo(all.get(0));
        } finally {
            workers.shutdown();
        }
    }

    @Test
    void servesWhatTheRecorderSeesAndMixesScenarios() {
        List<float[]> known = new ArrayList<>();
        List<Integer> scenarios = new ArrayList<>();
        for (int n = 0; n < PROMPTS.size(); n++) {
            int scenario = n;
            recorder.record(
                    Stream.of(PROMPTS.get(n)),
                    HeadSelection.all(recorder.shape()),
                    AttentionSink.of(
                            layer -> {
                                try (NDManager scratch = manager.newSubManager()) {
                                    NDArray scaled = CONFIG.scaler().scale(scratch, layer.patterns());
                                    float[] pixels = scaled.toFloatArray();
                                    for (int i = 0; i < pixels.length; i += SIDE * SIDE) {
                                        known.add(Arrays.copyOfRange(pixels, i, i + SIDE * SIDE));
                                        scenarios.add(scenario);
                                    }
                                }
                            },
                            verdicts -> {}));
        }
        PatternBatches batches = batches(5, null, 3);
        Set<Integer> met = new TreeSet<>();
        for (int step = 0; step < 3; step++) {
            float[] pixels = batch(batches, step);
            Set<Integer> inBatch = new TreeSet<>();
            for (int i = 0; i < BATCH; i++) {
                float[] pattern = Arrays.copyOfRange(pixels, i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
                int found = -1;
                for (int k = 0; k < known.size() && found < 0; k++) {
                    found = Arrays.equals(known.get(k), pattern) ? k : -1;
                }
                assertThat(found).as("pattern %d of step %d", i, step).isNotNegative();
                inBatch.add(scenarios.get(found));
            }
            assertThat(inBatch).hasSizeGreaterThan(1);
            met.addAll(inBatch);
        }
        assertThat(met).hasSizeGreaterThan(3);
    }

    @Test
    void refusesNothing() {
        assertThatThrownBy(() -> PatternBatches.recorded(recorder, List.of(), CONFIG, 1, 1, 1, null, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 scenarios");
    }
}
