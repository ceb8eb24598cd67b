package org.apmae.core.store;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.scenario.CompletionTask;

/** Which scenarios of a run are wanted: by task, by outcome, by source file. Immutable and thread-safe. */
public final class ScenarioFilter {
    private final Set<CompletionTask> tasks;
    private final Optional<Boolean> correct;
    private final Predicate<String> path;

    private ScenarioFilter(Set<CompletionTask> tasks, Optional<Boolean> correct, Predicate<String> path) {
        this.tasks = tasks;
        this.correct = correct;
        this.path = path;
    }

    /**
     * Wants every scenario that the target model was run on.
     *
     * @return the filter
     */
    public static ScenarioFilter all() {
        return new ScenarioFilter(EnumSet.allOf(CompletionTask.class), Optional.empty(), path -> true);
    }

    /**
     * Wants some tasks only.
     *
     * @param wanted the tasks, at least one
     * @return a copy with it
     * @throws IllegalArgumentException if there is no task
     */
    public ScenarioFilter withTasks(Collection<CompletionTask> wanted) {
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("no task is named; name one or more, or leave the tasks out for all");
        }
        return new ScenarioFilter(EnumSet.copyOf(wanted), correct, path);
    }

    /**
     * Wants one outcome only.
     *
     * @param wanted true for correct, false for incorrect predictions; scenarios without a target have neither
     * @return a copy with it
     */
    public ScenarioFilter withOutcome(boolean wanted) {
        return new ScenarioFilter(tasks, Optional.of(wanted), path);
    }

    /**
     * Wants some source files only.
     *
     * @param glob a pattern over the whole path within the corpus, as {@link java.nio.file.FileSystem#getPathMatcher} reads
     *     it: a star stands for anything within a folder, two stars across folders
     * @return a copy with it
     * @throws IllegalArgumentException if it is no such pattern
     */
    public ScenarioFilter withFiles(String glob) {
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
        return new ScenarioFilter(tasks, correct, name -> matcher.matches(Path.of(name)));
    }

    /**
     * Says whether a scenario is wanted.
     *
     * @param scenario the scenario
     * @return true if it passes every condition
     */
    public boolean accepts(RecordedScenario scenario) {
        ScenarioRow row = scenario.row();
        return tasks.contains(row.task())
                && (correct.isEmpty()
                        || (row.task().hasTarget() && scenario.verdict().correct() == correct.get()))
                && path.test(row.path());
    }

    /**
     * Finds the scenarios of a run.
     *
     * @param run a run folder with verdicts
     * @return the scenarios that pass, in the order of the verdicts
     * @throws org.apmae.core.run.MissingStageException if there are no verdicts yet
     * @throws java.io.UncheckedIOException if a table is missing, damaged or cannot be read
     */
    public List<RecordedScenario> find(RunFolder run) {
        Map<String, ScenarioRow> rows = new HashMap<>();
        RunTables.scenarios(run).forEach(row -> rows.put(row.id(), row));
        List<RecordedScenario> found = new ArrayList<>();
        for (Verdict verdict : RunTables.verdicts(run)) {
            ScenarioRow row = rows.get(verdict.scenarioId());
            if (row != null) {
                RecordedScenario scenario = new RecordedScenario(row, verdict);
                if (accepts(scenario)) {
                    found.add(scenario);
                }
            }
        }
        return List.copyOf(found);
    }

    /**
     * Finds the scenarios whose encodings are stored.
     *
     * @param run a run folder with verdicts
     * @param store its encodings
     * @return ids in the order of the store's rows, to be given to the store
     * @throws java.io.UncheckedIOException if a table is missing, damaged or cannot be read
     */
    public List<String> ids(RunFolder run, EncodingStore store) {
        Map<String, RecordedScenario> found = new HashMap<>();
        find(run).forEach(scenario -> found.put(scenario.row().id(), scenario));
        return store.scenarioIds().stream().filter(found::containsKey).toList();
    }
}
