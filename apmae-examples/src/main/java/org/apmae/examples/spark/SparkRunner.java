package org.apmae.examples.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;

/**
 * Runs each piece as a Spark job of one task. Jobs start in the order of the pieces and never wait for each other, so no core
 * idles at the end of a wave; twice as many as there are cores run ahead, which bounds what the driver holds. Thread-safe.
 */
final class SparkRunner implements PieceRunner {
    private static final int AHEAD = 2;

    private final JavaSparkContext spark;

    SparkRunner(JavaSparkContext spark) {
        this.spark = spark;
    }

    @Override
    public <P, R> PieceResults<R> map(Iterator<P> pieces, PieceFunction<P, R> function) {
        return new Running<>(pieces, function);
    }

    @Override
    public boolean sharesMemory() {
        return false;
    }

    /** Does nothing: the context is its owner's. */
    @Override
    public void close() {}

    private final class Running<P, R> implements PieceResults<R> {
        private final Iterator<P> pieces;
        private final SparkCall<P, R> call;
        private final Deque<JavaFutureAction<List<SparkCall.Answer<R>>>> due = new ArrayDeque<>();
        private boolean closed;

        Running(Iterator<P> pieces, PieceFunction<P, R> function) {
            this.pieces = pieces;
            this.call = new SparkCall<>(function);
        }

        @Override
        public boolean hasNext() {
            return !due.isEmpty() || (!closed && pieces.hasNext());
        }

        @Override
        public R next() {
            // asked for each time: executors come and go
            int most = AHEAD * spark.defaultParallelism();
            while (due.size() < most && !closed && pieces.hasNext()) {
                due.add(spark.parallelize(List.of(pieces.next()), 1).map(call).collectAsync());
            }
            if (due.isEmpty()) {
                throw new NoSuchElementException("all pieces were drawn, or the results are closed");
            }
            try {
                SparkCall.Answer<R> answer = due.remove().get().get(0);
                if (answer.failure() != null) {
                    throw answer.failure();
                }
                return answer.result();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the work was interrupted; run the command again to go on", e);
            } catch (ExecutionException | CancellationException e) {
                throw failed(e);
            }
        }

        @Override
        public void close() {
            closed = true;
            due.forEach(job -> job.cancel(false));
            due.clear();
        }
    }

    /** What the function threw at last, or one sentence about the cluster. */
    private static RuntimeException failed(Exception e) {
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof RuntimeException ours) {
                return ours;
            }
        }
        String reason = e.getCause() == null
                ? e.toString()
                : String.valueOf(e.getCause().getMessage());
        return new IllegalStateException(
                "Spark gave a piece of work up: " + reason.lines().findFirst().orElse("no reason is given")
                        + "; if executors were lost, models may need more memory outside the Java heap"
                        + " (spark.executor.memoryOverhead)",
                e);
    }
}
