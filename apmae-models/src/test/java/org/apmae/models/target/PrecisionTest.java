package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Random;
import org.apmae.models.runtime.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tolerances follow from bf16's 8 bits: products are off by some 0.4 %, logits here reach 10 to 25. */
class PrecisionTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny", "starcoder2-tiny-window", "gpt2-tiny", "llama-tiny", "qwen2-tiny"})
    void bf16IsCloseAndItsDifferencesAreMeasured(String name) {
        try (TargetModel truth = TargetModels.load(GOLDEN.resolve(name));
                TargetModel fast = TargetModels.load(GOLDEN.resolve(name), Device.cpu(), Precision.BF16);
                NDManager manager = truth.newManager()) {
            long[] numbers =
                    new Random(3).longs(40, 0, truth.shape().vocabulary()).toArray();
            NDArray ids = manager.create(numbers, new Shape(1, 40));
            float[] expected = truth.logits(manager, ids, Hooks.none()).toFloatArray();
            float[] found = fast.logits(manager, ids, Hooks.none()).toFloatArray();
            double square = 0;
            double error = 0;
            for (int i = 0; i < found.length; i++) {
                square += expected[i] * expected[i];
                error += (found[i] - expected[i]) * (found[i] - expected[i]);
            }
            assertThat(Math.sqrt(error / square)).isPositive().isLessThan(0.05);
            assertThat(fast.precision()).isEqualTo(Precision.BF16);
            assertThat(fast.weightsSha256()).isEqualTo(truth.weightsSha256());
            assertThat((double) fast.weightBytes() / truth.weightBytes()).isBetween(0.5, 0.62);

            double[] exact = truth.layerDifferences(ids);
            double[] rounded = fast.layerDifferences(ids);
            assertThat(exact).hasSize(truth.shape().layers());
            for (int layer = 0; layer < exact.length; layer++) {
                assertThat(exact[layer]).as("f32, layer %d", layer).isCloseTo(0, within(2e-5));
                assertThat(rounded[layer]).as("bf16, layer %d", layer).isBetween(1e-4, 0.5);
            }
        }
    }
}
