package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apmae.core.model.HeadId;
import org.apmae.models.intervention.ZeroAblation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyValueCacheTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    private static long[] ids(TargetModel model, int count) {
        return new Random(count).longs(count, 0, model.shape().vocabulary()).toArray();
    }

    /** The window model sees 16 keys, fewer than the tokens here. */
    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny", "starcoder2-tiny-window", "gpt2-tiny", "llama-tiny", "qwen2-tiny"})
    void equalsARunOverEverything(String name) {
        Hooks hooks = Hooks.none().with(new ZeroAblation(List.of(new HeadId(1, 2))));
        try (TargetModel model = TargetModels.load(GOLDEN.resolve(name));
                NDManager manager = model.newManager();
                KeyValueCache cache = model.newCache()) {
            long[] all = ids(model, 60);
            int done = 0;
            for (int next : new int[] {10, 11, 12, 13, 30, 31}) {
                long[] more = new long[2 * (next - done)];
                long[] whole = new long[2 * next];
                for (int row = 0; row < 2; row++) {
                    System.arraycopy(all, row * 29 + done, more, row * (next - done), next - done);
                    System.arraycopy(all, row * 29, whole, row * next, next);
                }
                float[] cached = model.lastLogits(
                                manager, manager.create(more, new Shape(2, next - done)), cache, hooks)
                        .toFloatArray();
                float[] expected = model.lastLogits(manager, manager.create(whole, new Shape(2, next)), hooks)
                        .toFloatArray();
                assertThat(cached).as("%d tokens", next).containsExactly(expected, within(1e-4f));
                done = next;
                assertThat(cache.length()).isEqualTo(done);
            }
        }
    }

    @Test
    void hooksSeeNewQueriesAgainstAllKeys() {
        try (TargetModel model = TargetModels.load(GOLDEN.resolve("starcoder2-tiny"));
                NDManager manager = model.newManager();
                KeyValueCache cache = model.newCache()) {
            List<Shape> shapes = new ArrayList<>();
            Hooks hooks = Hooks.none().with("blocks.2.attn.hook_pattern", (scratch, pattern) -> {
                shapes.add(pattern.getShape());
                return pattern;
            });
            model.lastLogits(manager, manager.create(ids(model, 6), new Shape(1, 6)), cache, hooks);
            model.lastLogits(manager, manager.create(ids(model, 1), new Shape(1, 1)), cache, hooks);
            assertThat(shapes).containsExactly(new Shape(1, 8, 6, 6), new Shape(1, 8, 1, 7));
        }
    }

    @Test
    void refusesWhatDoesNotContinueIt() {
        try (TargetModel model = TargetModels.load(GOLDEN.resolve("gpt2-tiny"));
                TargetModel other = TargetModels.load(GOLDEN.resolve("gpt2-tiny"));
                NDManager manager = model.newManager();
                KeyValueCache cache = model.newCache()) {
            model.lastLogits(manager, manager.create(ids(model, 60), new Shape(1, 60)), cache, Hooks.none());
            assertThatThrownBy(() -> other.lastLogits(
                            manager, manager.create(new long[1], new Shape(1, 1)), cache, Hooks.none()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another model");
            assertThatThrownBy(() -> model.lastLogits(
                            manager, manager.create(new long[2], new Shape(2, 1)), cache, Hooks.none()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("holds 1 prompts, but 2");
            assertThatThrownBy(() -> model.lastLogits(
                            manager, manager.create(new long[5], new Shape(1, 5)), cache, Hooks.none()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("65 tokens")
                    .hasMessageContaining("64 positions");
            assertThatThrownBy(() -> model.lastLogits(
                            manager, manager.create(new long[1], new Shape(1, 1)), cache, Hooks.none()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny-window", "gpt2-tiny", "llama-tiny"})
    void paddingOnTheRightChangesNothing(String name) {
        try (TargetModel model = TargetModels.load(GOLDEN.resolve(name));
                NDManager manager = model.newManager()) {
            int[] lengths = {5, 40, 23};
            long[] all = ids(model, 120);
            int vocabulary = model.shape().vocabulary();
            float[] padded = model.lastLogits(manager, manager.create(all, new Shape(3, 40)), lengths, Hooks.none())
                    .toFloatArray();
            for (int row = 0; row < 3; row++) {
                long[] own = Arrays.copyOfRange(all, row * 40, row * 40 + lengths[row]);
                float[] alone = model.lastLogits(manager, manager.create(own, new Shape(1, own.length)), Hooks.none())
                        .toFloatArray();
                assertThat(Arrays.copyOfRange(padded, row * vocabulary, (row + 1) * vocabulary))
                        .containsExactly(alone, within(1e-4f));
            }
            for (int[] wrong : new int[][] {{5, 40}, {0, 40, 23}, {5, 41, 23}}) {
                assertThatThrownBy(() ->
                                model.lastLogits(manager, manager.create(all, new Shape(3, 40)), wrong, Hooks.none()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("length");
            }
        }
    }
}
