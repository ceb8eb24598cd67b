package org.apmae.examples.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.pipeline.EncodingPass;
import org.apmae.models.pipeline.PatternKeeping;
import org.apmae.models.pipeline.Workers;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/**
 * What scaling, storing and committing add to the forward passes of the embedded model and the encoder. Each round does the
 * same scenarios three times: whole forward passes with the encoder, with scaler and encoder, and as a recording with its
 * commit, which stops each pass at the last pattern; the parts are differences within a round, and medians over many short
 * rounds count, because a shared machine changes its speed from one minute to the next. The encoder is the same in all, the
 * fast one, which without the scaler takes the weights as they are.
 */
final class RecordingRate implements Benchmark {
    /** So many that the one commit at the end, which costs the same for any number, does not decide the figure. */
    private static final int SCENARIOS = 128;

    private static final int ROUNDS = 7;
    private static final int BATCH = 4;
    private static final int WINDOW = 256;

    @Override
    public Map<String, Object> run(Settings settings) {
        try (TargetModel model = TargetModels.embedded();
                ApMae apmae = ApMae.init(ApMaeConfig.laptop(), 1);
                ApMaeEncoder encoder = apmae.fastEncoder(apmae.config().encodingMode(), ApMae.Precision.F32);
                Progress.Stage progress = settings.progress().start("recording", 3 * (ROUNDS + 1), "passes")) {
            AttentionScaler scaler = apmae.config().scaler();
            int tokens = apmae.config().grid().patternSize();
            List<Prompt> prompts = RandomPrompts.of(
                    SCENARIOS, Math.min(WINDOW, tokens), model.shape().vocabulary());
            List<DoubleSupplier> ways = List.of(
                    () -> passes(model, prompts, settings.threads(), (scratch, patterns) -> {
                        long side = patterns.getShape().get(2);
                        encoder.encode(scratch, patterns.reshape(-1, 1, side, side))
                                .toFloatArray();
                    }),
                    () -> passes(
                            model,
                            prompts,
                            settings.threads(),
                            (scratch, patterns) ->
                                    scaler.encode(scratch, patterns, encoder).toFloatArray()),
                    () -> whole(model, scaler, encoder, prompts, settings));
            double[][] seconds = new double[ways.size()][ROUNDS];
            double[][] work = new double[ways.size()][ROUNDS];
            for (int round = -1; round < ROUNDS; round++) {
                for (int i = 0; i < ways.size(); i++) {
                    // Back and forth, so that a machine that slows down is not held against one of them.
                    int way = round % 2 == 0 ? i : ways.size() - 1 - i;
                    double before = processorSeconds();
                    double taken = ways.get(way).getAsDouble();
                    if (round >= 0) {
                        seconds[way][round] = taken;
                        work[way][round] = processorSeconds() - before;
                    }
                    progress.step(1);
                }
            }
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("scenarios", SCENARIOS);
            figures.put("heads", model.shape().totalHeads());
            figures.put("tokens", tokens);
            figures.put("rounds", ROUNDS);
            figures.put("forward_and_encoder_s", median(round -> seconds[0][round]));
            figures.put("scaler_s", median(round -> seconds[1][round] - seconds[0][round]));
            figures.put("store_s", median(round -> seconds[2][round] - seconds[1][round]));
            figures.put("recording_s", median(round -> seconds[2][round]));
            figures.put("recording_overhead", median(round -> seconds[2][round] / seconds[0][round]) - 1);
            // In processor time, which other processes disturb less; waiting for the disk is not in it.
            figures.put("recording_processor_overhead", median(round -> work[2][round] / work[0][round]) - 1);
            return figures;
        }
    }

    private static double processorSeconds() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getProcessCpuTime() / 1e9
                : Double.NaN;
    }

    private static double median(IntToDoubleFunction ofRound) {
        return Median.of(IntStream.range(0, ROUNDS).mapToDouble(ofRound).toArray());
    }

    /** Runs the model over all prompts and hands every layer's patterns on; seconds. */
    private static double passes(
            TargetModel model, List<Prompt> prompts, int threads, BiConsumer<NDManager, NDArray> use) {
        HeadSelection heads = HeadSelection.all(model.shape());
        AttentionSink sink = AttentionSink.of(
                batch -> {
                    try (NDManager scratch = model.newManager()) {
                        use.accept(scratch, batch.patterns());
                    }
                },
                verdicts -> {});
        long started = System.nanoTime();
        try (Workers workers = new Workers("apmae-bench", threads)) {
            List<Future<Boolean>> futures = new ArrayList<>();
            for (int from = 0; from < prompts.size(); from += BATCH) {
                List<Prompt> batch = prompts.subList(from, Math.min(prompts.size(), from + BATCH));
                futures.add(workers.submit(() -> {
                    try (HookedRecorder recorder = new HookedRecorder(model, BATCH)) {
                        recorder.record(batch.stream(), heads, sink);
                    }
                    return true;
                }));
            }
            futures.forEach(Workers::result);
        }
        return (System.nanoTime() - started) / 1e9;
    }

    private static double whole(
            TargetModel model, AttentionScaler scaler, ApMaeEncoder encoder, List<Prompt> prompts, Settings settings) {
        Path folder;
        try {
            Files.createDirectories(settings.folder());
            folder = Files.createTempDirectory(settings.folder(), "apmae-bench-recording");
        } catch (IOException e) {
            throw new UncheckedIOException(
                    settings.folder() + " cannot be written: " + e.getMessage() + "; choose another folder with --dir",
                    e);
        }
        HeadSelection heads = HeadSelection.all(model.shape());
        try (RunFolder run = RunFolder.create(folder)) {
            for (Stage stage : List.of(Stage.MINE, Stage.RECORD, Stage.TRAIN)) {
                try (StageWriter writer = run.begin(stage)) {
                    writer.metrics(Map.of());
                    writer.commit(Provenance.seeded(1));
                }
            }
            long started = System.nanoTime();
            try (StageWriter stage = run.resume(Stage.ENCODE, "bench")) {
                EncodingStore.Writer store = EncodingStore.writer(stage, heads.heads(), encoder.width());
                new EncodingPass(model, scaler, encoder, settings.threads())
                        .run(prompts.iterator(), heads, PatternKeeping.none(), stage, store, done -> {});
                store.finish();
                stage.commit(Provenance.seeded(1));
            }
            return (System.nanoTime() - started) / 1e9;
        } finally {
            StoreRate.delete(folder);
        }
    }
}
