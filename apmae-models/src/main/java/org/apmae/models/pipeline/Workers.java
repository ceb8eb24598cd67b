package org.apmae.models.pipeline;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Threads that compute in native code and are waited for before anything they use is closed. Thread-safe. */
public final class Workers implements AutoCloseable {
    private final ExecutorService executor;

    /**
     * Starts threads.
     *
     * @param name name of the threads
     * @param threads how many, 1 or more
     */
    public Workers(String name, int threads) {
        executor = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
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
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException("a worker failed: " + e.getCause(), e.getCause());
        }
    }

    static IllegalStateException interrupted(InterruptedException e) {
        return new IllegalStateException(
                "the recording was interrupted; its whole segments are kept, run it again to go on", e);
    }

    /** Drops tasks that have not begun and waits for the others. */
    @Override
    public void close() {
        executor.shutdownNow();
        try {
            if (!executor.awaitTermination(5, TimeUnit.MINUTES)) {
                throw new IllegalStateException("workers did not end within five minutes after they were told to");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
