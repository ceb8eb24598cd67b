package org.apmae.examples.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.progress.Progress;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeTrainer;
import org.apmae.models.apmae.ApMaeTrainingOptions;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.runtime.NativeRuntime;

/**
 * Encoding and training of an AP-MAE of the paper's size, beside the machine's rate, which is measured again before each
 * figure; weights are random, patterns made up. Ratios count the multiplications and additions of the matrix products that the
 * network's definition asks for.
 */
final class EncoderRate implements Benchmark {
    private static final int BATCH = 10;
    private static final double SECONDS = 6;
    private static final int TRAINING_BATCH = 60;
    private static final int SMALL_BATCH = 12;
    private static final int SMALL_STEPS = 60;
    /** Steps in which the compiler of the JVM still takes the second core. */
    private static final int SMALL_WARM_UP = 20;

    private static final int CHECKED = 20;

    private final Map<String, Object> figures = new LinkedHashMap<>();

    @Override
    public Map<String, Object> run(Settings settings) {
        int threads = settings.threads();
        try (Progress.Stage progress = settings.progress().start("measuring", 7, "figures");
                NDManager manager = NativeRuntime.newManager(Device.cpu());
                ApMae model = ApMae.init(ApMaeConfig.paper(), 1)) {
            // First, as in a process of its own: after large steps the allocator's memory is in pieces.
            figures.put("small_step_s", small(threads));
            progress.step(1);
            double matrix = MatrixRate.gigaflops(threads);
            figures.put("sgemm_gflops", matrix);
            NDArray patterns = patterns(manager, 256, CHECKED);
            double reference = rate(model, EncodingMode.REFERENCE, ApMae.Precision.F32, threads, patterns);
            figures.put("reference_f32_rate", reference);
            // The rate of a machine that others use changes within seconds: the mean of before and after.
            matrix = (matrix + MatrixRate.gigaflops(threads)) / 2;
            figures.put("reference_f32_ratio", reference * encodingFlops(model.config(), 65) / 1e9 / matrix);
            progress.step(1);
            figures.put(
                    "lower_f32_rate", rate(model, EncodingMode.LOWER_TRIANGLE, ApMae.Precision.F32, threads, patterns));
            progress.step(1);
            figures.put(
                    "reference_bf16_rate",
                    rate(model, EncodingMode.REFERENCE, ApMae.Precision.BF16, threads, patterns));
            progress.step(1);
            double lower = rate(model, EncodingMode.LOWER_TRIANGLE, ApMae.Precision.BF16, threads, patterns);
            figures.put("lower_bf16_rate", lower);
            figures.put("lower_bf16_speedup", lower / reference);
            progress.step(1);
            figures.put("min_cosine", cosine(model, patterns));
            progress.step(1);
            training(model, threads);
            progress.step(1);
        }
        return figures;
    }

    /** Attention weights that fall off with distance at random rates, with random noise. */
    private static NDArray patterns(NDManager manager, int side, int count) {
        Random random = new Random(1);
        float[] weights = new float[count * side * side];
        for (int n = 0; n < count; n++) {
            double decay = 0.1 * random.nextDouble();
            for (int row = 0; row < side; row++) {
                int start = (n * side + row) * side;
                double total = 0;
                for (int column = 0; column <= row; column++) {
                    weights[start + column] = (float) Math.exp(random.nextGaussian() - decay * (row - column));
                    total += weights[start + column];
                }
                for (int column = 0; column <= row; column++) {
                    weights[start + column] = (float) (weights[start + column] / total);
                }
            }
        }
        return AttentionScaler.LOG_NORMALIZE.scale(
                manager, manager.create(FloatBuffer.wrap(weights), new Shape(count, 1, side, side)));
    }

    private static double rate(
            ApMae model, EncodingMode mode, ApMae.Precision precision, int threads, NDArray patterns) {
        try (ApMaeEncoder encoder = model.fastEncoder(mode, precision)) {
            return IntStream.range(0, threads)
                    .mapToObj(i -> new Worker(encoder, patterns))
                    .peek(Thread::start)
                    .toList()
                    .stream()
                    .mapToDouble(Worker::rate)
                    .sum();
        }
    }

    private static final class Worker extends Thread {
        private final ApMaeEncoder encoder;
        private final NDArray patterns;
        private double rate;
        private RuntimeException failure;

        Worker(ApMaeEncoder encoder, NDArray patterns) {
            this.encoder = encoder;
            this.patterns = patterns;
        }

        double rate() {
            try {
                join();
            } catch (InterruptedException e) {
                interrupt();
                throw new IllegalStateException("the measurement was interrupted", e);
            }
            if (failure != null) {
                throw failure;
            }
            return rate;
        }

