package org.apmae.core.work;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Threads that compute, often in native code, and what becomes of their tasks. Thread-safe. */
public final class Tasks {
    private Tasks() {}

    /**
     * Starts threads that do not keep the JVM alive.
     *
     * @param name name of the threads
     * @param threads how many, 1 or more
     * @return the threads, to be ended with {@link #end}
     */
    public static ExecutorService threads(String name, int threads) {
        return Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Waits for a task.
     *
     * @param <T> type of the result
     * @param future the task
     * @param interrupted message if the calling thread is interrupted meanwhile: what was, and what to do
     * @return the result
     * @throws IllegalStateException if the wait was interrupted or the task failed with a checked exception; other exceptions
     *     of the task are thrown as they are
     */
    public static <T> T result(Future<T> future, String interrupted) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted, e);
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        }
    }

    /**
     * Runs tasks. After a failure those that have not begun are dropped and the others are waited for, so that the caller may
     * close what they use.
     *
     * @param <T> type of the results
     * @param tasks what to do
     * @param workers threads, or null for the calling thread
     * @param interrupted message if the calling thread is interrupted meanwhile: what was, and what to do
     * @return the results, in the order of the tasks
     * @throws IllegalStateException if the wait was interrupted or a task failed with a checked exception; other exceptions
     *     of a task are thrown as they are, those of the first that failed
     */
    public static <T> List<T> all(List<Callable<T>> tasks, ExecutorService workers, String interrupted) {
        List<T> results = new ArrayList<>();
        AtomicReference<Throwable> failed = new AtomicReference<>();
        try {
            if (workers == null) {
                for (Callable<T> task : tasks) {
                    results.add(task.call());
                }
                return Collections.unmodifiableList(results);
            }
            List<Callable<T>> guarded = new ArrayList<>();
            tasks.forEach(task -> guarded.add(() -> failed.get() == null ? call(task, failed) : null));
            List<Future<T>> futures = workers.invokeAll(guarded);
            if (failed.get() != null) {
                throw failure(failed.get());
            }
            for (Future<T> future : futures) {
                results.add(result(future, interrupted));
            }
            return Collections.unmodifiableList(results);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted, e);
        } catch (Exception e) {
            throw failure(e);
        }
    }

    private static <T> T call(Callable<T> task, AtomicReference<Throwable> failed) throws Exception {
        try {
            return task.call();
        } catch (Exception | Error e) {
            failed.compareAndSet(null, e);
            throw e;
        }
    }

    private static RuntimeException failure(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException known
                ? known
                : new IllegalStateException("a worker failed: " + cause, cause);
    }

    /**
     * Drops tasks that have not begun and waits for the others: they may be in native code, where nothing may be closed under
     * them.
     *
     * @param workers the threads
     * @throws IllegalStateException if they do not end within ten minutes
     */
    public static void end(ExecutorService workers) {
        workers.shutdownNow();
        try {
            if (!workers.awaitTermination(10, TimeUnit.MINUTES)) {
                throw new IllegalStateException("workers did not end within ten minutes after they were told to");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
