package org.apmae.core.pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every decoder must do. Extend it and give a decoder. */
public abstract class ApMaeDecoderContract {
    /** Returns an open decoder, a new one or a new handle for each call. */
    protected abstract ApMaeDecoder decoder();

    /** Returns the grid the decoder was made for. */
    protected abstract PatchGrid grid();

    /** Returns the width of the tokens the decoder takes. */
    protected abstract int width();

    /** Returns a manager on the decoder's device that lives as long as the test. */
    protected abstract NDManager manager();

    private PatchMask mask(int count) {
        return PatchMask.draw(grid(), 0.5, count, new Random(3));
    }

    private float[] random(long size) {
        Random random = new Random(11);
        float[] values = new float[(int) size];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private NDArray tokens(NDManager owner, PatchMask mask) {
        Shape shape = new Shape(mask.size(), 1L + mask.visible()[0].length, width());
        return owner.create(FloatBuffer.wrap(random(shape.size())), shape);
    }

    @Test
    void predictsThePixelsOfTheMaskedPatches() {
        try (ApMaeDecoder decoder = decoder();
                NDManager owner = manager().newSubManager()) {
            PatchMask mask = mask(3);
            NDArray predicted = decoder.reconstruct(owner, tokens(owner, mask), mask);
            int patch = grid().patchSize();
            assertThat(predicted.getShape()).isEqualTo(new Shape(3, mask.masked()[0].length, (long) patch * patch));
            assertThat(predicted.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(predicted.getManager()).isSameAs(owner);
        }
    }

    @Test
    void seesVisibleTokensOnlyIfCorrected() {
        try (ApMaeDecoder decoder = decoder();
                NDManager owner = manager().newSubManager()) {
            PatchMask mask = mask(1);
            NDArray tokens = tokens(owner, mask);
            float[] values = tokens.toFloatArray();
            values[width()] += 1;
            NDArray changed = owner.create(FloatBuffer.wrap(values), tokens.getShape());
            float[] one = decoder.reconstruct(owner, tokens, mask).toFloatArray();
            float[] other = decoder.reconstruct(owner, changed, mask).toFloatArray();
            if (decoder.mode() == DecoderMode.CORRECTED) {
                assertThat(other).isNotEqualTo(one);
            } else {
                assertThat(other).isEqualTo(one);
            }
        }
    }

    @Test
    void leavesArgumentsAloneAndNothingBehind() {
        try (ApMaeDecoder decoder = decoder();
                NDManager owner = manager().newSubManager();
                NDManager lender = manager().newSubManager()) {
            PatchMask mask = mask(2);
            NDArray tokens = tokens(lender, mask);
            float[] before = tokens.toFloatArray();
            int others = manager().getManagedArrays().size();
            decoder.reconstruct(owner, tokens, mask).close();
            assertThat(owner.getManagedArrays()).isEmpty();
            assertThat(lender.getManagedArrays()).hasSize(1);
            assertThat(manager().getManagedArrays()).hasSize(others);
            assertThat(tokens.toFloatArray()).isEqualTo(before);
        }
    }

    @Test
    void refusesTokensThatDoNotFitTheMask() {
        try (ApMaeDecoder decoder = decoder();
                NDManager owner = manager().newSubManager()) {
            NDArray tokens = tokens(owner, mask(2));
            assertThatThrownBy(() -> decoder.reconstruct(owner, tokens, mask(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("(2, ")
                    .hasMessageContaining("(3, ");
        }
    }

    @Test
    void refusesPatchesOutsideTheGrid() {
        try (ApMaeDecoder decoder = decoder();
                NDManager owner = manager().newSubManager()) {
            PatchMask mask = new PatchMask(new int[][] {{grid().patches()}}, new int[][] {{0}});
            NDArray tokens = tokens(owner, mask);
            assertThatThrownBy(() -> decoder.reconstruct(owner, tokens, mask))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(grid().patches()));
        }
    }

    @Test
    void refusesEverythingOnceClosed() {
        ApMaeDecoder decoder = decoder();
        decoder.close();
        decoder.close();
        try (NDManager owner = manager().newSubManager()) {
            PatchMask mask = mask(1);
            NDArray tokens = tokens(owner, mask);
            assertThatThrownBy(() -> decoder.reconstruct(owner, tokens, mask))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }
}
