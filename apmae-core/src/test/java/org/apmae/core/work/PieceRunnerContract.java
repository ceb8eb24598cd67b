package org.apmae.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every {@link PieceRunner} does. */
public abstract class PieceRunnerContract {
    /** Makes the runner under test; it may be the same one each time. */
    protected abstract PieceRunner runner();

    /** Takes longer for some pieces, so that they end out of order. */
    private static int slowSquare(int piece) {
        double sum = 0;
        for (int i = 0; i < (piece % 3) * 100_000; i++) {
            sum += Math.sqrt(i);
        }
        return sum < 0 ? -1 : piece * piece;
    }

    private static List<Integer> drain(PieceResults<Integer> results) {
        List<Integer> all = new ArrayList<>();
        results.forEachRemaining(all::add);
        return all;
    }

    @Test
    void resultsComeInTheOrderOfThePieces() {
        List<Integer> pieces = IntStream.range(0, 50).boxed().toList();
        try (PieceRunner runner = runner();
                PieceResults<Integer> results = runner.map(pieces.iterator(), PieceRunnerContract::slowSquare)) {
            assertThat(drain(results))
                    .isEqualTo(pieces.stream().map(piece -> piece * piece).toList());
            assertThat(results.hasNext()).isFalse();
            assertThatThrownBy(results::next).isInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void noPieceIsNoResult() {
        try (PieceRunner runner = runner();
                PieceResults<Integer> results =
                        runner.map(Collections.<Integer>emptyIterator(), PieceRunnerContract::slowSquare)) {
            assertThat(results.hasNext()).isFalse();
        }
    }

    @Test
    void whatFailsIsToldWhereItsResultIsDue() {
        try (PieceRunner runner = runner();
                PieceResults<Integer> results = runner.map(List.of(1, 2, 3).iterator(), piece -> {
                    if (piece == 2) {
                        throw new IllegalArgumentException("2 is not allowed");
                    }
                    return piece;
                })) {
            assertThat(results.next()).isEqualTo(1);
            assertThatIllegalArgumentException().isThrownBy(results::next).withMessage("2 is not allowed");
        }
    }

    @Test
    void piecesAreDrawnAsFarAsWorkRunsAhead() {
        int[] drawn = {0};
        Iterator<Integer> endless = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public Integer next() {
                return drawn[0]++;
            }
        };
        try (PieceRunner runner = runner();
                PieceResults<Integer> results = runner.map(endless, piece -> piece)) {
            for (int i = 0; i < 10; i++) {
                assertThat(results.next()).isEqualTo(i);
            }
            assertThat(drawn[0]).isBetween(10, 100);
            results.close();
            results.close();
            assertThat(results.hasNext()).isFalse();
        }
    }
}
