package org.apmae.examples.study;

import ai.djl.Device;
import java.io.Serializable;
import java.nio.file.Path;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.ThreadRunner;

/** Where a study computes its pieces of work. Thread-safe. */
public interface Workplace {
    /**
     * Finds, in the process that computes a piece, what did not travel with it. Thread-safe.
     *
     * @see org.apmae.core.work.Resource
     */
    interface Locator extends Serializable {
        /**
         * Finds the target model's folder.
         *
         * @param folder where the study has it
         * @return where this process has it
         */
        Path model(Path folder);

        /**
         * Says where models run in this process.
         *
         * @return the device
         */
        Device device();
    }

    /**
     * Makes a runner for a study, which closes it.
     *
     * @param threads pieces computed at the same time, where they run on threads of this process
     * @return the runner
     */
    PieceRunner runner(int threads);

    /**
     * Prepares for a target model; called once for a study that does not share memory with its pieces.
     *
     * @param model folder of the model; empty path for the embedded one
     * @return how pieces find things
     */
    Locator locator(Path model);

    /**
     * Names the kind of device on which pieces run, for provenance.
     *
     * @return {@code cpu} or {@code gpu}
     */
    String device();

    /**
     * Returns the threads of this process.
     *
     * @return the usual workplace
     */
    static Workplace threads() {
        return new Workplace() {
            @Override
            public PieceRunner runner(int threads) {
                return new ThreadRunner(threads);
            }

            @Override
            public Locator locator(Path model) {
                throw new IllegalStateException("threads have the study's own models and need not find them");
            }

            @Override
            public String device() {
                return "cpu";
            }
        };
    }
}
