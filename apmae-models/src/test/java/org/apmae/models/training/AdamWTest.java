package org.apmae.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdamWTest {
    private static final int LARGE = 70_001;

    private final NDManager manager = NativeRuntime.newManager(Device.cpu());

    @AfterEach
    void close() {
        manager.close();
    }

    private static float[] gaussian(int size, long seed) {
        Random random = new Random(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private NDArray array(float[] values) {
        return manager.create(values).duplicate();
    }

    @Test
    void stepsAsTheFormulaSays() {
        float[] start = gaussian(LARGE, 1);
        NDArray parameter = array(start);
        try (AdamW optimizer = new AdamW(manager, new NDList(parameter), 0.9, 0.95, 1e-8, 0.05)) {
            double[] p = new double[LARGE];
            double[] m = new double[LARGE];
            double[] v = new double[LARGE];
            for (int i = 0; i < LARGE; i++) {
                p[i] = start[i];
            }
            for (int step = 1; step <= 3; step++) {
                float[] gradient = gaussian(LARGE, 10 + step);
                double rate = 1e-3 * step;
                optimizer.step(new NDList(array(gradient)), rate);
                for (int i = 0; i < LARGE; i++) {
                    p[i] *= 1 - rate * 0.05;
                    m[i] = 0.9 * m[i] + 0.1 * gradient[i];
                    v[i] = 0.95 * v[i] + 0.05 * gradient[i] * (double) gradient[i];
                    double root = Math.sqrt(v[i]) / Math.sqrt(1 - Math.pow(0.95, step)) + 1e-8;
                    p[i] -= rate / (1 - Math.pow(0.9, step)) * m[i] / root;
                }
            }
            float[] ours = parameter.toFloatArray();
            for (int i = 0; i < LARGE; i++) {
                assertThat(ours[i]).as("element %d", i).isCloseTo((float) p[i], within(2e-6f));
            }
        }
    }

    @Test
    void goesOnFromARestoredStateBitForBit() {
        NDArray straight = array(gaussian(LARGE, 1));
        NDArray resumed = array(gaussian(LARGE, 1));
        int state;
        List<float[]> first;
        List<float[]> second;
        try (AdamW one = new AdamW(manager, new NDList(straight), 0.9, 0.95, 1e-8, 0.05);
                AdamW two = new AdamW(manager, new NDList(resumed), 0.9, 0.95, 1e-8, 0.05)) {
            one.step(new NDList(array(gaussian(LARGE, 2))), 1e-3);
            two.step(new NDList(array(gaussian(LARGE, 2))), 1e-3);
            one.step(new NDList(array(gaussian(LARGE, 3))), 1e-3);
            state = two.steps();
            first = List.of(two.firstMoment(0));
            second = List.of(two.secondMoment(0));
        }
        try (AdamW again = new AdamW(manager, new NDList(resumed), 0.9, 0.95, 1e-8, 0.05)) {
            again.restore(state, first, second);
            again.step(new NDList(array(gaussian(LARGE, 3))), 1e-3);
        }
        assertThat(resumed.toFloatArray()).isEqualTo(straight.toFloatArray());
    }

    @Test
    void workersChangeNoBit() {
        int size = 1_200_000;
        ExecutorService pool = Executors.newFixedThreadPool(3);
        NDArray alone = array(gaussian(size, 1));
        NDArray together = array(gaussian(size, 1));
        try (AdamW one = new AdamW(manager, new NDList(alone), 0.9, 0.95, 1e-8, 0.05);
                AdamW two = new AdamW(manager, new NDList(together), 0.9, 0.95, 1e-8, 0.05)) {
            for (int step = 0; step < 2; step++) {
                NDList gradient = new NDList(array(gaussian(size, 2 + step)));
                one.step(gradient, 1e-3);
                two.step(gradient, 1e-3, pool);
            }
            assertThat(two.secondMoment(0)).isEqualTo(one.secondMoment(0));
        } finally {
            pool.shutdown();
        }
        assertThat(together.toFloatArray()).isEqualTo(alone.toFloatArray());
    }

    @Test
    void leavesNothingBehind() {
        NDArray parameter = array(gaussian(LARGE, 1));
        NDArray gradient = array(gaussian(LARGE, 2));
        int before = manager.getManagedArrays().size();
        try (AdamW optimizer = new AdamW(manager, new NDList(parameter), 0.9, 0.95, 1e-8, 0.05)) {
            int open = manager.getManagedArrays().size();
            optimizer.step(new NDList(gradient), 1e-3);
            assertThat(manager.getManagedArrays()).hasSize(open);
        }
        assertThat(manager.getManagedArrays()).hasSize(before);
    }

    @Test
    void clipsTheCommonNorm() {
        NDArray one = array(new float[] {3, 0});
        NDArray other = array(new float[] {4});
        assertThat(AdamW.clipNorm(new NDList(one, other), 10)).isEqualTo(5);
        assertThat(one.toFloatArray()).containsExactly(3, 0);
        assertThat(AdamW.clipNorm(new NDList(one, other), 1)).isEqualTo(5);
        assertThat(one.toFloatArray()[0]).isCloseTo(0.6f, within(1e-6f));
        assertThat(other.toFloatArray()[0]).isCloseTo(0.8f, within(1e-6f));
    }

    @Test
    void refusesGradientsThatDoNotFitAndUseAfterClose() {
        NDArray parameter = manager.zeros(new Shape(2, 3));
        AdamW optimizer = new AdamW(manager, new NDList(parameter), 0.9, 0.95, 1e-8, 0);
        assertThatThrownBy(() -> optimizer.step(new NDList(), 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> optimizer.step(new NDList(manager.zeros(new Shape(3, 2))), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(3, 2)")
                .hasMessageContaining("(2, 3)");
        optimizer.close();
        optimizer.close();
        assertThatThrownBy(() -> optimizer.step(new NDList(manager.zeros(new Shape(2, 3))), 1))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new AdamW(manager, new NDList(parameter), 1, 0.95, 1e-8, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
