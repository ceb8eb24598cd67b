package org.apmae.models.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.work.Tasks;

/** Fits the clusters of many heads side by side. */
public final class HeadClustering {
    private static final int AHEAD = 2;

    private HeadClustering() {}

    /** Takes the clusters of the heads, one after the other. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes the clusters of one head.
         *
         * @param head the head's place in the list
         * @param clusters its clusters
         */
        void accept(int head, Clusters clusters);
    }

    /**
     * Fits every head by itself and keeps all clusters, with the encodings they were fitted on, in memory. For many heads use
     * {@link #forEach}.
     *
     * @param perHead as there
     * @param clusterer the method; thread-safe, as its contract says
     * @param seed seed of everything random
     * @param threads heads fitted at the same time, 1 or more
     * @param progress called with the number of heads done so far, ascending, on the calling thread
     * @return the clusters of every head, in the order of the list
     * @throws IllegalArgumentException if {@code threads} is below 1 or the encodings of a head are not allowed; the message
     *     names the head's place in the list
     * @throws IllegalStateException if the calling thread is interrupted
     */
    public static List<Clusters> fitAll(
            List<float[][]> perHead, PatternClusterer clusterer, long seed, int threads, IntConsumer progress) {
        List<Clusters> fitted = new ArrayList<>();
        forEach(perHead, clusterer, seed, threads, (head, clusters) -> {
            fitted.add(clusters);
            progress.accept(head + 1);
        });
        return List.copyOf(fitted);
    }

    /**
     * Fits every head by itself and hands its clusters on. The result does not depend on the number of threads: every head has a
     * seed of its own, mixed from {@code seed} and its place in the list. Only a few heads are in memory at any time.
     *
     * @param perHead for every head N rows of F numbers; {@code get} is called once for each head, from the working threads, so
     *     a list may read them from disk when asked
     * @param clusterer the method; thread-safe, as its contract says
     * @param seed seed of everything random
     * @param threads heads fitted at the same time, 1 or more
     * @param sink takes the clusters on the calling thread, in the order of the list
     * @throws IllegalArgumentException if {@code threads} is below 1 or the encodings of a head are not allowed; the message
     *     names the head's place in the list
     * @throws IllegalStateException if the calling thread is interrupted
     */
    public static void forEach(List<float[][]> perHead, PatternClusterer clusterer, long seed, int threads, Sink sink) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + ", allowed is 1 or more");
        }
        ExecutorService workers = Tasks.threads("apmae-cluster", threads);
        try {
            Deque<Future<Clusters>> running = new ArrayDeque<>();
            int next = 0;
            for (int head = 0; head < perHead.size(); head++) {
                // A few more than the threads, so that none waits for the one whose turn it is.
                while (next < perHead.size() && running.size() < threads + AHEAD) {
                    int place = next++;
                    running.add(workers.submit(() -> fit(perHead, clusterer, seed, place)));
                }
                sink.accept(head, result(running.remove(), head));
            }
        } finally {
            Tasks.end(workers);
        }
    }

    /**
     * Fits one head as {@link #forEach} does.
     *
     * @param perHead as there
     * @param clusterer the method
     * @param seed as there
     * @param head the head's place in the list
     * @return its clusters
     * @throws IllegalArgumentException if the encodings are not allowed
     */
    public static Clusters fit(List<float[][]> perHead, PatternClusterer clusterer, long seed, int head) {
        return clusterer.fit(perHead.get(head), Seeds.ofTask(seed, head));
    }

    private static Clusters result(Future<Clusters> future, int head) {
        try {
            return Tasks.result(future, "clustering was interrupted at head number " + head);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("head number " + head + ": " + e.getMessage(), e);
        }
    }
}
