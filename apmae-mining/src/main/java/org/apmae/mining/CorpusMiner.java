package org.apmae.mining;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.SourceFile;

/**
 * Mines a whole corpus with several threads, with a result that does not depend on how many.
 *
 * <p>Files are read on the caller's thread and mined ahead by a bounded number of characters, so memory does not grow with the
 * corpus. All callbacks run on the caller's thread, in the order of the files. Immutable and thread-safe.
 */
public final class CorpusMiner {
    /**
     * Files in work per thread: results are handed on in order, so while one thread is at a large file the others need enough
     * small ones behind it to be busy.
     */
    private static final int AHEAD = 64;

    /**
     * Most characters in work, if it is more than one file: what parser and results hold of a file grows with its length, at
     * worst by some 400 bytes a character.
     */
    private static final long MOST_CHARACTERS = 600_000;

    private final ScenarioMiner miner;
    private final int threads;

    /**
     * Makes a miner of corpora.
     *
     * @param miner mines each file
     * @param threads files mined at the same time, 1 or more
     * @throws IllegalArgumentException if {@code threads} is below 1
     */
    public CorpusMiner(ScenarioMiner miner, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + "; it must be 1 or more");
        }
        this.miner = miner;
        this.threads = threads;
    }

    /**
     * Mines all files of a corpus.
     *
     * @param corpus the files
     * @param options what to look for in each file
     * @param scenarios hears of every scenario: file after file in the order of the corpus, within a file in the order of
     *     the start
     * @return the counts
     * @throws IllegalArgumentException if a task is asked for that the miner does not have
     * @throws java.io.UncheckedIOException if the corpus can no longer be read
     */
    public MiningSummary mine(Corpus corpus, MiningOptions options, Consumer<Scenario> scenarios) {
        return mine(corpus, options, scenarios, rejection -> {}, files -> {});
    }

    /**
     * Mines all files of a corpus and tells what was left out and how far it is.
     *
     * @param corpus the files
     * @param options what to look for in each file
     * @param scenarios hears of every scenario: file after file in the order of the corpus, within a file in the order of
     *     the start
     * @param rejections hears of everything that the corpus or the miner left out, in the order of the files
     * @param progress hears the number of files done after each file
     * @return the counts
     * @throws IllegalArgumentException if a task is asked for that the miner does not have
     * @throws java.io.UncheckedIOException if the corpus can no longer be read
     */
    public MiningSummary mine(
            Corpus corpus,
            MiningOptions options,
            Consumer<Scenario> scenarios,
            Consumer<Rejection> rejections,
            LongConsumer progress) {
        Map<String, Long> reasons = new TreeMap<>();
        Consumer<Rejection> counted = rejection -> {
            reasons.merge(rejection.reason(), 1L, Long::sum);
            rejections.accept(rejection);
        };
        Map<CompletionTask, Long> byTask = new EnumMap<>(CompletionTask.class);
        options.tasks().forEach(task -> byTask.put(task, 0L));
        long files = 0;
        long characters = 0;
        Deque<Work> ahead = new ArrayDeque<>();
        long inWork = 0;
        CorpusDigest digest = new CorpusDigest();
        ExecutorService workers = Executors.newFixedThreadPool(threads, ParserThread::new);
        List<Rejection> leftOut = new ArrayList<>();
        try (Stream<SourceFile> stream = corpus.files(leftOut::add)) {
            Iterator<SourceFile> sources = stream.iterator();
            // At most one file is read and not yet in work.
            Deque<Read> read = new ArrayDeque<>();
            while (sources.hasNext() || !read.isEmpty() || !ahead.isEmpty()) {
                while (ahead.size() < threads * AHEAD) {
                    if (read.isEmpty() && sources.hasNext()) {
                        SourceFile source = sources.next();
                        digest.add(source);
                        characters += source.text().length();
                        read.add(new Read(source, List.copyOf(leftOut)));
                        leftOut.clear();
                    }
                    if (read.isEmpty()
                            || (!ahead.isEmpty()
                                    && inWork + read.getFirst().source().text().length() > MOST_CHARACTERS)) {
                        break;
                    }
                    Read next = read.remove();
                    SourceFile source = next.source();
                    inWork += source.text().length();
                    ahead.add(new Work(
                            source.text().length(),
                            next.leftOutBefore(),
                            CompletableFuture.supplyAsync(() -> miner.mine(source, options), workers)));
                }
                Work done = ahead.remove();
                MiningResult result = take(done.result());
                inWork -= done.characters();
                done.leftOutBefore().forEach(counted);
                for (Scenario scenario : result.scenarios()) {
                    byTask.merge(scenario.task(), 1L, Long::sum);
                    scenarios.accept(scenario);
                }
                result.rejections().forEach(counted);
                progress.accept(++files);
            }
            leftOut.forEach(counted);
        } finally {
            workers.shutdownNow();
        }
        return new MiningSummary(files, characters, byTask, new TreeMap<>(reasons), digest.hex());
    }

    /** A file, with what the corpus left out before it: heard of in the order of the files, however far ahead they are read. */
    private record Read(SourceFile source, List<Rejection> leftOutBefore) {}

    private record Work(int characters, List<Rejection> leftOutBefore, CompletableFuture<MiningResult> result) {}

    private static MiningResult take(CompletableFuture<MiningResult> result) {
        try {
            return result.join();
        } catch (CompletionException | CancellationException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
