package org.apmae.models.pipeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Segments;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.Resource;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records what the target model predicts, task by task, until each task has enough of both outcomes, into segments: begun
 * again after a kill, it reads the verdicts of the whole segments, counts them, and goes on. Immutable and thread-safe.
 */
public final class VerdictPass {
    /** Prompts of one round, which is one segment. */
    public static final int ROUND = 64;

    private static final Logger LOG = LoggerFactory.getLogger(VerdictPass.class);
    private static final int BATCH = 8;
    private static final int MEASURED = 8;
    /** A generous measure of a line of {@link RunTables#VERDICTS}. */
    private static final long BYTES_OF_A_LINE = 260;

    private final TargetModel model;
    private final int threads;
    private final Optional<Elsewhere> elsewhere;

    private record Elsewhere(PieceRunner runner, Resource<TargetModel> model) {}

    /** Decides when a task has enough verdicts. */
    @FunctionalInterface
    public interface Enough {
        /**
         * Is asked before every round.
         *
         * @param task the task
         * @param found its verdicts so far, in the order of its prompts
         * @return true to go on with the next task
         */
        boolean reached(CompletionTask task, List<Verdict> found);
    }

    /**
     * Wraps a model.
     *
     * @param model the model, to be closed by the caller afterwards
     * @param threads worker threads, 1 or more; verdicts do not depend on it
     * @throws IllegalArgumentException if the number of threads is below 1
     */
    public VerdictPass(TargetModel model, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + "; it must be 1 or more");
        }
        this.model = model;
        this.threads = threads;
        this.elsewhere = Optional.empty();
    }

    private VerdictPass(TargetModel model, int threads, Elsewhere elsewhere) {
        this.model = model;
        this.threads = threads;
        this.elsewhere = Optional.of(elsewhere);
    }

    /**
     * Lets a runner compute the rounds of {@link #run}, a round a piece. It runs rounds ahead and drops those that the rule turns
     * out not to need; verdicts and segments are the same.
     *
     * @param runner the runner, to be closed by the caller
     * @param found finds the same model in the process that computes a round
     * @return a copy with it
     */
    public VerdictPass on(PieceRunner runner, Resource<TargetModel> found) {
        return new VerdictPass(model, threads, new Elsewhere(runner, found));
    }

    /**
     * Wants so many verdicts of each outcome; of a task without targets one round.
     *
     * @param perOutcome n, correct and incorrect each
     * @return the rule
     */
    public static Enough balanced(int perOutcome) {
        return (task, found) -> {
            if (!task.hasTarget()) {
                return !found.isEmpty();
            }
            long correct = found.stream().filter(Verdict::correct).count();
            return Math.min(correct, found.size() - correct) >= perOutcome;
        };
    }

    /**
     * Runs prompts in rounds.
     *
     * @param candidates prompts by task, each in the order in which they are to be tried
     * @param enough when a task has enough verdicts
     * @param segments where verdicts go, one segment for each round; those there already are taken over
     * @param progress told the number of prompts done, those taken over included
     * @return the verdicts by task, in the order of its prompts
     * @throws IllegalArgumentException if the segments hold verdicts of other prompts
     * @throws java.io.UncheckedIOException if the disk refuses; the rounds before remain
     */
    public Map<CompletionTask, List<Verdict>> run(
            Map<CompletionTask, List<Prompt>> candidates, Enough enough, Segments segments, LongConsumer progress) {
        List<Verdict> known = RunTables.verdicts(segments);
        int next = 0;
        Map<CompletionTask, List<Verdict>> all = new EnumMap<>(CompletionTask.class);
        Map<CompletionTask, List<Prompt>> ordered = new EnumMap<>(candidates);
        try (Rounds rounds = rounds(ordered)) {
            for (Map.Entry<CompletionTask, List<Prompt>> each : ordered.entrySet()) {
                List<Prompt> prompts = each.getValue();
                List<Verdict> found = new ArrayList<>();
                while (found.size() < prompts.size()
                        && !enough.reached(each.getKey(), Collections.unmodifiableList(found))) {
                    List<Prompt> round = prompts.subList(found.size(), Math.min(prompts.size(), found.size() + ROUND));
                    List<Verdict> verdicts;
                    if (next < known.size()) {
                        verdicts = known.subList(next, Math.min(known.size(), next + round.size()));
                        next += verdicts.size();
                        checkSame(round, verdicts);
                    } else {
                        verdicts = rounds.next(each.getKey(), found.size(), round);
                        checkSame(round, verdicts);
                        LOG.debug("{} scenarios computed", round.size());
                        segments.append(
                                Map.of(RunTables.VERDICTS, RunTables.verdictLines(verdicts)),
                                Map.of("task", each.getKey().wireName(), "verdicts", verdicts.size()));
                    }
                    found.addAll(verdicts);
                    progress.accept(verdicts.size());
                }
                all.put(each.getKey(), List.copyOf(found));
            }
        }
        return Collections.unmodifiableMap(all);
    }

    /** Gives the verdicts of one round after the other. */
    interface Rounds extends AutoCloseable {
        List<Verdict> next(CompletionTask task, int from, List<Prompt> round);

        @Override
        void close();
    }

    private Rounds rounds(Map<CompletionTask, List<Prompt>> candidates) {
        if (elsewhere.isPresent()) {
            return new RoundsAhead(elsewhere.get().runner(), elsewhere.get().model(), candidates);
        }
        Workers workers = new Workers("apmae-record", threads);
        return new Rounds() {
            @Override
            public List<Verdict> next(CompletionTask task, int from, List<Prompt> round) {
                return predict(workers, round, HeadIntervention.none());
            }

            @Override
            public void close() {
                workers.close();
            }
        };
    }

    /** One round as {@link #run} computes it. */
    List<Verdict> compute(List<Prompt> round) {
        return predict(round, HeadIntervention.none());
    }

    private static void checkSame(List<Prompt> round, List<Verdict> verdicts) {
        for (int i = 0; i < round.size(); i++) {
            String wanted = round.get(i).scenarioId();
            if (i >= verdicts.size() || !verdicts.get(i).scenarioId().equals(wanted)) {
                throw new IllegalArgumentException("the segments hold "
                        + (i < verdicts.size() ? "scenario " + verdicts.get(i).scenarioId() : "nothing")
                        + " where scenario " + wanted + " is due; begin the stage with another key");
            }
        }
    }

    /**
     * Runs prompts with heads changed, and keeps nothing on the disk.
     *
     * @param prompts the prompts
     * @param intervention what to change
     * @return one verdict for each prompt, in order
     * @throws IllegalArgumentException if the intervention names a head that the model lacks
     */
    public List<Verdict> predict(List<Prompt> prompts, HeadIntervention intervention) {
        try (Workers workers = new Workers("apmae-record", threads)) {
            return predict(workers, prompts, intervention);
        }
    }

    private List<Verdict> predict(Workers workers, List<Prompt> prompts, HeadIntervention intervention) {
        List<Future<List<Verdict>>> futures = new ArrayList<>();
        for (int from = 0; from < prompts.size(); from += BATCH) {
            List<Prompt> batch = List.copyOf(prompts.subList(from, Math.min(prompts.size(), from + BATCH)));
            futures.add(workers.submit(() -> verdicts(batch, intervention)));
        }
        return futures.stream().map(Workers::result).flatMap(List::stream).toList();
    }

    private List<Verdict> verdicts(List<Prompt> batch, HeadIntervention intervention) {
        List<Verdict> found = new ArrayList<>();
        try (HookedRecorder recorder = new HookedRecorder(model, BATCH)) {
            recorder.record(
                    batch.stream(),
                    HeadSelection.of(List.of()),
                    intervention,
                    AttentionSink.of(patterns -> {}, found::addAll));
        }
        return found;
    }

    /**
     * Measures a few prompts.
     *
     * @param few prompts to measure with, at least one; at most 8 are run
     * @param most the most prompts that may have to be run
     * @return the estimate
     * @throws IllegalArgumentException if there is no prompt
     */
    public RecordingEstimate estimate(List<Prompt> few, long most) {
        if (few.isEmpty()) {
            throw new IllegalArgumentException("there is no prompt to measure with; mine some first");
        }
        List<Prompt> measured = few.subList(0, Math.min(few.size(), MEASURED));
        verdicts(measured.subList(0, 1), HeadIntervention.none()); // warm up
        long started = System.nanoTime();
        verdicts(measured, HeadIntervention.none());
        double each = (System.nanoTime() - started) / 1e9 / measured.size();
        return new RecordingEstimate(most, 0, most * each / threads, ProcessMemory.resident(), most * BYTES_OF_A_LINE);
    }
}
