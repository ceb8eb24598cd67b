package org.apmae.core.work;

import java.util.Iterator;

/**
 * The results of pieces in their order, some of which are computed ahead of the caller. For one thread at a time.
 *
 * <p>{@link #next} waits for the result that is due. What a function threw it throws: {@link IllegalArgumentException} and
 * {@link IllegalStateException} with their message, other exceptions as the runner says.
 *
 * @param <R> type of a result
 */
public interface PieceResults<R> extends Iterator<R>, AutoCloseable {
    /** Abandons what was computed ahead; calling it again has no effect. */
    @Override
    void close();
}
