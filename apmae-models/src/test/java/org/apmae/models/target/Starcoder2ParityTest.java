package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import org.apmae.models.safetensors.SafetensorsFile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Starcoder2ParityTest {
    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny", "starcoder2-tiny-window"})
    void logits(String name) {
        Path folder = Path.of("src/test/resources/golden", name);
        try (TargetModel model = TargetModels.load(folder);
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve("expected.safetensors"));
                NDManager manager = model.newManager()) {
            NDArray ids = expected.load(manager, "input_ids");
            float[] logits = model.logits(manager, ids, Hooks.none()).toFloatArray();
            float[] want = expected.floats("logits");
            float max = 0;
            for (int i = 0; i < want.length; i++) {
                max = Math.max(max, Math.abs(want[i] - logits[i]));
            }
            System.out.println(name + " " + max);
            assertThat(max).isLessThan(2e-4f);
        }
    }
}
