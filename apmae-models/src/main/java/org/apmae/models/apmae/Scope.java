package org.apmae.models.apmae;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;

/** A manager for temporaries, and a gradient mode of the calling thread that is put back at the end. */
final class Scope implements AutoCloseable {
    private final boolean before = JniUtils.isGradMode();
    private final NDManager manager;

    private Scope(NDManager owner, boolean gradients) {
        manager = owner.newSubManager();
        JniUtils.setGradMode(gradients);
    }

    static Scope inference(NDManager owner) {
        return new Scope(owner, false);
    }

    static Scope training(NDManager owner) {
        return new Scope(owner, true);
    }

    NDManager manager() {
        return manager;
    }

    @Override
    public void close() {
        JniUtils.setGradMode(before);
        manager.close();
    }
}
