package org.apmae.examples.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;
import org.apmae.examples.console.CommonOptions;
import org.apmae.mining.Corpora;
import org.apmae.mining.Corpus;
import org.apmae.mining.CorpusMiner;
import org.apmae.mining.JavaParserMiner;

/**
 * Mines with two threads in a process of its own, which {@link MiningRate} starts with a bounded heap: real sources, then the
 * hardest that is accepted, files of the most tokens side by side. Prints the most heap that was ever in use, garbage included.
 */
final class MiningHeap {
    private MiningHeap() {}

    /**
     * Mines and prints.
     *
     * @param arguments a local Maven repository and coordinates with commas
     */
    public static void main(String[] arguments) {
        AtomicLong peak = new AtomicLong();
        Thread watch = new Thread(() -> watch(peak), "heap");
        watch.setDaemon(true);
        watch.start();
        Corpus sources = Corpora.maven(List.of(arguments[1].split(",", -1)), Path.of(arguments[0]));
        CorpusMiner miner = new CorpusMiner(new JavaParserMiner(), 2);
        miner.mine(sources, MiningOptions.everything(1), scenario -> {});
        Dense dense = new Dense();
        long found =
                miner.mine(dense, MiningOptions.everything(1), scenario -> {}).total();
        if (found == 0) {
            throw new IllegalStateException("the dense files gave no scenario");
        }
        CommonOptions.print(Map.of(
                "peak_mb",
                peak.get() / (double) (1 << 20),
                "largest",
                dense.file(0).text().length()));
    }

    /** Looks every two milliseconds: the peaks of the heap's parts are not of the same moment, so their sum says too much. */
    private static void watch(AtomicLong peak) {
        while (true) {
            peak.accumulateAndGet(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(), Math::max);
            LockSupport.parkNanos(2_000_000);
        }
    }

    /** Files of as many tokens as the miner accepts, nearly all of which are nodes of the tree. */
    private static final class Dense implements Corpus {
        private static final int FILES = 6;

        @Override
        public String name() {
            return "dense";
        }

        @Override
        public Stream<SourceFile> files(Consumer<Rejection> rejections) {
            return IntStream.range(0, FILES).mapToObj(this::file);
        }

        SourceFile file(int number) {
            String text =
                    "class A" + number + " { int a = " + "-x+".repeat((JavaParserMiner.MAX_TOKENS - 20) / 3) + "1; }";
            return new SourceFile(name(), number + ".java", text);
        }
    }
}
