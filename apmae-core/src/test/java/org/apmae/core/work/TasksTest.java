package org.apmae.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TasksTest {
    private final ExecutorService workers = Tasks.threads("tasks-test", 2);

    @AfterEach
    void end() {
        Tasks.end(workers);
    }

    @Test
    void resultsComeInTheOrderOfTheTasks() {
        List<Callable<Integer>> tasks = IntStream.range(0, 100)
                .mapToObj(i -> (Callable<Integer>) () -> i)
                .toList();
        List<Integer> expected = IntStream.range(0, 100).boxed().toList();
        assertThat(Tasks.all(tasks, workers, "no")).isEqualTo(expected);
        assertThat(Tasks.all(tasks, null, "no")).isEqualTo(expected);
    }

    @Test
    void anExceptionOfATaskIsThrownAsItIs() {
        IllegalArgumentException own = new IllegalArgumentException("own");
        Callable<Void> fails = () -> {
            throw own;
        };
        Callable<Void> checked = () -> {
            throw new IOException("disk");
        };
        Callable<Void> error = () -> {
            throw new StackOverflowError();
        };
        for (ExecutorService where : new ExecutorService[] {workers, null}) {
            assertThatThrownBy(() -> Tasks.all(List.of(fails), where, "no")).isSameAs(own);
            assertThatThrownBy(() -> Tasks.all(List.of(checked), where, "no"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("disk")
                    .hasCauseInstanceOf(IOException.class);
            assertThatThrownBy(() -> Tasks.all(List.of(error), where, "no")).isInstanceOf(StackOverflowError.class);
        }
        assertThatThrownBy(() -> Tasks.result(workers.submit(fails), "no")).isSameAs(own);
    }

    @Test
    void afterAFailureRunningTasksAreAwaitedAndOthersDropped() {
        CountDownLatch running = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicInteger begun = new AtomicInteger();
        List<Callable<Void>> tasks = new ArrayList<>();
        tasks.add(() -> {
            running.countDown();
            TimeUnit.MILLISECONDS.sleep(100);
            ended.set(true);
            return null;
        });
        tasks.add(() -> {
            running.await();
            throw new IllegalArgumentException("own");
        });
        for (int i = 0; i < 1000; i++) {
            tasks.add(() -> {
                begun.incrementAndGet();
                return null;
            });
        }
        assertThatThrownBy(() -> Tasks.all(tasks, workers, "no")).hasMessage("own");
        assertThat(ended).isTrue();
        assertThat(begun).hasValue(0);
    }

    @Test
    void anInterruptedWaitSaysWhatWas() {
        Callable<Void> waits = () -> {
            TimeUnit.MINUTES.sleep(5);
            return null;
        };
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Tasks.all(List.of(waits), workers, "the test was interrupted"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the test was interrupted");
        assertThat(Thread.interrupted()).isTrue();
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Tasks.result(workers.submit(waits), "the test was interrupted"))
                .hasMessage("the test was interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
