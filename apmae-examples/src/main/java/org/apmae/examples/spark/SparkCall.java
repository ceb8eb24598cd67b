package org.apmae.examples.spark;

import java.io.Serializable;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.function.Function;
import org.apmae.core.work.PieceFunction;
import org.apmae.models.safetensors.ModelFileException;

/**
 * Computes a piece in a task. What would fail again wherever it is tried comes back as an answer; any other exception fails the
 * task, which Spark then tries elsewhere.
 */
final class SparkCall<P, R> implements Function<P, SparkCall.Answer<R>> {
    private static final long serialVersionUID = 1;

    /** Tasks in this process: those of local mode must have left native code before the process ends. */
    private static final AtomicInteger RUNNING = new AtomicInteger();

    private final PieceFunction<P, R> function;

    SparkCall(PieceFunction<P, R> function) {
        this.function = function;
    }

    /** A result, or what was thrown instead. */
    record Answer<R>(R result, RuntimeException failure) implements Serializable {}

    @Override
    public Answer<R> call(P piece) {
        RUNNING.incrementAndGet();
        try {
            return new Answer<>(function.apply(piece), null);
        } catch (IllegalArgumentException | IllegalStateException | ModelFileException e) {
            return new Answer<>(null, e);
        } finally {
            RUNNING.decrementAndGet();
        }
    }

    static int running() {
        return RUNNING.get();
    }
}
