package org.apmae.examples.bench;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.ModelShape;
import org.apmae.core.progress.Progress;
import org.apmae.models.runtime.Precision;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/**
 * Load time, memory and speed of a model of StarCoder2-3B's shape with random weights. One prompt of 256 tokens runs on each
 * thread; the machine's own rate is taken between the rounds, so that other load hits both alike.
 */
final class TargetSpeed implements Benchmark {
    private static final int ROUNDS = 3;
    private static final long SEED = 1;

    private final int layers;

    TargetSpeed(int layers) {
        this.layers = layers;
    }

    @Override
    public Map<String, Object> run(Settings settings) {
        Path folder = null;
        try {
            Files.createDirectories(settings.folder());
            folder = Files.createTempDirectory(settings.folder(), "apmae-target-");
            RandomCheckpoint.write(folder, layers, SEED, settings.progress());
            Phase bf16 = measure(folder, Precision.BF16, settings);
            Phase f32 = measure(folder, Precision.F32, settings);
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("layers", layers);
            figures.put("threads", settings.threads());
            figures.put("sgemm_gflops", f32.machine);
            figures.put("f32_ratio", f32.rate() / f32.machine);
            figures.put("bf16_speedup", bf16.rate() / bf16.machine / (f32.rate() / f32.machine));
            figures.put("recording_cost", Math.max(f32.recordingCost(), bf16.recordingCost()));
            figures.put("rss_over_weights_gb", Math.max(f32.beyondWeights, bf16.beyondWeights));
            figures.put("load_s", Math.max(f32.load, bf16.load));
            f32.add(figures);
            bf16.add(figures);
            return Collections.unmodifiableMap(figures);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot write a checkpoint of some 6 GB to " + settings.folder() + ": " + e.getMessage(), e);
        } finally {
            delete(folder);
        }
    }

    private Phase measure(Path folder, Precision precision, Settings settings) {
        long started = System.nanoTime();
        try (TargetModel model = TargetModels.load(folder, Device.cpu(), precision);
                PromptWorkers workers = new PromptWorkers(model, settings.threads());
                Progress.Stage stage =
                        settings.progress().start("running " + precision + " prompts", 2 * ROUNDS, "rounds")) {
            Phase phase = new Phase(precision, settings.threads() * flops(model.shape()));
            phase.load = (System.nanoTime() - started) / 1e9;
            phase.weights = model.weightBytes() / 1e9;
            workers.run(1, true);
            double sum = MatrixRate.gigaflops(settings.threads());
            for (int round = 0; round < ROUNDS; round++) {
                phase.plain = Math.min(phase.plain, workers.run(1, false));
                stage.step(1);
                phase.recorded = Math.min(phase.recorded, workers.run(1, true));
                stage.step(1);
                phase.beyondWeights =
                        Math.max(phase.beyondWeights, ResidentMemory.bytes() / 1e9 - model.weightBytes() / 1e9);
                sum += MatrixRate.gigaflops(settings.threads());
            }
            phase.machine = sum / (ROUNDS + 1);
            return phase;
        }
    }

    /** Multiplications and additions of one prompt, with the logits of its last position. */
    private static double flops(ModelShape shape) {
        double tokens = PromptWorkers.TOKENS;
        double hidden = shape.hidden();
        double queries = (double) shape.heads() * shape.headWidth();
        double keys = (double) shape.keyValueHeads() * shape.headWidth();
        double matrices = hidden * (2 * queries + 2 * keys) + 2 * hidden * RandomCheckpoint.INTERMEDIATE;
        double attention = 2 * tokens * queries;
        return 2 * (shape.layers() * tokens * (matrices + attention) + hidden * shape.vocabulary());
    }

    private static void delete(Path folder) {
        if (folder == null) {
            return;
        }
        try {
            Files.deleteIfExists(folder.resolve("model.safetensors"));
            Files.deleteIfExists(folder.resolve("config.json"));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + folder + "; delete it by hand: " + e.getMessage(), e);
        }
    }

    /** What was measured in one precision; times are the shortest of the rounds. */
    private static final class Phase {
        private final Precision precision;
        private final double flops;
        private double load;
        private double weights;
        private double plain = Double.POSITIVE_INFINITY;
        private double recorded = Double.POSITIVE_INFINITY;
        private double beyondWeights = Double.NEGATIVE_INFINITY;
        private double machine;

        Phase(Precision precision, double flops) {
            this.precision = precision;
            this.flops = flops;
        }

        double rate() {
            return flops / plain / 1e9;
        }

        double recordingCost() {
            return recorded / plain - 1;
        }

        void add(Map<String, Object> figures) {
            Map<String, Object> own = new TreeMap<>();
            own.put("load_s", load);
            own.put("weights_gb", weights);
            own.put("rss_over_weights_gb", beyondWeights);
            own.put("forward_s", plain);
            own.put("forward_recorded_s", recorded);
            own.put("gflops", rate());
            own.put("machine_gflops", machine);
            own.put("share_of_sgemm", rate() / machine);
            own.put("recorded_share_of_sgemm", flops / recorded / 1e9 / machine);
            own.forEach((key, value) -> figures.put(precision.name().toLowerCase(Locale.ROOT) + "_" + key, value));
        }
    }
}
