package org.apmae.models.pipeline;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.Resource;
import org.apmae.models.target.TargetModel;

/**
 * Computes rounds of prompts elsewhere, ahead of the rule that says when a task has enough: rounds that turn out not to be needed
 * are dropped, and the caller sees the same rounds in the same order as if none had run ahead.
 */
final class RoundsAhead implements VerdictPass.Rounds {
    private final PieceRunner runner;
    private final Resource<TargetModel> model;
    private final Upcoming upcoming;
    private PieceResults<Done> results;

    /** The prompts of one round, from the task's prompt number {@code from} on. */
    private record Round(CompletionTask task, int from, List<Prompt> prompts) implements Serializable {}

    private record Done(CompletionTask task, int from, List<Verdict> verdicts) implements Serializable {}

    RoundsAhead(PieceRunner runner, Resource<TargetModel> model, Map<CompletionTask, List<Prompt>> candidates) {
        this.runner = runner;
        this.model = model;
        this.upcoming = new Upcoming(candidates);
    }

    /** The verdicts of a round; rounds are asked for in ascending order, and what lies between is not needed. */
    @Override
    public List<Verdict> next(CompletionTask task, int from, List<Prompt> prompts) {
        upcoming.skipTo(task, from);
        if (results == null) {
            Resource<TargetModel> source = model;
            results = runner.map(
                    upcoming,
                    round -> new Done(
                            round.task(),
                            round.from(),
                            List.copyOf(new VerdictPass(source.get(), 1).compute(round.prompts()))));
        }
        while (true) {
            Done done = results.next();
            if (done.task() == task && done.from() == from) {
                return done.verdicts();
            }
        }
    }

    @Override
    public void close() {
        if (results != null) {
            results.close();
        }
    }

    /** All rounds of all tasks, but for those of tasks that the caller has left behind. */
    private static final class Upcoming implements Iterator<Round> {
        private final Map<CompletionTask, List<Prompt>> candidates;
        private final Iterator<CompletionTask> tasks;
        private CompletionTask task;
        private int from;

        Upcoming(Map<CompletionTask, List<Prompt>> candidates) {
            this.candidates = candidates;
            this.tasks = candidates.keySet().iterator();
            this.task = tasks.hasNext() ? tasks.next() : null;
        }

        void skipTo(CompletionTask wanted, int first) {
            while (task != null && task.compareTo(wanted) < 0) {
                advance();
            }
            if (task == wanted) {
                from = Math.max(from, first);
            }
        }

        private void advance() {
            task = tasks.hasNext() ? tasks.next() : null;
            from = 0;
        }

        @Override
        public boolean hasNext() {
            while (task != null && from >= candidates.get(task).size()) {
                advance();
            }
            return task != null;
        }

        @Override
        public Round next() {
            if (!hasNext()) {
                throw new NoSuchElementException("there is no further round");
            }
            List<Prompt> all = candidates.get(task);
            int to = Math.min(all.size(), from + VerdictPass.ROUND);
            Round round = new Round(task, from, List.copyOf(all.subList(from, to)));
            from = to;
            return round;
        }
    }
}
