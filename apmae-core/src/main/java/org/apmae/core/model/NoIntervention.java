package org.apmae.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Set;

enum NoIntervention implements HeadIntervention {
    INSTANCE;

    @Override
    public Set<HeadId> heads() {
        return Set.of();
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        NDArray copy = z.duplicate();
        copy.attach(scratch);
        return copy;
    }

    @Override
    public String id() {
        return "none";
    }
}
