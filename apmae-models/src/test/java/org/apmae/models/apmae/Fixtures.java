package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.net.URISyntaxException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.apmae.core.pattern.PatchGrid;

/** Small autoencoders and patterns for tests. */
final class Fixtures {
    static final int HEADS = 4;

    private Fixtures() {}

    static ApMaeConfig tiny() {
        return ApMaeConfig.of(
                new PatchGrid(32, 8), new ApMaeConfig.Stack(24, 2, 2, 8, 48), new ApMaeConfig.Stack(16, 1, 2, 8, 32));
    }

    static Path golden(String name) {
        try {
            return Path.of(Objects.requireNonNull(
                                    Fixtures.class.getResource("/golden/" + name + "/expected.safetensors"))
                            .toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Scaled patterns (scenarios HEADS, 1, S, S). */
    static NDArray patterns(NDManager owner, PatchGrid grid, int scenarios, long seed) {
        int side = grid.patternSize();
        float[] all = new float[scenarios * HEADS * side * side];
        for (int i = 0; i < scenarios; i++) {
            float[] one = SyntheticPatterns.scenario(HEADS, side, seed + i);
            System.arraycopy(one, 0, all, i * one.length, one.length);
        }
        return AttentionScaler.LOG_NORMALIZE.scale(
                owner, owner.create(FloatBuffer.wrap(all), new Shape((long) scenarios * HEADS, 1, side, side)));
    }

    static PatternSet set(NDManager owner, PatchGrid grid, int scenarios, long seed) {
        int[] heads = new int[scenarios * HEADS];
        Arrays.setAll(heads, i -> i % HEADS);
        PatternSet set = new PatternSet(grid);
        set.add(heads, patterns(owner, grid, scenarios, seed));
        return set;
    }
}