        @Override
        public void run() {
            try (NDManager manager = NativeRuntime.newManager(Device.cpu());
                    NDArray batch = patterns.get("0:" + BATCH)) {
                batch.attach(manager);
                // The first calls compile.
                for (int i = 0; i < 3; i++) {
                    encoder.encode(manager, batch).close();
                }
                long started = System.nanoTime();
                int done = 0;
                double seconds;
                do {
                    encoder.encode(manager, batch).close();
                    done += BATCH;
                    seconds = (System.nanoTime() - started) / 1e9;
                } while (seconds < SECONDS);
                rate = done / seconds;
            } catch (RuntimeException e) {
                failure = e;
            }
        }
    }

    private static double cosine(ApMae model, NDArray patterns) {
        double least = 1;
        try (NDManager manager = NativeRuntime.newManager(Device.cpu());
                ApMaeEncoder half = model.fastEncoder(EncodingMode.LOWER_TRIANGLE, ApMae.Precision.BF16);
                ApMaeEncoder exact = model.fastEncoder(EncodingMode.LOWER_TRIANGLE, ApMae.Precision.F32)) {
            float[] a = exact.encode(manager, patterns).toFloatArray();
            float[] b = half.encode(manager, patterns).toFloatArray();
            int width = exact.width();
            for (int start = 0; start < a.length; start += width) {
                double ab = 0;
                double aa = 0;
                double bb = 0;
                for (int i = start; i < start + width; i++) {
                    ab += (double) a[i] * b[i];
                    aa += (double) a[i] * a[i];
                    bb += (double) b[i] * b[i];
                }
                least = Math.min(least, ab / Math.sqrt(aa * bb));
            }
        }
        return least;
    }

    private void training(ApMae model, int threads) {
        double seconds = Double.MAX_VALUE;
        double matrix = MatrixRate.gigaflops(threads);
        for (double step : steps(model, TRAINING_BATCH, 2, threads)) {
            seconds = Math.min(seconds, step);
        }
        matrix = (matrix + MatrixRate.gigaflops(threads)) / 2;
        figures.put("train_step_s", seconds);
        figures.put("train_ratio", TRAINING_BATCH * trainingFlops(model.config()) / 1e9 / seconds / matrix);
    }

    private static double small(int threads) {
        try (ApMae model = ApMae.init(ApMaeConfig.small(), 1)) {
            double[] all = steps(model, SMALL_BATCH, SMALL_STEPS, threads);
            double[] steps = Arrays.copyOfRange(all, SMALL_WARM_UP, all.length);
            Arrays.sort(steps);
            return steps[steps.length / 2];
        }
    }

    /** Seconds of each step but the first. */
    private static double[] steps(ApMae model, int batch, int steps, int threads) {
        int side = model.config().grid().patternSize();
        PatternSet set = new PatternSet(model.config().grid());
        try (NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            set.add(new int[batch], patterns(manager, side, batch));
        }
        long[] at = new long[steps + 1];
        new ApMaeTrainer(ApMaeTrainingOptions.of(steps + 1, batch, 1).withWorkers(threads, threads))
                .train(model, set.shuffled(batch, 1), (step, loss, rate) -> at[step] = System.nanoTime());
        double[] seconds = new double[steps];
        for (int i = 0; i < steps; i++) {
            seconds[i] = (at[i + 1] - at[i]) / 1e9;
        }
        return seconds;
    }

    /** Floating-point operations of one pattern's matrix products in a stack of layers. */
    private static double stack(ApMaeConfig.Stack stack, long tokens) {
        double inner = (double) stack.heads() * stack.dimHead();
        double perToken = 4.0 * stack.dim() * inner + 2.0 * stack.dim() * stack.mlpDim() + 2.0 * inner * tokens;
        return 2.0 * stack.layers() * tokens * perToken;
    }

    private static double encodingFlops(ApMaeConfig config, int tokens) {
        double patch = (double) config.patchSize() * config.patchSize();
        return stack(config.encoder(), tokens)
                + 2.0 * (tokens - 1) * patch * config.encoder().dim();
    }

    /** Forward, and twice as much backward. */
    private static double trainingFlops(ApMaeConfig config) {
        double patch = (double) config.patchSize() * config.patchSize();
        int triangle = config.grid().lowerTriangle().length;
        int masked = (int) (config.maskRatio() * triangle);
        List<Double> parts = List.of(
                encodingFlops(config, 1 + triangle - masked),
                stack(config.decoder(), 1 + config.grid().patches()),
                2.0 * masked * patch * config.decoder().dim());
        return 3 * parts.stream().mapToDouble(part -> part).sum();
    }
}
