package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apmae.core.model.ModelShape;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Starcoder2TrainerTest {
    private static final int LENGTH = 24;

    private static Starcoder2Trainer trainer(int workers) {
        return trainer(workers, TrainingSetup.Products.F32);
    }

    private static Starcoder2Trainer trainer(int workers, TrainingSetup.Products products) {
        return Starcoder2Trainer.init(
                new ModelShape(2, 4, 2, 8, 32, 50),
                64,
                new TrainingSetup(LENGTH, 2, workers, Device.cpu(), products),
                7);
    }

    @Test
    void products_in_bf16_change_the_loss_by_their_rounding_only() {
        List<Double> losses = new ArrayList<>();
        for (TrainingSetup.Products products : TrainingSetup.Products.values()) {
            try (Starcoder2Trainer trainer = trainer(2, products)) {
                double loss = 0;
                for (int i = 0; i < 30; i++) {
                    loss = trainer.step(batch(4, i), 1e-2);
                }
                losses.add(loss);
            }
        }
        assertThat(losses.get(0)).isLessThan(3.87);
        assertThat(losses.get(1)).isCloseTo(losses.get(0), within(0.1)).isNotEqualTo(losses.get(0));
    }

    /** Sequences that repeat a short cycle, so that there is something to learn. */
    private static List<TrainingSequence> batch(int count, long seed) {
        Random random = new Random(seed);
        List<TrainingSequence> batch = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            int[] ids = new int[LENGTH + 1];
            float[] weights = new float[LENGTH];
            int cycle = 2 + random.nextInt(4);
            for (int i = 0; i < ids.length; i++) {
                ids[i] = i < cycle ? random.nextInt(50) : ids[i - cycle];
            }
            for (int i = 0; i < LENGTH; i++) {
                weights[i] = i % 3 == 0 ? 2 : 1;
            }
            batch.add(new TrainingSequence(ids, weights));
        }
        return batch;
    }

    @Test
    void the_native_loss_equals_that_of_the_functional_model(@TempDir Path folder) {
        List<TrainingSequence> batch = batch(4, 1);
        double loss;
        try (Starcoder2Trainer trainer = trainer(1)) {
            for (int i = 0; i < 5; i++) {
                trainer.step(batch(4, 100 + i), 1e-2);
            }
            loss = trainer.loss(batch);
            trainer.export(folder, SafetensorsWriter.Precision.F32);
        }
        try (TargetModel model = TargetModels.load(folder);
                NDManager manager = model.newManager()) {
            double sum = 0;
            double total = batch.stream().mapToDouble(TrainingSequence::weight).sum();
            for (TrainingSequence sequence : batch) {
                long[] inputs = new long[LENGTH];
                long[] targets = new long[LENGTH];
                float[] weight = new float[LENGTH];
                sequence.fill(0, LENGTH, inputs, targets, weight, total);
                NDArray ids = manager.create(inputs, new Shape(1, LENGTH));
                float[] logs =
                        model.logits(manager, ids, Hooks.none()).logSoftmax(2).toFloatArray();
                for (int i = 0; i < LENGTH; i++) {
                    sum -= weight[i] * logs[i * 50 + (int) targets[i]];
                }
            }
            assertThat(loss).isCloseTo(sum, within(1e-5));
        }
    }

    @Test
    void learning_lowers_the_loss() {
        try (Starcoder2Trainer trainer = trainer(2)) {
            double before = trainer.loss(batch(16, 3));
            for (int i = 0; i < 60; i++) {
                trainer.step(batch(8, 1000 + i), 1e-2);
            }
            assertThat(trainer.loss(batch(16, 3))).isLessThan(0.8 * before);
        }
    }

    @Test
    void neither_workers_nor_a_resumed_run_change_the_result(@TempDir Path folder) {
        double straight;
        try (Starcoder2Trainer trainer = trainer(1)) {
            trainer.step(batch(8, 1), 1e-2);
            trainer.step(batch(8, 2), 1e-2);
            straight = trainer.loss(batch(8, 9));
        }
        try (Starcoder2Trainer trainer = trainer(2)) {
            trainer.step(batch(8, 1), 1e-2);
            trainer.save(folder);
        }
        try (Starcoder2Trainer trainer = Starcoder2Trainer.resume(
                folder, new TrainingSetup(LENGTH, 2, 2, Device.cpu(), TrainingSetup.Products.F32))) {
            assertThat(trainer.steps()).isEqualTo(1);
            trainer.step(batch(8, 2), 1e-2);
            assertThat(trainer.loss(batch(8, 9))).isEqualTo(straight);
        }
    }
}
