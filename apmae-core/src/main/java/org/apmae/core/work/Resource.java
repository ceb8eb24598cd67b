package org.apmae.core.work;

import java.io.Serializable;

/**
 * Something heavy that pieces of work need and that does not travel with them, such as a model: found again, and loaded at most
 * once, in the process that computes. Thread-safe.
 *
 * @param <T> what it is
 */
@FunctionalInterface
public interface Resource<T> extends Serializable {
    /**
     * Finds it.
     *
     * @return the same object each time in one process; borrowed
     */
    T get();
}
