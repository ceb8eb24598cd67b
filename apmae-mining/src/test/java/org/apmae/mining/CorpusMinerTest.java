package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

class CorpusMinerTest {
    private static final MiningOptions NUMBERS =
            new MiningOptions(EnumSet.of(CompletionTask.NUMERIC_LITERALS), Integer.MAX_VALUE, 1);

    /** A hundred files of which every tenth is broken, and one that the corpus itself leaves out. */
    private static final Corpus CORPUS = new Corpus() {
        @Override
        public String name() {
            return "test";
        }

        @Override
        public Stream<SourceFile> files(Consumer<Rejection> rejections) {
            rejections.accept(new Rejection("Huge.java", "too_large", ""));
            return IntStream.range(0, 100)
                    .mapToObj(i -> new SourceFile(
                            "test", "F" + i + ".java", i % 10 == 0 ? "broken" : "class F { int a = " + i + "; }"));
        }
    };

    private record Failing(Set<CompletionTask> tasks) implements ScenarioMiner {
        @Override
        public MiningResult mine(SourceFile source, MiningOptions options) {
            throw new IllegalStateException("cannot mine " + source.path());
        }
    }

    @Test
    void callsBackInTheOrderOfTheFilesAndCounts() {
        for (int threads : new int[] {1, 2, 5}) {
            List<String> targets = new ArrayList<>();
            List<Rejection> rejections = new ArrayList<>();
            List<Long> progress = new ArrayList<>();
            Consumer<Scenario> sink = scenario -> targets.add(scenario.target());
            MiningSummary summary = new CorpusMiner(new JavaParserMiner(), threads)
                    .mine(CORPUS, NUMBERS, sink, rejections::add, progress::add);
            assertThat(targets)
                    .isEqualTo(IntStream.range(0, 100)
                            .filter(i -> i % 10 != 0)
                            .mapToObj(Integer::toString)
                            .toList());
            assertThat(summary.files()).isEqualTo(100);
            assertThat(summary.characters()).isEqualTo(10 * 6 + 9 * 22 + 81 * 23);
            assertThat(summary.scenarios()).isEqualTo(Map.of(CompletionTask.NUMERIC_LITERALS, 90L));
            assertThat(summary.rejections()).isEqualTo(Map.of("does_not_parse", 10L, "too_large", 1L));
            assertThat(rejections).extracting(Rejection::path).startsWith("Huge.java", "F0.java", "F10.java");
            assertThat(progress).hasSize(100).isSorted().endsWith(100L);
        }
    }

    @Test
    void failureOfTheMinerReachesTheCaller() {
        CorpusMiner miner = new CorpusMiner(new Failing(EnumSet.allOf(CompletionTask.class)), 2);
        assertThatThrownBy(() -> miner.mine(CORPUS, NUMBERS, scenario -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("cannot mine F0.java");
    }

    @Test
    void refusesNoThreads() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CorpusMiner(new JavaParserMiner(), 0))
                .withMessageContaining("threads is 0");
    }
}
