package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

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
            assertThat(losses[steps - 1]).isLessThan(losses[0] / 10);
            assertThat(evaluation.trained())
                    .as("%s", evaluation)
                    .isLessThan(0.9 * evaluation.meanPattern())
                    .isLessThan(0.5 * evaluation.nearestPatch())
                    .isLessThan(0.1 * evaluation.untrained());
            assertThat(model.manager().getManagedArrays()).hasSize(before);
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
