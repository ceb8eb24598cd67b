package org.apmae.models.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;

/** Fits the clusters of many heads side by side. */
public final class HeadClustering {
    private HeadClustering() {}

    /**
     * Fits every head by itself. The result does not depend on the number of threads: every head has a seed of its own, mixed
     * from {@code seed} and its place in the list.
     *
     * @param perHead for every head N rows of F numbers; {@code get} is called once for each head, from the working threads, so
     *     a list may read them from disk when asked
     * @param clusterer the method; thread-safe, as its contract says
     * @param seed seed of everything random
     * @param threads heads fitted at the same time, 1 or more
     * @param progress called with the number of heads done so far, ascending, never by two threads at once
     * @return the clusters of every head, in the order of the list
     * @throws IllegalArgumentException if {@code threads} is below 1 or the encodings of a head are not allowed; the message
     *     names the head's place in the list
     * @throws IllegalStateException if the calling thread is interrupted
     */
    public static List<Clusters> fitAll(
            List<float[][]> perHead, PatternClusterer clusterer, long seed, int threads, IntConsumer progress) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + ", allowed is 1 or more");
        }
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            Counter counter = new Counter(progress);
            List<Future<Clusters>> running = new ArrayList<>();
            for (int head = 0; head < perHead.size(); head++) {
                int place = head;
                running.add(workers.submit(() -> {
                    Clusters clusters = clusterer.fit(perHead.get(place), Seeds.ofTask(seed, place));
                    counter.done();
                    return clusters;
                }));
            }
            List<Clusters> fitted = new ArrayList<>();
            for (Future<Clusters> future : running) {
                fitted.add(result(future, fitted.size()));
            }
            return List.copyOf(fitted);
        } finally {
            workers.shutdownNow();
        }
    }

    private static Clusters result(Future<Clusters> future, int head) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("clustering was interrupted at head number " + head, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IllegalArgumentException cause) {
                throw new IllegalArgumentException("head number " + head + ": " + cause.getMessage(), cause);
            }
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException("clustering head number " + head + " failed", e);
        }
    }

    /** Counts and reports under one lock, so that the numbers reported ascend. */
    private static final class Counter {
        private final IntConsumer progress;
        private int done;

        Counter(IntConsumer progress) {
            this.progress = progress;
        }

        synchronized void done() {
            progress.accept(++done);
        }
    }
}
