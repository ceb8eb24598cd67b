package org.apmae.models.runtime;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;

/**
 * Starts libtorch with the settings that apmae relies on. Thread-safe.
 *
 * <p>The engine stays offline, and each native operation runs on one thread: work is spread over Java threads instead, which
 * keeps results independent of their number and avoids the slow hand-over between native threads on small arrays. An
 * application that sets {@code ai.djl.pytorch.num_threads} itself, before the engine starts, keeps its own value.
 */
public final class NativeRuntime {
    private static final String THREADS = "ai.djl.pytorch.num_threads";
    private static final String INTEROP_THREADS = "ai.djl.pytorch.num_interop_threads";

    private NativeRuntime() {}

    private static final class Holder {
        static final Engine ENGINE = start();

        private static Engine start() {
            setUnlessSet("ai.djl.offline", "true");
            setUnlessSet("OPT_OUT_TRACKING", "true");
            setUnlessSet(THREADS, "1");
            setUnlessSet(INTEROP_THREADS, "1");
            Engine engine = Engine.getEngine("PyTorch");
            selfTest(engine);
            return engine;
        }

        private static void setUnlessSet(String key, String value) {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        }

        /** A JNI built for another libtorch loads and then misreads types: compute something before anything is trusted. */
        private static void selfTest(Engine engine) {
            try (NDManager manager = engine.newBaseManager(Device.cpu())) {
                float[] product = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2))
                        .matMul(manager.create(new float[] {5, 6, 7, 8}, new Shape(2, 2)))
                        .toFloatArray();
                if (product[0] != 19 || product[1] != 22 || product[2] != 43 || product[3] != 50) {
                    throw new IllegalStateException("libtorch " + engine.getVersion()
                            + " gives wrong products; the native library and pytorch-jni must be of the same version");
                }
            }
        }
    }

    /**
     * Starts the engine if it is not running.
     *
     * @return the PyTorch engine
     * @throws IllegalStateException if libtorch does not compute as it should
     */
    public static Engine engine() {
        return Holder.ENGINE;
    }

    /**
     * Makes a root manager. Gradients are switched off for the calling thread.
     *
     * @param device where arrays live
     * @return a manager, to be closed
     */
    public static NDManager newManager(Device device) {
        NDManager manager = engine().newBaseManager(device);
        inference();
        return manager;
    }

    /** Switches gradients off for the calling thread; new threads have them on, which wastes time and memory. */
    public static void inference() {
        engine();
        JniUtils.setGradMode(false);
    }
}
