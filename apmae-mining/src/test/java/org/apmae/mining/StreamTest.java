package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

/** A corpus of any size is a stream: what mining and sampling hold does not grow with the number of files. */
class StreamTest {
    private static final int FILES = 100_000;

    /** Files made up as they are asked for, every tenth of which does not parse. */
    private record Generated(int size) implements Corpus {
        @Override
        public String name() {
            return "generated";
        }

        @Override
        public Stream<SourceFile> files(Consumer<Rejection> rejections) {
            return IntStream.range(0, size)
                    .mapToObj(i -> new SourceFile(
                            "project" + i % 1000,
                            "C" + i + ".java",
                            "class C" + i + (i % 10 == 9 ? "" : " {") + " int f() { return g(" + i + "); } } // "
                                    + "x".repeat(400)));
        }
    }

    private static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }

    @Test
    void memoryIsFlatOverAHundredThousandFiles() {
        ScenarioSampler sampler = new ScenarioSampler(500, 1, ScenarioSampler.Spread.PROJECTS);
        List<Long> heap = new ArrayList<>();
        long[] refused = new long[1];
        MiningSummary summary = new CorpusMiner(new JavaParserMiner(), 2)
                .mine(
                        new Generated(FILES),
                        new MiningOptions(EnumSet.of(CompletionTask.FUNCTION_CALL, CompletionTask.EOL), 5, 1),
                        sampler,
                        rejection -> refused[0]++,
                        done -> {
                            if (done == FILES / 5 || done == FILES) {
                                heap.add(used());
                            }
                        });
        assertThat(summary.files()).isEqualTo(FILES);
        assertThat(summary.scenarios()).containsEntry(CompletionTask.FUNCTION_CALL, 90_000L);
        assertThat(refused[0]).isEqualTo(10_000);
        assertThat(sampler.drawn()).hasSize(500).extracting(Scenario::source).doesNotHaveDuplicates();
        // the files alone have 45 MB
        assertThat(heap.get(1) - heap.get(0)).as("bytes grown from %s", heap).isLessThan(6L << 20);
    }
}
