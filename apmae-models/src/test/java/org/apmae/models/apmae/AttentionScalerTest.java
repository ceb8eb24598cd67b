package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AttentionScalerTest {
    private final NDManager manager = NativeRuntime.newManager(Device.cpu());

    @AfterEach
    void close() {
        manager.close();
    }

    private float[] normalize(float... weights) {
        int side = (int) Math.sqrt(weights.length);
        NDArray pattern = manager.create(weights, new Shape(1, 1, side, side));
        return AttentionScaler.LOG_NORMALIZE.scale(manager, pattern).toFloatArray();
    }

    @Test
    void stretchesTheLogarithmsOfEachPattern() {
        assertThat(normalize(1, 0, 0.25f, 0.5f)).containsExactly(1, 0, 0, 0.5f);
    }

    @Test
    void keepsOnesWhereNothingElseIsAttended() {
        assertThat(normalize(1, 0, 1, 0)).containsExactly(1, 0, 1, 0);
        assertThat(normalize(1, 0, 0, 0)).containsExactly(1, 0, 0, 0);
        assertThat(normalize(0, 0, 0, 0)).containsExactly(0, 0, 0, 0);
    }

    @Test
    void scalesHeadsOfABatchOneByOne() {
        float[] weights = {1, 0, 0.25f, 0.5f, 1, 0, 1, 0, 1, 0, 0.5f, 0.5f};
        NDArray batch = manager.create(weights, new Shape(1, 3, 2, 2));
        NDArray scaled = AttentionScaler.LOG_NORMALIZE.scale(manager, batch);
        assertThat(scaled.getShape()).isEqualTo(new Shape(1, 3, 2, 2));
        assertThat(scaled.toFloatArray()).containsExactly(1, 0, 0, 0.5f, 1, 0, 1, 0, 1, 0, 0, 0);
    }

    @Test
    void givesTheSameBitsInALargeBatch() {
        int side = 256;
        float[] weights = SyntheticPatterns.scenario(9, side, 3);
        float[] together = AttentionScaler.LOG_NORMALIZE
                .scale(manager, manager.create(FloatBuffer.wrap(weights), new Shape(9, 1, side, side)))
                .toFloatArray();
        for (int i = 0; i < 9; i++) {
            float[] one = Arrays.copyOfRange(weights, i * side * side, (i + 1) * side * side);
            float[] alone = AttentionScaler.LOG_NORMALIZE
                    .scale(manager, manager.create(FloatBuffer.wrap(one), new Shape(1, 1, side, side)))
                    .toFloatArray();
            assertThat(Arrays.copyOfRange(together, i * side * side, (i + 1) * side * side))
                    .isEqualTo(alone);
        }
    }

    @ParameterizedTest
    @EnumSource
    void namesTheBrokenPattern(AttentionScaler scaler) {
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] weights = {1, 0, 0.5f, 0.5f, 1, 0, 0.5f, 0.5f, 1, 0, broken, 0.5f, 1, 0, 1, 0};
            NDArray batch = manager.create(weights, new Shape(2, 2, 2, 2));
            assertThatThrownBy(() -> scaler.scale(manager, batch))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("pattern 2 ")
                    .hasMessageContaining("item 1, head 0");
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesArgumentsAloneAndNothingBehind(AttentionScaler scaler) {
        float[] weights = {1, 0, 0.25f, 0.75f};
        try (NDManager owner = manager.newSubManager()) {
            NDArray pattern = manager.create(weights, new Shape(1, 1, 2, 2));
            NDArray scaled = scaler.scale(owner, pattern);
            assertThat(scaled.getManager()).isSameAs(owner);
            assertThat(owner.getManagedArrays()).hasSize(1);
            assertThat(manager.getManagedArrays()).hasSize(2);
            assertThat(pattern.toFloatArray()).isEqualTo(weights);
        }
    }

    private static ApMae model(AttentionScaler scaler, int side, int patch) {
        ApMaeConfig.Stack stack = new ApMaeConfig.Stack(24, 2, 2, 8, 48);
        return ApMae.init(
                ApMaeConfig.of(new PatchGrid(side, patch), stack, stack).withScaler(scaler), 5);
    }

    @ParameterizedTest
    @EnumSource
    void encodesToTheSameBitsAsScalingFirst(AttentionScaler scaler) {
        // Patches of one pixel are cut without a copy.
        for (int[] grid : new int[][] {{32, 8}, {6, 1}}) {
            int side = grid[0];
            float[] weights = SyntheticPatterns.scenario(6, side, 4);
            Arrays.fill(weights, side * side, 2 * side * side, 0);
            weights[3 * side * side + 2 * side] = 0;
            NDArray patterns = manager.create(FloatBuffer.wrap(weights), new Shape(2, 3, side, side));
            NDArray single = patterns.reshape(6, 1, side, side);
            try (ApMae model = model(scaler, side, grid[1])) {
                for (EncodingMode mode : EncodingMode.values()) {
                    for (ApMae.Precision precision : ApMae.Precision.values()) {
                        try (ApMaeEncoder encoder = model.fastEncoder(mode, precision)) {
                            float[] expected = encoder.encode(manager, scaler.scale(manager, single))
                                    .toFloatArray();
                            assertThat(scaler.encode(manager, patterns, encoder).toFloatArray())
                                    .as("%s %s %s of %s", scaler, mode, precision, Arrays.toString(grid))
                                    .isEqualTo(expected);
                        }
                    }
                    try (ApMaeEncoder plain = model.encoder(mode)) {
                        assertThat(scaler.encode(manager, single, plain).toFloatArray())
                                .isEqualTo(plain.encode(manager, scaler.scale(manager, single))
                                        .toFloatArray());
                    }
                }
            }
            assertThat(patterns.toFloatArray()).as("arguments are borrowed").isEqualTo(weights);
        }
    }

    @ParameterizedTest
    @EnumSource
    void namesTheBrokenPatternWhenEncoding(AttentionScaler scaler) {
        int side = 16;
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -0.5f}) {
            float[] weights = SyntheticPatterns.scenario(4, side, 4);
            weights[2 * side * side + 5 * side + 1] = broken;
            NDArray batch = manager.create(FloatBuffer.wrap(weights), new Shape(2, 2, side, side));
            try (ApMae model = model(scaler, side, 4);
                    ApMaeEncoder encoder = model.fastEncoder(EncodingMode.LOWER_TRIANGLE, ApMae.Precision.F32)) {
                if (broken < 0 && scaler == AttentionScaler.NONE) {
                    scaler.encode(manager, batch, encoder);
                    continue;
                }
                assertThatThrownBy(() -> scaler.encode(manager, batch, encoder))
                        .as("%s %s", scaler, broken)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("pattern 2 ")
                        .hasMessageContaining("item 1, head 0");
            }
        }
    }

    @Test
    void encodingLeavesNothingBehind() {
        try (ApMae model = model(AttentionScaler.LOG_NORMALIZE, 16, 4);
                ApMaeEncoder encoder = model.fastEncoder(EncodingMode.LOWER_TRIANGLE, ApMae.Precision.F32);
                NDManager owner = manager.newSubManager()) {
            NDArray pattern =
                    manager.create(FloatBuffer.wrap(SyntheticPatterns.scenario(1, 16, 4)), new Shape(1, 1, 16, 16));
            int before = model.manager().getManagedArrays().size();
            NDArray encoded = AttentionScaler.LOG_NORMALIZE.encode(owner, pattern, encoder);
            assertThat(encoded.getManager()).isSameAs(owner);
            assertThat(owner.getManagedArrays()).hasSize(1);
            assertThat(manager.getManagedArrays()).hasSize(2);
            assertThat(model.manager().getManagedArrays()).hasSize(before);
            encoder.close();
            assertThatThrownBy(() -> AttentionScaler.LOG_NORMALIZE.encode(owner, pattern, encoder))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void isFoundByItsNameInConfigJson() {
        for (AttentionScaler scaler : AttentionScaler.values()) {
            assertThat(AttentionScaler.ofWireName(scaler.wireName())).isSameAs(scaler);
        }
        assertThat(AttentionScaler.ofWireName("log_normalize_scaler")).isSameAs(AttentionScaler.LOG_NORMALIZE);
        assertThatThrownBy(() -> AttentionScaler.ofWireName("sqrt"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("log_standardize");
    }

    @Test
    void refusesAnotherShape() {
        assertThatThrownBy(() -> AttentionScaler.NONE.scale(manager, manager.zeros(new Shape(2, 3, 4))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(2, 3, 4)");
    }
}
