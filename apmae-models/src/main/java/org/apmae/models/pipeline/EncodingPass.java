package org.apmae.models.pipeline;

import ai.djl.ndarray.NDManager;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingBlock;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.store.PatternStore;
import org.apmae.core.store.PatternTriangle;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.Resource;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records scenarios straight to encodings: prompts through the target model, each layer's patterns through scaler and encoder,
 * all heads of a layer at once, into the store. Immutable and thread-safe.
 *
 * <p>Memory is bounded by the number of threads and by three blocks of encodings: where the disk is slower than the model, the
 * model waits. A thread of its own writes. Begun again after a kill, it goes on after the last whole segment; the files become
 * the same, byte for byte.
 *
 * <pre>{@code
 * try (StageWriter stage = run.resume(Stage.ENCODE, key)) {
 *     EncodingStore.Writer store = EncodingStore.writer(stage, heads.heads(), encoder.width());
 *     new EncodingPass(model, scaler, encoder, threads).run(prompts.iterator(), heads, keep, stage, store, done -> {});
 *     store.finish();
 *     stage.commit(provenance);
 * }
 * }</pre>
 */
public final class EncodingPass {
    /** Scenarios of one segment, the most that a kill costs. */
    public static final int SEGMENT = 32;

    private static final Logger LOG = LoggerFactory.getLogger(EncodingPass.class);
    private static final int BATCH = 4;
    private static final int OPEN_BLOCKS = 3;
    private static final int MEASURED = 4;
    /** Ids, table lines and the array's description for each scenario; a generous measure. */
    private static final long BYTES_BESIDE = 64;

    private final TargetModel model;
    private final AttentionScaler scaler;
    private final ApMaeEncoder encoder;
    private final int threads;
    private final Optional<Elsewhere> elsewhere;

    private record Elsewhere(PieceRunner runner, Resource<TargetModel> model, Resource<ApMaeEncoder> encoder) {}

    /** A segment that was computed elsewhere. */
    private record Computed(EncodingBlock encodings, List<PatternTriangle> kept) implements Serializable {}

