package org.apmae.core.pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every encoder must do. Extend it and give an encoder. */
public abstract class ApMaeEncoderContract {
    /** Returns an open encoder, a new one or a new handle for each call. */
    protected abstract ApMaeEncoder encoder();

    /** Returns a manager on the encoder's device that lives as long as the test. */
    protected abstract NDManager manager();

    private static NDArray patterns(NDManager owner, PatchGrid grid, int count) {
        int side = grid.patternSize();
        Random random = new Random(7);
        float[] pixels = new float[count * side * side];
        for (int i = 0; i < pixels.length; i++) {
            int row = i / side % side;
            pixels[i] = i % side <= row ? random.nextFloat() : 0;
        }
        return owner.create(FloatBuffer.wrap(pixels), new Shape(count, 1, side, side));
    }

    @Test
    void encodesEachPatternToOneRowOwnedByTheCaller() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            NDArray encoded = encoder.encode(owner, patterns(owner, encoder.grid(), 3));
            assertThat(encoded.getShape()).isEqualTo(new Shape(3, encoder.width()));
            assertThat(encoded.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(encoded.getManager()).isSameAs(owner);
            for (float value : encoded.toFloatArray()) {
                assertThat(value).isFinite();
            }
        }
    }

    @Test
    void encodesAPatternAsItDoesAlone() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            NDArray patterns = patterns(owner, encoder.grid(), 3);
            float[] together = encoder.encode(owner, patterns).toFloatArray();
            float[] second = encoder.encode(owner, patterns.get("1:2")).toFloatArray();
            for (int i = 0; i < second.length; i++) {
                assertThat(together[encoder.width() + i])
                        .isCloseTo(second[i], org.assertj.core.data.Offset.offset(1e-4f));
            }
        }
    }

    @Test
    void encodesVisiblePatchesOnly() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            PatchMask mask = PatchMask.draw(encoder.grid(), 0.5, 2, new Random(3));
            NDArray patterns = patterns(owner, encoder.grid(), 2);
            NDArray tokens = encoder.encodeVisible(owner, patterns, mask);
            int visible = mask.visible()[0].length;
            assertThat(tokens.getShape()).isEqualTo(new Shape(2, 1 + visible, encoder.width()));

            float[] pixels = patterns.toFloatArray();
            int side = encoder.grid().patternSize();
            int patch = encoder.grid().patchSize();
            int hidden = mask.masked()[0][0];
            int corner = (hidden / encoder.grid().side() * side
                            + hidden % encoder.grid().side())
                    * patch;
            pixels[corner] += 0.5f;
            NDArray changed = owner.create(FloatBuffer.wrap(pixels), patterns.getShape());
            assertThat(encoder.encodeVisible(owner, changed, mask).toFloatArray())
                    .isEqualTo(tokens.toFloatArray());
        }
    }

    @Test
    void leavesArgumentsAloneAndNothingBehind() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager();
                NDManager lender = manager().newSubManager()) {
            NDArray patterns = patterns(lender, encoder.grid(), 2);
            float[] before = patterns.toFloatArray();
            PatchMask mask = PatchMask.draw(encoder.grid(), 0.5, 2, new Random(3));
            int others = manager().getManagedArrays().size();
            encoder.encode(owner, patterns).close();
            encoder.encodeVisible(owner, patterns, mask).close();
            assertThat(owner.getManagedArrays()).isEmpty();
            assertThat(lender.getManagedArrays()).hasSize(1);
            assertThat(manager().getManagedArrays()).hasSize(others);
            assertThat(patterns.toFloatArray()).isEqualTo(before);
        }
    }

    @Test
    void refusesPatternsOfAnotherSizeAndNamesBoth() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            int side = encoder.grid().patternSize();
            NDArray wrong = owner.zeros(new Shape(2, 1, side + 1, side + 1));
            assertThatThrownBy(() -> encoder.encode(owner, wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(side))
                    .hasMessageContaining(String.valueOf(side + 1));
            NDArray doubles = owner.zeros(new Shape(2, 1, side, side), DataType.FLOAT64);
            assertThatThrownBy(() -> encoder.encode(owner, doubles))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("float32");
        }
    }

    @Test
    void refusesAMaskOfAnotherNumberOfPatterns() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            PatchMask mask = PatchMask.draw(encoder.grid(), 0.5, 3, new Random(3));
            NDArray patterns = patterns(owner, encoder.grid(), 2);
            assertThatThrownBy(() -> encoder.encodeVisible(owner, patterns, mask))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3")
                    .hasMessageContaining("2");
        }
    }

    @Test
    void refusesPatchesOutsideTheGrid() {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            int[][] outside = {{encoder.grid().patches()}};
            NDArray patterns = patterns(owner, encoder.grid(), 1);
            assertThatThrownBy(() -> encoder.encodeVisible(owner, patterns, new PatchMask(outside, new int[][] {{0}})))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> encoder.encodeVisible(owner, patterns, new PatchMask(new int[][] {{0}}, outside)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void refusesEverythingOnceClosed() {
        ApMaeEncoder encoder = encoder();
        encoder.close();
        encoder.close();
        try (NDManager owner = manager().newSubManager()) {
            NDArray patterns = patterns(owner, encoder.grid(), 1);
            PatchMask mask = PatchMask.draw(encoder.grid(), 0.5, 1, new Random(3));
            assertThatThrownBy(() -> encoder.encode(owner, patterns))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
            assertThatThrownBy(() -> encoder.encodeVisible(owner, patterns, mask))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void givesTheSameResultInSeveralThreads() throws InterruptedException {
        try (ApMaeEncoder encoder = encoder();
                NDManager owner = manager().newSubManager()) {
            NDArray patterns = patterns(owner, encoder.grid(), 2);
            float[] expected = encoder.encode(owner, patterns).toFloatArray();
            float[][] results = new float[4][];
            Thread[] threads = new Thread[results.length];
            for (int i = 0; i < threads.length; i++) {
                int slot = i;
                threads[i] = new Thread(() -> {
                    try (NDManager mine = owner.newSubManager()) {
                        results[slot] = encoder.encode(mine, patterns).toFloatArray();
                    }
                });
                threads[i].start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(Arrays.asList(results))
                    .allSatisfy(result -> assertThat(result).isEqualTo(expected));
        }
    }
}
