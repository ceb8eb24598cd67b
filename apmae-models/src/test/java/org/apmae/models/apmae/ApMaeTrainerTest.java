package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApMaeTrainerTest {
    private static NDManager manager;
    private static PatternSet patterns;

    @BeforeAll
    static void open() {
        manager = NativeRuntime.newManager(Device.cpu());
        patterns = Fixtures.set(manager, Fixtures.tiny().grid(), 100, 1);
    }

    @AfterAll
    static void close() {
        manager.close();
    }

    private static float[] trained(int workers, long seed) {
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            ApMaeTrainingOptions options = ApMaeTrainingOptions.of(6, 10, seed)
                    .withLearningRate(2e-3, 2)
                    .withWorkers(3, workers);
            double[] losses =
                    new ApMaeTrainer(options).train(model, patterns.shuffled(10, seed), (step, loss, rate) -> {});
            assertThat(losses).hasSize(6);
            return model.flat().toFloatArray();
        }
    }

    @Test
    void doesNotDependOnTheNumberOfWorkers() {
        float[] one = trained(1, 7);
        assertThat(trained(2, 7)).isEqualTo(one);
        assertThat(trained(3, 7)).isEqualTo(one);
        assertThat(trained(1, 8)).isNotEqualTo(one);
    }

    @Test
    void learnsMoreThanTheMeanPattern() {
        PatternSet heldOut = Fixtures.set(manager, Fixtures.tiny().grid(), 25, 5000);
        ApMaeConfig config = ApMaeConfig.of(
                Fixtures.tiny().grid(),
                new ApMaeConfig.Stack(32, 2, 2, 16, 64),
                new ApMaeConfig.Stack(32, 1, 2, 16, 64));
        try (ApMae model = ApMae.init(config, 3)) {
            int before = model.manager().getManagedArrays().size();
            int steps = 900;
            ApMaeTrainingOptions options = ApMaeTrainingOptions.of(steps, 16, 1)
                    .withLearningRate(4e-3, steps / 20)
                    .withClipNorm(1)
                    .withWorkers(2, 2);
            double[] losses =
                    new ApMaeTrainer(options).train(model, patterns.shuffled(16, 2), (step, loss, rate) -> {});
            ApMaeEvaluation evaluation = ApMaeEvaluation.of(model, heldOut, MeanPatterns.of(patterns), 3);
            assertThat(evaluation.patterns()).isEqualTo(100);
            List<ApMaeEvaluation> each = ApMaeEvaluation.each(model, heldOut, MeanPatterns.of(patterns), 3);
            assertThat(each).hasSize(100).allMatch(one -> one.patterns() == 1);
            assertThat(ApMaeEvaluation.mean(each)).isEqualTo(evaluation);
            assertThat(each.stream()
                            .mapToDouble(one -> one.trained().mse())
                            .average()
                            .orElseThrow())
                    .isCloseTo(evaluation.trained().mse(), within(1e-9));
            assertThat(losses[steps - 1]).isLessThan(losses[0] / 10);
            assertThat(evaluation.trained().mse())
                    .as("%s", evaluation)
                    .isLessThan(0.9 * evaluation.meanPattern().mse())
                    .isLessThan(0.5 * evaluation.nearestPatch().mse())
                    .isLessThan(0.1 * evaluation.untrained().mse());
            assertThat(evaluation.trained().ssim())
                    .isBetween(evaluation.meanPattern().ssim(), 1.0);
            assertThat(model.manager().getManagedArrays()).hasSize(before);
        }
    }

    private static double[] resumable(ApMae model, Path file, ApMaeTrainingOptions options, int stopAfter) {
        return new ApMaeTrainer(options)
                .train(
                        model,
                        patterns.shuffled(10, 5),
                        (step, loss, rate) -> {
                            if (step == stopAfter) {
                                throw new IllegalStateException("stopped");
                            }
                        },
                        new ApMaeTrainer.Checkpoint(file, 3, "synthetic"));
    }

    @Test
    void goesOnWhereItWasStopped(@TempDir Path folder) {
        ApMaeTrainingOptions options = ApMaeTrainingOptions.of(12, 10, 4)
                .withLearningRate(2e-3, 3)
                .withClipNorm(1)
                .withWorkers(2, 1);
        Path file = folder.resolve("state.safetensors");
        double[] losses;
        float[] weights;
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            losses = resumable(model, folder.resolve("undisturbed.safetensors"), options, -1);
            weights = model.flat().toFloatArray();
        }
        for (int stop : new int[] {1, 4, 7, 11}) {
            try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
                assertThatThrownBy(() -> resumable(model, file, options, stop)).hasMessage("stopped");
            }
        }
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            assertThat(resumable(model, file, options.withWorkers(2, 2), -1)).isEqualTo(losses);
            assertThat(model.flat().toFloatArray()).isEqualTo(weights);
            assertThatThrownBy(() -> resumable(model, file, options.withWeightDecay(0), -1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another training");
        }
    }

    /** The process that the test below kills. */
    static final class Victim {
        public static void main(String[] arguments) {
            try (NDManager owner = NativeRuntime.newManager(Device.cpu());
                    ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
                PatternSet set = Fixtures.set(owner, Fixtures.tiny().grid(), 20, 1);
                new ApMaeTrainer(ApMaeTrainingOptions.of(KILLED_STEPS, 10, 4).withLearningRate(2e-3, 3))
                        .train(
                                model,
                                set.shuffled(10, 5),
                                (step, loss, rate) -> System.out.println(step),
                                new ApMaeTrainer.Checkpoint(Path.of(arguments[0]), 1, "killed"));
                model.save(Path.of(arguments[0]).resolveSibling("done"));
            }
        }
    }

    /** By hand twenty: {@code -Dapmae.kills=20}. */
    private static final int KILLS = Integer.getInteger("apmae.kills", 3);

    private static final int KILLED_STEPS = 60 * KILLS + 30;

    private static Process victim(Path file) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dapmae.kills=" + KILLS,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    void survivesBeingKilled(@TempDir Path folder) throws Exception {
        Path first = Files.createDirectories(folder.resolve("undisturbed"));
        Process whole = victim(first.resolve("state.safetensors"));
        whole.getInputStream().transferTo(OutputStream.nullOutputStream());
        assertThat(whole.waitFor()).isZero();
        Path file = Files.createDirectories(folder.resolve("killed")).resolve("state.safetensors");
        Random random = new Random(1);
        int killed = 0;
        for (int round = 0; round < KILLS; round++) {
            Process process = victim(file);
            try (BufferedReader lines = process.inputReader()) {
                // Some steps and then some moment: mostly in the middle of a step or of writing the state.
                int steps = 20 + random.nextInt(40);
                for (int i = 0; i < steps && lines.readLine() != null; i++) {}
                Thread.sleep(random.nextInt(10));
                killed += process.isAlive() ? 1 : 0;
                process.destroyForcibly().waitFor();
            }
        }
        assertThat(killed).isEqualTo(KILLS);
        Process last = victim(file);
        String lines = new String(last.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(last.waitFor()).isZero();
        assertThat(lines.lines().findFirst())
                .hasValueSatisfying(step -> assertThat(Integer.parseInt(step)).isGreaterThan(40));
        for (String name : new String[] {"done/model.safetensors", "state.safetensors"}) {
            assertThat(file.resolveSibling(name)).hasSameBinaryContentAs(first.resolve(name));
        }
    }

    @Test
    void refusesDropout() {
        JsonObject json = Fixtures.tiny().json();
        json.addProperty("encoder_dropout", 0.1);
        try (ApMae model = ApMae.init(new ApMaeConfig(json), 3)) {
            ApMaeTrainer trainer = new ApMaeTrainer(ApMaeTrainingOptions.of(1, 4, 1));
            assertThatThrownBy(() -> trainer.train(model, patterns.shuffled(4, 1), (step, loss, rate) -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("0.1");
        }
    }

    @Test
    void stopsWhereTheLossIsNoNumber() {
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            ApMaeTrainer trainer =
                    new ApMaeTrainer(ApMaeTrainingOptions.of(20, 4, 1).withLearningRate(1e30, 0));
            assertThatThrownBy(() -> trainer.train(model, patterns.shuffled(4, 1), (step, loss, rate) -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("learning rate");
        }
    }

    @Test
    void defaultRateFollowsTheBatch() {
        assertThat(ApMaeTrainingOptions.of(10, 100, 1).learningRate()).isEqualTo(3e-4);
        assertThatThrownBy(() -> ApMaeTrainingOptions.of(0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
