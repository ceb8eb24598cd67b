package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PatternSetTest {
    private final NDManager manager = NativeRuntime.newManager(Device.cpu());

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void givesBackWhatWasAddedForEveryScaler() {
        PatchGrid grid = new PatchGrid(32, 8);
        NDArray weights = manager.create(SyntheticPatterns.scenario(3, 32, 1), new Shape(1, 3, 32, 32));
        for (AttentionScaler scaler : AttentionScaler.values()) {
            NDArray scaled = scaler.scale(manager, weights);
            PatternSet set = new PatternSet(grid);
            set.add(new int[] {4, 5, 6}, scaled);
            assertThat(set.batch(manager, 0, 1, 2).toFloatArray()).isEqualTo(scaled.toFloatArray());
            assertThat(set.pattern(1)).isEqualTo(Arrays.copyOfRange(scaled.toFloatArray(), 1024, 2048));
            assertThat(set.head(2)).isEqualTo(6);
        }
    }

    @Test
    void servesEachPatternOnceBeforeAnyComesAgain() {
        PatternSet set = new PatternSet(new PatchGrid(2, 1));
        for (int i = 0; i < 6; i++) {
            set.add(new int[] {0}, manager.create(new float[] {i, 0, 0, 0}, new Shape(1, 1, 2, 2)));
        }
        PatternBatches batches = set.shuffled(2, 9);
        for (int epoch = 0; epoch < 2; epoch++) {
            Set<Float> seen = new TreeSet<>();
            for (int step = 0; step < 3; step++) {
                float[] pixels = batches.next(manager, step).toFloatArray();
                seen.add(pixels[0]);
                seen.add(pixels[4]);
            }
            assertThat(seen).hasSize(6);
        }
    }

    @Test
    void meansAreThoseOfTheHead() {
        PatternSet set = new PatternSet(new PatchGrid(2, 1));
        set.add(
                new int[] {0, 0, 1},
                manager.create(new float[] {1, 0, 2, 3, 3, 0, 4, 5, 9, 0, 9, 9}, new Shape(3, 1, 2, 2)));
        MeanPatterns means = MeanPatterns.of(set);
        assertThat(means.mean(0)).containsExactly(2, 0, 3, 4);
        assertThat(means.mean(1)).containsExactly(9, 0, 9, 9);
        assertThat(means.mean(7)).containsExactly(new float[] {13 / 3f, 0, 5, 17 / 3f}, within(1e-6f));
        assertThatThrownBy(() -> new MeanPatterns(new PatchGrid(2, 1)).mean(0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesAnotherSize() {
        PatternSet set = new PatternSet(new PatchGrid(32, 8));
        assertThatThrownBy(() -> set.add(new int[] {0}, manager.zeros(new Shape(1, 1, 16, 16))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16")
                .hasMessageContaining("32");
        assertThatThrownBy(() -> set.shuffled(1, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
