package org.apmae.models.intervention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadInterventionContract;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.Test;

class ZeroAblationTest extends HeadInterventionContract {
    @Override
    protected HeadIntervention intervention() {
        return new ZeroAblation(List.of(new HeadId(2, 1), new HeadId(0, 2), new HeadId(2, 3), new HeadId(2, 1)));
    }

    @Override
    protected NDManager manager() {
        return NativeRuntime.newManager(Device.cpu());
    }

    @Test
    void zeroesItsHeadsOfThatLayer() {
        try (NDManager manager = manager()) {
            NDArray z = manager.ones(new Shape(1, 2, 4, 1));
            assertThat(intervention().apply(manager, 2, z).toFloatArray()).containsExactly(1, 0, 1, 0, 1, 0, 1, 0);
            assertThat(intervention().apply(manager, 0, z).toFloatArray()).containsExactly(1, 1, 0, 1, 1, 1, 0, 1);
        }
    }

    @Test
    void theNameDoesNotDependOnTheOrderGiven() {
        assertThat(intervention().id()).isEqualTo("zero:L0H2+L2H1+L2H3");
        assertThat(new ZeroAblation(List.of(new HeadId(2, 3), new HeadId(2, 1), new HeadId(0, 2))).id())
                .isEqualTo(intervention().id());
    }

    @Test
    void refusesAHeadThatTheLayerDoesNotHave() {
        try (NDManager manager = manager()) {
            NDArray z = manager.ones(new Shape(1, 2, 3, 1));
            assertThatThrownBy(() -> intervention().apply(manager, 2, z))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("L2H3");
        }
    }
}
