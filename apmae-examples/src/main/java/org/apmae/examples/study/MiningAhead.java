package org.apmae.examples.study;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.SourceFile;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;
import org.apmae.mining.Corpora;
import org.apmae.mining.Corpus;
import org.apmae.mining.CorpusMiner;
import org.apmae.mining.JavaParserMiner;

/**
 * Mines a corpus elsewhere: while its files are drawn one after the other, those that follow are mined already, many to a piece.
 * Only their text goes out, and only spans come back. For one pass of a {@link CorpusMiner} with one thread.
 */
public final class MiningAhead {
    /** Enough work that sending it does not count. */
    private static final int CHARACTERS = 400_000;

    private static final int FILES = 256;

    private static final List<CompletionTask> TASKS = List.of(CompletionTask.values());

    private final Corpus source;
    private final MiningOptions options;
    private final PieceRunner runner;
    private final IdentityHashMap<SourceFile, Mined> mined = new IdentityHashMap<>();

    /** What one file gave; arrays, because there are hundreds of spans in a file and objects travel slowly. */
    private static final class Mined implements Serializable {
        private static final long serialVersionUID = 1;

        private final byte[] tasks;
        private final int[] starts;
        private final int[] ends;
        private final Rejection[] rejections;

        Mined(byte[] tasks, int[] starts, int[] ends, Rejection[] rejections) {
            this.tasks = tasks;
            this.starts = starts;
            this.ends = ends;
            this.rejections = rejections;
        }

        static Mined of(List<Scenario> scenarios, List<Rejection> rejections) {
            byte[] tasks = new byte[scenarios.size()];
            int[] starts = new int[tasks.length];
            int[] ends = new int[tasks.length];
            for (int i = 0; i < tasks.length; i++) {
                tasks[i] = (byte) TASKS.indexOf(scenarios.get(i).task());
                starts[i] = scenarios.get(i).start();
                ends[i] = scenarios.get(i).end();
            }
            return new Mined(tasks, starts, ends, rejections.toArray(Rejection[]::new));
        }

        MiningResult in(SourceFile file) {
            List<Scenario> scenarios = new ArrayList<>();
            for (int i = 0; i < tasks.length; i++) {
                scenarios.add(new Scenario(TASKS.get(tasks[i]), file, starts[i], ends[i]));
            }
            return new MiningResult(scenarios, List.of(rejections));
        }
    }

    /** A file that was read and not handed on yet, with what the corpus left out before it. */
    private record Waiting(List<Rejection> before, SourceFile file) {}

    /**
     * Prepares a pass.
     *
     * @param source the corpus
     * @param options what to look for
     * @param runner where to look
     */
    public MiningAhead(Corpus source, MiningOptions options, PieceRunner runner) {
        this.source = source;
        this.options = options;
        this.runner = runner;
    }

    /** Mines files as a {@link CorpusMiner} does, in its threads with their large stacks. */
    private record MineFiles(MiningOptions options) implements PieceFunction<List<SourceFile>, List<Mined>> {
        @Override
        public List<Mined> apply(List<SourceFile> files) {
            List<Mined> results = new ArrayList<>();
            List<Scenario> scenarios = new ArrayList<>();
            List<Rejection> rejections = new ArrayList<>();
            new CorpusMiner(new JavaParserMiner(), 1)
                    .mine(Corpora.of("piece", files), options, scenarios::add, rejections::add, done -> {
                        results.add(Mined.of(scenarios, rejections));
                        scenarios.clear();
                        rejections.clear();
                    });
            return results;
        }
    }

    /**
     * Returns the corpus.
     *
     * @return its files, each handed on when it has been mined
     */
    public Corpus corpus() {
        return new Corpus() {
            @Override
            public String name() {
                return source.name();
            }

            @Override
            public Stream<SourceFile> files(Consumer<Rejection> rejections) {
                Ahead ahead = new Ahead(rejections);
                return StreamSupport.stream(
                                Spliterators.spliteratorUnknownSize(ahead, Spliterator.ORDERED | Spliterator.NONNULL),
                                false)
                        .onClose(ahead::close);
            }
        };
    }

    /**
     * Returns the miner of the corpus.
     *
     * @return gives what was found already; each file once
     */
    public ScenarioMiner miner() {
        return new ScenarioMiner() {
            @Override
            public Set<CompletionTask> tasks() {
                return new JavaParserMiner().tasks();
            }

            @Override
            public MiningResult mine(SourceFile file, MiningOptions wanted) {
                Mined found;
                synchronized (mined) {
                    found = mined.remove(file);
                }
                if (found == null || !wanted.equals(options)) {
                    throw new IllegalStateException(
                            file.path() + " was not mined ahead with these options; draw it from this corpus, once");
                }
                return found.in(file);
            }
        };
    }

    private final class Ahead implements Iterator<SourceFile> {
        private final Consumer<Rejection> rejections;
        private final List<Rejection> leftOut = new ArrayList<>();
        private final Stream<SourceFile> stream;
        private final Iterator<SourceFile> files;
        private final Deque<Waiting> waiting = new ArrayDeque<>();
        private final Deque<Mined> ready = new ArrayDeque<>();
        private final PieceResults<List<Mined>> results;

        Ahead(Consumer<Rejection> rejections) {
            this.rejections = rejections;
            this.stream = source.files(leftOut::add);
            this.files = stream.iterator();
            this.results = runner.map(new Pieces(), new MineFiles(options));
        }

        /** Reads the files of the next piece. */
        private final class Pieces implements Iterator<List<SourceFile>> {
            @Override
            public boolean hasNext() {
                return files.hasNext();
            }

            @Override
            public List<SourceFile> next() {
                List<SourceFile> piece = new ArrayList<>();
                int characters = 0;
                while (piece.size() < FILES && characters < CHARACTERS && files.hasNext()) {
                    SourceFile file = files.next();
                    waiting.add(new Waiting(List.copyOf(leftOut), file));
                    leftOut.clear();
                    piece.add(file);
                    characters += file.text().length();
                }
                return piece;
            }
        }

        @Override
        public boolean hasNext() {
            if (!ready.isEmpty() || results.hasNext()) {
                return true;
            }
            leftOut.forEach(rejections);
            leftOut.clear();
            return false;
        }

        @Override
        public SourceFile next() {
            if (!hasNext()) {
                throw new NoSuchElementException("all files were drawn");
            }
            if (ready.isEmpty()) {
                ready.addAll(results.next());
            }
            Waiting next = waiting.remove();
            next.before().forEach(rejections);
            synchronized (mined) {
                mined.put(next.file(), ready.remove());
            }
            return next.file();
        }

        void close() {
            results.close();
            stream.close();
        }
    }
}