    /**
     * Puts the parts together, all of which the caller closes afterwards.
     *
     * @param model the target model
     * @param scaler how patterns are scaled before they are encoded
     * @param encoder the encoder
     * @param threads threads that run model and encoder, 1 or more; the result does not depend on it
     * @throws IllegalArgumentException if the number of threads is below 1
     */
    public EncodingPass(TargetModel model, AttentionScaler scaler, ApMaeEncoder encoder, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + "; it must be 1 or more");
        }
        this.model = model;
        this.scaler = scaler;
        this.encoder = encoder;
        this.threads = threads;
        this.elsewhere = Optional.empty();
    }

    private EncodingPass(EncodingPass pass, Elsewhere elsewhere) {
        this.model = pass.model;
        this.scaler = pass.scaler;
        this.encoder = pass.encoder;
        this.threads = pass.threads;
        this.elsewhere = Optional.of(elsewhere);
    }

    /**
     * Lets a runner compute the segments of {@link #run}, a segment a piece; this process appends them. The files are the same.
     *
     * @param runner the runner, to be closed by the caller
     * @param foundModel finds the same model in the process that computes a segment
     * @param foundEncoder finds the same encoder there
     * @return a copy with it
     */
    public EncodingPass on(PieceRunner runner, Resource<TargetModel> foundModel, Resource<ApMaeEncoder> foundEncoder) {
        return new EncodingPass(this, new Elsewhere(runner, foundModel, foundEncoder));
    }

    /**
     * Records.
     *
     * @param prompts drawn one segment after another; the same ones in the same order when the stage is begun again
     * @param heads which heads, those of the store
     * @param keep which raw patterns to keep
     * @param stage the stage, begun with {@link org.apmae.core.run.RunFolder#resume}
     * @param store the writer of its encodings; not finished yet when this returns
     * @param progress told the number of scenarios in each whole segment, on the writing thread; those there already come
     *     first
     * @return the number of scenarios stored, those there already included
     * @throws IllegalArgumentException if the stage holds other scenarios than the prompts, or a pattern is broken
     * @throws java.io.UncheckedIOException if the disk refuses; whole segments remain
     */
    public long run(
            Iterator<Prompt> prompts,
            HeadSelection heads,
            PatternKeeping keep,
            StageWriter stage,
            EncodingStore.Writer store,
            LongConsumer progress) {
        long done = skip(prompts, store.scenarioIds());
        progress.accept(done);
        Set<HeadId> wanted = new HashSet<>(heads.heads());
        if (!wanted.equals(new HashSet<>(store.heads())) || encoder.width() != store.width()) {
            throw new IllegalArgumentException(
                    "the store takes " + store.heads().size() + " heads of width "
                            + store.width() + ", but " + wanted.size() + " heads of width " + encoder.width()
                            + " would come; make it with the same heads and the encoder's width");
        }
        if (elsewhere.isPresent()) {
            return done + runElsewhere(elsewhere.get(), prompts, heads, keep, stage, store, progress);
        }
        Semaphore free = new Semaphore(OPEN_BLOCKS);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Future<Void>> written = new ArrayList<>();
        try (Workers writer = new Workers("apmae-store", 1);
                Workers workers = new Workers("apmae-record", threads)) {
            while (prompts.hasNext() && failure.get() == null) {
                List<Prompt> segment = segment(prompts);
                acquire(free);
                Block block = new Block(
                        store.block(segment.stream().map(Prompt::scenarioId).toList()), keep, segment);
                List<Future<Void>> parts = new ArrayList<>();
                for (int from = 0; from < segment.size(); from += BATCH) {
                    int first = from;
                    List<Prompt> batch = segment.subList(first, Math.min(segment.size(), first + BATCH));
                    parts.add(workers.submit(task(() -> {
                        encode(block, first, batch, heads);
                        LOG.debug("{} scenarios computed", batch.size());
                    })));
                }
                written.removeIf(Future::isDone);
                written.add(writer.submit(task(() -> {
                    try {
                        if (failure.get() == null) {
                            parts.forEach(Workers::result);
                            store.append(block.encodings, PatternStore.pieces(stage.segments(), block.kept()));
                            progress.accept(segment.size());
                        }
                    } catch (RuntimeException | Error e) {
                        failure.compareAndSet(null, e);
                    } finally {
                        free.release();
                    }
                })));
                done += segment.size();
            }
            written.forEach(Workers::result);
        }
        rethrow(failure.get());
        return done;
    }

    private static List<Prompt> segment(Iterator<Prompt> prompts) {
        List<Prompt> segment = new ArrayList<>();
        while (segment.size() < SEGMENT && prompts.hasNext()) {
            segment.add(prompts.next());
        }
        return segment;
    }

    private long runElsewhere(
            Elsewhere where,
            Iterator<Prompt> prompts,
            HeadSelection heads,
            PatternKeeping keep,
            StageWriter stage,
            EncodingStore.Writer store,
            LongConsumer progress) {
        Iterator<List<Prompt>> segments = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return prompts.hasNext();
            }

            @Override
            public List<Prompt> next() {
                return List.copyOf(segment(prompts));
            }
        };
        Resource<TargetModel> foundModel = where.model();
        Resource<ApMaeEncoder> foundEncoder = where.encoder();
        AttentionScaler scaling = scaler;
        long done = 0;
        try (PieceResults<Computed> results = where.runner()
                .map(
                        segments,
                        segment -> new EncodingPass(foundModel.get(), scaling, foundEncoder.get(), 1)
                                .compute(segment, heads, keep))) {
            while (results.hasNext()) {
                Computed computed = results.next();
                int scenarios = computed.encodings().scenarioIds().size();
                store.append(computed.encodings(), PatternStore.pieces(stage.segments(), computed.kept()));
                progress.accept(scenarios);
                done += scenarios;
            }
        }
        return done;
    }

    /** One segment in the batches in which the threads of {@link #run} compute it. */
    private Computed compute(List<Prompt> segment, HeadSelection heads, PatternKeeping keep) {
        Block block = scratch(segment, heads, keep);
        for (int from = 0; from < segment.size(); from += BATCH) {
            encode(block, from, segment.subList(from, Math.min(segment.size(), from + BATCH)), heads);
        }
        return new Computed(block.encodings, block.kept());
    }

    private static Callable<Void> task(Runnable task) {
        return () -> {
            task.run();
            return null;
        };
    }

    private static void acquire(Semaphore free) {
        try {
            free.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Workers.interrupted(e);
        }
    }

    private static void rethrow(Throwable failure) {
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    private static long skip(Iterator<Prompt> prompts, List<String> stored) {
        for (String id : stored) {
            String found = prompts.hasNext() ? prompts.next().scenarioId() : "none";
            if (!found.equals(id)) {
                throw new IllegalArgumentException(
                        "the stage holds scenario " + id + " where " + found + " is due; begin it with another key");
            }
        }
        return stored.size();
    }

    /** One segment in the making. */
    private static final class Block {
        private final EncodingBlock encodings;
        private final PatternKeeping keep;
        private final List<List<PatternTriangle>> kept = new ArrayList<>();

        Block(EncodingBlock encodings, PatternKeeping keep, List<Prompt> segment) {
            this.encodings = encodings;
            this.keep = keep;
            segment.forEach(prompt -> kept.add(new ArrayList<>()));
        }

        List<PatternTriangle> kept() {
            return kept.stream().flatMap(List::stream).toList();
        }
    }

    private void encode(Block block, int firstRow, List<Prompt> batch, HeadSelection heads) {
        List<List<PatternTriangle>> undecided = new ArrayList<>();
        batch.forEach(prompt -> undecided.add(new ArrayList<>()));
        AttentionSink sink = block.keep.isNothing()
                ? AttentionSink.patternsOnly(patterns -> put(block, firstRow, patterns))
                : AttentionSink.of(
                        patterns -> {
                            put(block, firstRow, patterns);
                            keep(block, firstRow, patterns, undecided);
                        },
                        verdicts -> decide(block, firstRow, verdicts, undecided));
        try (HookedRecorder recorder = new HookedRecorder(model, BATCH)) {
            recorder.record(batch.stream(), heads, HeadIntervention.none(), sink);
        }
    }

    private void put(Block block, int firstRow, AttentionBatch patterns) {
        float[] all;
        try (NDManager scratch = model.newManager()) {
            all = scaler.encode(scratch, patterns.patterns(), encoder).toFloatArray();
        }
        int at = 0;
        for (int prompt = 0; prompt < patterns.prompts().size(); prompt++) {
            for (HeadId head : patterns.heads()) {
                block.encodings.put(head, firstRow + prompt, all, at);
                at += encoder.width();
            }
        }
    }

    private static void keep(
            Block block, int firstRow, AttentionBatch patterns, List<List<PatternTriangle>> undecided) {
        if (block.keep.isNothing()) {
            return;
        }
        float[] weights = null;
        int tokens = patterns.prompts().get(0).length();
        for (int i = 0; i < patterns.prompts().size(); i++) {
            Prompt prompt = patterns.prompts().get(i);
            for (int h = 0; h < patterns.heads().size(); h++) {
                HeadId head = patterns.heads().get(h);
                boolean always = block.keep.always(prompt, head);
                if (always || block.keep.ifWrong(prompt)) {
                    if (weights == null) {
                        weights = patterns.patterns().toFloatArray();
                    }
                    PatternTriangle triangle = PatternTriangle.of(
                            prompt.scenarioId(),
                            head,
                            tokens,
                            weights,
                            (i * patterns.heads().size() + h) * tokens * tokens);
                    (always ? block.kept.get(firstRow + i) : undecided.get(i)).add(triangle);
                }
            }
        }
    }

    private static void decide(
            Block block, int firstRow, List<Verdict> verdicts, List<List<PatternTriangle>> undecided) {
        for (int i = 0; i < verdicts.size(); i++) {
            if (!verdicts.get(i).correct()) {
                block.kept.get(firstRow + i).addAll(undecided.get(i));
            }
        }
    }

    /**
     * Measures a few scenarios.
     *
     * @param few prompts to measure with, at least one; at most 4 are run
     * @param scenarios scenarios to be recorded
     * @param heads which heads
     * @param keep which raw patterns to keep
     * @return the estimate
     * @throws IllegalArgumentException if there is no prompt
     */
    public RecordingEstimate estimate(List<Prompt> few, long scenarios, HeadSelection heads, PatternKeeping keep) {
        if (few.isEmpty()) {
            throw new IllegalArgumentException("there is no prompt to measure with; record verdicts first");
        }
        List<Prompt> measured = few.subList(0, Math.min(few.size(), MEASURED));
        int count = heads.heads().size();
        measure(measured.subList(0, 1), heads, keep); // warm up
        long started = System.nanoTime();
        Block block = measure(measured, heads, keep);
        double each = (System.nanoTime() - started) / 1e9 / measured.size();
        double keptBytes = block.kept().stream()
                        .mapToLong(triangle -> (long) triangle.tokens() * (triangle.tokens() + 1) + 120)
                        .sum()
                / (double) measured.size();
        long encodings = (long) count * encoder.width() * Short.BYTES;
        long memory = ProcessMemory.resident() + OPEN_BLOCKS * SEGMENT * (encodings + (long) keptBytes);
        return new RecordingEstimate(
                scenarios,
                count,
                scenarios * each / threads,
                memory,
                (long) (scenarios * (encodings + keptBytes + BYTES_BESIDE)) + 200L * count);
    }

    private Block measure(List<Prompt> prompts, HeadSelection heads, PatternKeeping keep) {
        Block block = scratch(prompts, heads, keep);
        encode(block, 0, prompts, heads);
        return block;
    }

    private Block scratch(List<Prompt> prompts, HeadSelection heads, PatternKeeping keep) {
        return new Block(
                EncodingStore.scratch(
                        heads.heads(), prompts.stream().map(Prompt::scenarioId).toList(), encoder.width()),
                keep,
                prompts);
    }
}
