package org.apmae.core.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What every miner must do, whatever spans it chooses. Extend it with a test class that makes the miner. */
public abstract class ScenarioMinerContract {
    private static final String TEXT = """
            package demo;

            import java.util.List;

            class Demo {
            \tint sum(List<Integer> numbers, boolean twice) {
                    int total = 0; // \uD83D\uDE00
                    for (int n : numbers) {
                        total += twice ? n * 2 : n;
                    }
                    return total != 0 && !twice ? total : Math.max(1, "x".length());
                }
            }
            """;

    /**
     * Makes the miner under test.
     *
     * @return a miner
     */
    protected abstract ScenarioMiner miner();

    private static SourceFile source(String text) {
        return new SourceFile("contract", "demo/Demo.java", text);
    }

    private MiningOptions everything(int perFileAndTask, long seed) {
        return new MiningOptions(miner().tasks(), perFileAndTask, seed);
    }

    @Test
    void offersAtLeastOneTask() {
        assertThat(miner().tasks()).isNotEmpty();
    }

    @Test
    void spansAreCutOutOfTheFile() {
        for (String text : List.of(TEXT, TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\r"), "\uFEFF" + TEXT)) {
            SourceFile source = source(text);
            MiningResult result = miner().mine(source, everything(Integer.MAX_VALUE, 1));
            assertThat(result.rejections()).isEmpty();
            assertThat(result.scenarios()).isNotEmpty().allSatisfy(s -> {
                assertThat(s.source()).isSameAs(source);
                assertThat(s.prefix() + s.target() + s.suffix()).isEqualTo(text);
            });
            assertThat(result.scenarios()).extracting(Scenario::id).doesNotHaveDuplicates();
            assertThat(result.scenarios())
                    .isSortedAccordingTo(
                            Comparator.comparingInt(Scenario::start).thenComparing(Scenario::task));
        }
    }

    @Test
    void sameFileOptionsAndSeedGiveTheSameResultOnAnyThread() throws ExecutionException, InterruptedException {
        ScenarioMiner shared = miner();
        MiningOptions options = everything(3, 7);
        MiningResult expected = miner().mine(source(TEXT), options);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Callable<MiningResult>> calls = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                calls.add(() -> shared.mine(source(TEXT), options));
            }
            for (Future<MiningResult> call : threads.invokeAll(calls)) {
                assertThat(call.get()).isEqualTo(expected);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void theSeedChangesTheSample() {
        List<Scenario> first = miner().mine(source(TEXT), everything(1, 1)).scenarios();
        boolean other = false;
        for (int seed = 2; seed < 12; seed++) {
            other |=
                    !miner().mine(source(TEXT), everything(1, seed)).scenarios().equals(first);
        }
        assertThat(other).isTrue();
    }

    @Test
    void atMostTheAskedNumberOfEachTask() {
        List<Scenario> all =
                miner().mine(source(TEXT), everything(Integer.MAX_VALUE, 5)).scenarios();
        for (int limit : new int[] {1, 2, 4}) {
            List<Scenario> some =
                    miner().mine(source(TEXT), everything(limit, 5)).scenarios();
            assertThat(all).containsAll(some);
            for (CompletionTask task : miner().tasks()) {
                long available = all.stream().filter(s -> s.task() == task).count();
                assertThat(some.stream().filter(s -> s.task() == task).count())
                        .as("%s of at most %d", task, limit)
                        .isEqualTo(Math.min(limit, available));
            }
        }
    }

    @Test
    void tasksAreIndependentOfEachOther() {
        MiningResult together = miner().mine(source(TEXT), everything(2, 9));
        for (CompletionTask task : miner().tasks()) {
            List<Scenario> alone = miner().mine(source(TEXT), new MiningOptions(EnumSet.of(task), 2, 9))
                    .scenarios();
            assertThat(alone).allMatch(s -> s.task() == task);
            assertThat(alone)
                    .isEqualTo(together.scenarios().stream()
                            .filter(s -> s.task() == task)
                            .toList());
        }
    }

    @Test
    void tasksThatTheMinerLacksAreRefused() {
        for (CompletionTask task : CompletionTask.values()) {
            if (!miner().tasks().contains(task)) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> miner().mine(source(TEXT), new MiningOptions(Set.of(task), 1, 1)))
                        .withMessageContaining(task.wireName());
            }
        }
    }

    @Test
    void anyTextIsAnswered() {
        for (String text : List.of(
                "",
                " ",
                "\uFEFF",
                "\u001a",
                "\uD83D",
                "\"",
                "/*",
                "'",
                "}",
                "not java at all",
                "class { int ; ) ] }",
                "class A { String s = \"unterminated; }",
                "\0\0\0",
                "class A {} \u001a trailing")) {
            MiningResult result = miner().mine(source(text), everything(Integer.MAX_VALUE, 1));
            assertThat(result.scenarios())
                    .as(text)
                    .allSatisfy(s ->
                            assertThat(s.prefix() + s.target() + s.suffix()).isEqualTo(text));
        }
    }

    @Test
    void sourceThatDoesNotParseGivesOneRejection() {
        MiningResult result =
                miner().mine(source("class Broken { void f( { int x = ; }"), everything(Integer.MAX_VALUE, 1));
        assertThat(result.scenarios()).isEmpty();
        assertThat(result.rejections()).singleElement().satisfies(rejection -> {
            assertThat(rejection.path()).isEqualTo("demo/Demo.java");
            assertThat(rejection.reason()).matches("[a-z_]+");
            assertThat(rejection.detail()).isNotBlank();
        });
    }
}
