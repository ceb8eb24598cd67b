package org.apmae.models.pipeline;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.apmae.core.work.Tasks;

/** Threads that compute in native code and are waited for before anything they use is closed. Thread-safe. */
public final class Workers implements AutoCloseable {
    private static final String INTERRUPTED =
            "the recording was interrupted; its whole segments are kept, run it again to go on";

    private final ExecutorService executor;

    /**
     * Starts threads.
     *
     * @param name name of the threads
     * @param threads how many, 1 or more
     */
    public Workers(String name, int threads) {
        executor = Tasks.threads(name, threads);
    }

    /**
     * Hands a task to the next free thread.
     *
     * @param <T> type of the result
     * @param task what to do
     * @return its result to come
     */
    public <T> Future<T> submit(Callable<T> task) {
        return executor.submit(task);
    }

    /**
     * Waits for a task.
     *
     * @param <T> type of the result
     * @param future what {@link #submit} returned
     * @return the result
     * @throws IllegalStateException if the wait was interrupted or the task failed with a checked exception; other exceptions
     *     of the task are thrown as they are
     */
    public static <T> T result(Future<T> future) {
        return Tasks.result(future, INTERRUPTED);
    }

    static IllegalStateException interrupted(InterruptedException e) {
        return new IllegalStateException(INTERRUPTED, e);
    }

    /** Drops tasks that have not begun and waits for the others. */
    @Override
    public void close() {
        Tasks.end(executor);
    }
}
