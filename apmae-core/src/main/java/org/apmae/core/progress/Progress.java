package org.apmae.core.progress;

import java.util.Objects;

/**
 * Receives the progress of long-running work, for example to draw a bar.
 *
 * <p>Implementations are thread-safe: several stages may run at once, and one stage may be stepped by several threads. They
 * never influence the result of the work.
 */
public interface Progress {
    /**
     * Says that a stage of the work begins.
     *
     * @param name what a person reads, for example {@code recording}
     * @param total number of units to do, 0 or more, or -1 where it is not known before
     * @param unit the unit in the plural, for example {@code scenarios}
     * @return the running stage; to be closed also when the work fails
     * @throws IllegalArgumentException if {@code total} is below -1
     */
    Stage start(String name, long total, String unit);

    /**
     * Returns a receiver that does nothing.
     *
     * @return a shared instance
     */
    static Progress silent() {
        return Silent.PROGRESS;
    }

    /** One running stage. Thread-safe. */
    interface Stage extends AutoCloseable {
        /**
         * Says that more units are done.
         *
         * @param units number of units since the last call, 0 or more
         * @throws IllegalArgumentException if {@code units} is negative
         * @throws IllegalStateException if the stage is closed
         */
        void step(long units);

        /** Ends the stage; closing again has no effect. */
        @Override
        void close();
    }

    /**
     * Checks the arguments of {@link #start}; for implementations.
     *
     * @param name the name
     * @param total the total
     * @param unit the unit
     * @throws IllegalArgumentException if {@code total} is below -1
     */
    static void check(String name, long total, String unit) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(unit, "unit");
        if (total < -1) {
            throw new IllegalArgumentException(
                    "total is " + total + "; it must be 0 or more, or -1 where it is not known");
        }
    }
}
