package org.apmae.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

class ThreadRunnerTest extends PieceRunnerContract {
    @Override
    protected PieceRunner runner() {
        return new ThreadRunner(3);
    }

    @Test
    void computesOnItsOwnThreadsAndWaitsForThem() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        PieceRunner runner = runner();
        assertThat(runner.sharesMemory()).isTrue();
        PieceResults<Boolean> results =
                runner.map(List.of(1, 2, 3, 4, 5, 6).iterator(), piece -> threads.add(Thread.currentThread()));
        results.next();
        results.close();
        assertThat(threads).isNotEmpty().doesNotContain(Thread.currentThread());
        assertThat(threads).noneMatch(Thread::isAlive);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ThreadRunner(0))
                .withMessageContaining("1 or more");
    }
}
