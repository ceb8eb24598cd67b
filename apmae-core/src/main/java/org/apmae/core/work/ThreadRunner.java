package org.apmae.core.work;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/**
 * Runs pieces on threads of this process, a few more than there are threads ahead of the caller. Exceptions of a function are
 * thrown as they are. Thread-safe.
 */
public final class ThreadRunner implements PieceRunner {
    /** So that no thread waits for the one whose turn it is. */
    private static final int AHEAD = 2;

    private final int threads;

    /**
     * Says how many.
     *
     * @param threads pieces computed at the same time in each {@link #map}, 1 or more
     * @throws IllegalArgumentException if it is below 1
     */
    public ThreadRunner(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + "; it must be 1 or more");
        }
        this.threads = threads;
    }

    @Override
    public <P, R> PieceResults<R> map(Iterator<P> pieces, PieceFunction<P, R> function) {
        return new Running<>(pieces, function, threads);
    }

    @Override
    public boolean sharesMemory() {
        return true;
    }

    /** Does nothing: threads end with the results they computed. */
    @Override
    public void close() {}

    private static final class Running<P, R> implements PieceResults<R> {
        private final Iterator<P> pieces;
        private final PieceFunction<P, R> function;
        private final ExecutorService executor;
        private final int most;
        private final Deque<Future<R>> due = new ArrayDeque<>();

        Running(Iterator<P> pieces, PieceFunction<P, R> function, int threads) {
            this.pieces = pieces;
            this.function = function;
            this.most = threads + AHEAD;
            this.executor = Tasks.threads("apmae-piece", threads);
        }

        @Override
        public boolean hasNext() {
            return !due.isEmpty() || (!executor.isShutdown() && pieces.hasNext());
        }

        @Override
        public R next() {
            while (due.size() < most && !executor.isShutdown() && pieces.hasNext()) {
                P piece = pieces.next();
                due.add(executor.submit(() -> function.apply(piece)));
            }
            if (due.isEmpty()) {
                throw new NoSuchElementException("all pieces were drawn, or the results are closed");
            }
            return Tasks.result(due.remove(), "the work was interrupted; run the command again to go on");
        }

        /** Waits for running pieces: they may be in native code, where nothing may be closed under them. */
        @Override
        public void close() {
            due.clear();
            Tasks.end(executor);
        }
    }
}
