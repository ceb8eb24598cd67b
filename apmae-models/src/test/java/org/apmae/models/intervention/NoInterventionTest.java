package org.apmae.models.intervention;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadInterventionContract;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.Test;

class NoInterventionTest extends HeadInterventionContract {
    @Override
    protected HeadIntervention intervention() {
        return HeadIntervention.none();
    }

    @Override
    protected NDManager manager() {
        return NativeRuntime.newManager(Device.cpu());
    }

    @Test
    void changesNoHead() {
        assertThat(HeadIntervention.none().heads()).isEmpty();
        assertThat(HeadIntervention.none().id()).isEqualTo("none");
    }
}
