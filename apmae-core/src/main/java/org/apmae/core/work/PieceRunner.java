package org.apmae.core.work;

import java.util.Iterator;

/**
 * Runs functions over pieces of work. Thread-safe.
 *
 * @see ThreadRunner
 */
public interface PieceRunner extends AutoCloseable {
    /**
     * Maps a function over pieces, as many at a time as there is room for.
     *
     * @param <P> type of a piece
     * @param <R> type of a result
     * @param pieces drawn on the thread that draws results, only as far as work runs ahead of these; it may look at what the
     *     caller has seen so far
     * @param function what to compute
     * @return the results, to be closed
     * @throws IllegalStateException if the runner is closed
     */
    <P, R> PieceResults<R> map(Iterator<P> pieces, PieceFunction<P, R> function);

    /**
     * Says whether functions run in the caller's process on the caller's objects. If not, functions, pieces and results must be
     * serializable, and small pieces cost more to send than to compute.
     *
     * @return true for threads
     */
    boolean sharesMemory();

    /** Ends the runner after its running pieces; calling it again has no effect. */
    @Override
    void close();
}
