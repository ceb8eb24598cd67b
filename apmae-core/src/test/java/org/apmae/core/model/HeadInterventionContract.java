package org.apmae.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every {@link HeadIntervention} must do. */
public abstract class HeadInterventionContract {
    private static final int PROMPTS = 2;
    private static final int TOKENS = 3;
    private static final int HEADS = 4;
    private static final int WIDTH = 5;

    /**
     * Makes the intervention under test, on heads 0 to 3 of some layers.
     *
     * @return an equal intervention at each call
     */
    protected abstract HeadIntervention intervention();

    /**
     * Makes a manager of the engine under test.
     *
     * @return a new manager; closed by the test
     */
    protected abstract NDManager manager();

    private static float[] values() {
        Random random = new Random(3);
        float[] values = new float[PROMPTS * TOKENS * HEADS * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static int layer(HeadIntervention intervention) {
        return intervention.heads().stream().mapToInt(HeadId::layer).max().orElse(0);
    }

    @Test
    void leavesItsArgumentAndOtherHeadsAlone() {
        HeadIntervention intervention = intervention();
        int layer = layer(intervention);
        float[] before = values();
        try (NDManager owner = manager();
                NDManager scratch = manager()) {
            NDArray z = owner.create(before, new Shape(PROMPTS, TOKENS, HEADS, WIDTH));
            NDArray result = intervention.apply(scratch, layer, z);
            assertThat(result.getShape()).isEqualTo(z.getShape());
            assertThat(result.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(z.toFloatArray()).containsExactly(before);
            float[] after = result.toFloatArray();
            for (int i = 0; i < after.length; i++) {
                HeadId head = new HeadId(layer, i / WIDTH % HEADS);
                if (!intervention.heads().contains(head)) {
                    assertThat(after[i]).as("element %d of %s", i, head).isEqualTo(before[i]);
                }
            }
            assertThat(intervention.apply(scratch, layer, z).toFloatArray()).containsExactly(after);
        }
    }

    @Test
    void leavesOnlyItsResultAndThatWithTheOwner() {
        HeadIntervention intervention = intervention();
        try (NDManager owner = manager();
                NDManager scratch = manager()) {
            NDArray z = owner.create(values(), new Shape(PROMPTS, TOKENS, HEADS, WIDTH));
            NDArray result = intervention.apply(scratch, layer(intervention), z);
            assertThat(owner.getManagedArrays()).containsExactly(z);
            assertThat(scratch.getManagedArrays()).containsExactly(result);
            owner.close();
            assertThat(result.toFloatArray()).hasSize(PROMPTS * TOKENS * HEADS * WIDTH);
        }
    }

    @Test
    void equalInterventionsHaveOneNameForUseInTables() {
        assertThat(intervention().id())
                .isEqualTo(intervention().id())
                .isNotBlank()
                .doesNotContainAnyWhitespaces();
        assertThat(intervention().heads()).isEqualTo(intervention().heads());
    }

    @Test
    void theHeadsCannotBeChanged() {
        HeadIntervention intervention = intervention();
        assertThatThrownBy(() -> intervention.heads().add(new HeadId(0, 0)))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> intervention.heads().clear()).isInstanceOf(UnsupportedOperationException.class);
    }
}
