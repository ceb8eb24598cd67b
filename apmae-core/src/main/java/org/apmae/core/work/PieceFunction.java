package org.apmae.core.work;

import java.io.Serializable;

/**
 * Computes the result of one piece of work. Pure: the same piece gives the same result in every process, so that a piece may
 * be computed again after a failure. Thread-safe.
 *
 * <p>Where a runner does not share memory with its caller, function, pieces and results travel by Java serialization.
 *
 * @param <P> type of a piece
 * @param <R> type of a result
 */
@FunctionalInterface
public interface PieceFunction<P, R> extends Serializable {
    /**
     * Computes one piece.
     *
     * @param piece the piece; borrowed
     * @return its result, not null
     */
    R apply(P piece);
}
