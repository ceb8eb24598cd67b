package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.GroupedSplit;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.pipeline.RecordingEstimate;
import org.apmae.models.pipeline.VerdictPass;

/** Stage 2, first half: what the model predicts, a balanced selection by outcome, and the split by source file. */
final class RecordStage {
    static final String SELECTION = "selection.jsonl";
    private static final String SPLIT = "split.jsonl";

    private RecordStage() {}

    /** Which part of the split a selected scenario belongs to. */
    enum Side {
        TRAIN,
        VALIDATION,
        TEST
    }

    static void run(Study study) {
        study.run().require(Stage.MINE);
        StudyOptions options = study.options();
        Map<CompletionTask, List<ScenarioRow>> byTask = byTask(study.run());
        Map<String, Side> sides = split(
                byTask.values().stream().flatMap(List::stream).toList(),
                options.mining().splitByProject(),
                options.seedOf("split"));
        Map<CompletionTask, List<Prompt>> candidates = prompts(byTask);
        long most = byTask.values().stream().mapToLong(List::size).sum();
        boolean here = study.runner().sharesMemory();
        VerdictPass local = new VerdictPass(study.model(), study.threads());
        VerdictPass pass = here ? local : local.on(study.runner(), study.targetForPieces());
        Provenance provenance = study.provenance();
        String key = provenance + ", " + options.toJson() + ", " + VerdictPass.ROUND;
        try (StageWriter writer = study.run().resume(Stage.RECORD, key)) {
            if (here) {
                RecordingEstimate estimate = pass.estimate(first(candidates), most);
                study.tell("at most " + estimate);
                estimate.requireRoom(study.run().path());
            }
            Map<CompletionTask, List<Verdict>> found;
            try (Progress.Stage progress = study.progress().start("recording verdicts", most, "prompts")) {
                found = pass.run(candidates, enough(options, byTask, sides), writer.segments(), progress::step);
            }
            List<ScenarioRow> run = new ArrayList<>();
            Map<String, Verdict> verdicts = new LinkedHashMap<>();
            found.forEach((task, list) -> {
                run.addAll(byTask.get(task).subList(0, list.size()));
                list.forEach(verdict -> verdicts.put(verdict.scenarioId(), verdict));
            });
            List<ScenarioRow> selected = select(run, verdicts, options.perOutcome());
            if (selected.isEmpty()) {
                throw new IllegalStateException("of " + run.size() + " scenarios no task has both correct and incorrect"
                        + " ones, so nothing can be balanced; mine more with --pool or use another model");
            }
            writer.lines(
                    SPLIT,
                    new TreeMap<>(sides).entrySet().stream().map(entry -> sideRow(entry.getKey(), entry.getValue())));
            writer.lines(SELECTION, selected.stream().map(row -> Map.of("id", row.id())));
            writer.metrics(metrics(options, run, verdicts, selected, sides));
            writer.commit(provenance);
        }
    }

    private static Map<String, String> sideRow(String file, Side side) {
        int end = file.indexOf('\n');
        return Map.of("corpus", file.substring(0, end), "path", file.substring(end + 1), "side", side.name());
    }

    /** Measures a few prompts and writes nothing. */
    static RecordingEstimate estimate(Study study) {
        study.run().require(Stage.MINE);
        Map<CompletionTask, List<Prompt>> candidates = prompts(byTask(study.run()));
        long most = candidates.values().stream().mapToLong(List::size).sum();
        return new VerdictPass(study.model(), study.threads()).estimate(first(candidates), most);
    }

    private static Map<CompletionTask, List<ScenarioRow>> byTask(RunFolder run) {
        Map<CompletionTask, List<ScenarioRow>> byTask = new EnumMap<>(CompletionTask.class);
        for (ScenarioRow row : RunTables.scenarios(run)) {
            byTask.computeIfAbsent(row.task(), task -> new ArrayList<>()).add(row);
        }
        return byTask;
    }

    private static Map<CompletionTask, List<Prompt>> prompts(Map<CompletionTask, List<ScenarioRow>> byTask) {
        Map<CompletionTask, List<Prompt>> prompts = new EnumMap<>(CompletionTask.class);
        byTask.forEach((task, rows) ->
                prompts.put(task, rows.stream().map(ScenarioRow::prompt).toList()));
        return prompts;
    }

    private static List<Prompt> first(Map<CompletionTask, List<Prompt>> candidates) {
        return candidates.values().iterator().next();
    }

    /** Both outcomes in the number wanted, and enough correct random scenarios in training files for the AP-MAE. */
    private static VerdictPass.Enough enough(
            StudyOptions options, Map<CompletionTask, List<ScenarioRow>> byTask, Map<String, Side> sides) {
        VerdictPass.Enough balanced = VerdictPass.balanced(options.perOutcome());
        return (task, found) -> {
            if (task != CompletionTask.RANDOM) {
                return balanced.reached(task, found);
            }
            int toTrain = 0;
            for (int i = 0; i < found.size(); i++) {
                boolean train = sides.get(file(byTask.get(task).get(i))) == Side.TRAIN;
                toTrain += found.get(i).correct() && train ? 1 : 0;
            }
            return toTrain >= options.training().scenarios() && balanced.reached(task, found);
        };
    }

    private static List<ScenarioRow> select(List<ScenarioRow> run, Map<String, Verdict> verdicts, int perOutcome) {
        Map<CompletionTask, List<List<ScenarioRow>>> outcomes = new EnumMap<>(CompletionTask.class);
        for (ScenarioRow row : run) {
            if (row.task().hasTarget()) {
                outcomes.computeIfAbsent(row.task(), task -> List.of(new ArrayList<>(), new ArrayList<>()))
                        .get(verdict(verdicts, row).correct() ? 1 : 0)
                        .add(row);
            }
        }
        List<ScenarioRow> selected = new ArrayList<>();
        outcomes.forEach((task, both) -> {
            int count = Math.min(
                    perOutcome, Math.min(both.get(0).size(), both.get(1).size()));
            selected.addAll(both.get(0).subList(0, count));
            selected.addAll(both.get(1).subList(0, count));
        });
        return selected;
    }

    static Verdict verdict(Map<String, Verdict> verdicts, ScenarioRow row) {
        Verdict verdict = verdicts.get(row.id());
        if (verdict == null) {
            throw new IllegalStateException(
                    "scenario " + row.id() + " has no verdict in the run folder; run apmae record again");
        }
        return verdict;
    }

    /** A source file among those of all projects. */
    static String file(ScenarioRow row) {
        return row.corpus() + '\n' + row.path();
    }

    private static Map<String, Side> split(List<ScenarioRow> rows, boolean byProject, long seed) {
        List<String> groups =
                rows.stream().map(row -> byProject ? row.corpus() : row.path()).toList();
        GroupedSplit split = GroupedSplit.of(groups, 0.55, 0.15, 0.30, seed);
        Map<String, Side> sides = new HashMap<>();
        for (int row : split.train()) {
            sides.put(file(rows.get(row)), Side.TRAIN);
        }
        for (int row : split.validation()) {
            sides.put(file(rows.get(row)), Side.VALIDATION);
        }
        for (int row : split.test()) {
            sides.put(file(rows.get(row)), Side.TEST);
        }
        return sides;
    }

    /** The side of every source file that has a scenario. */
    static Map<String, Side> sides(RunFolder run) {
        Map<String, Side> sides = new HashMap<>();
        run.lines(Stage.RECORD, SPLIT, json -> json)
                .forEach(json -> sides.put(
                        json.get("corpus") + "\n" + json.get("path"), Side.valueOf((String) json.get("side"))));
        return sides;
    }

    private static Map<String, Object> metrics(
            StudyOptions options,
            List<ScenarioRow> run,
            Map<String, Verdict> verdicts,
            List<ScenarioRow> selected,
            Map<String, Side> sides) {
        Map<String, Object> tasks = new LinkedHashMap<>();
        for (CompletionTask task : options.tasks()) {
            List<ScenarioRow> rows =
                    run.stream().filter(row -> row.task() == task).toList();
            if (rows.isEmpty() || !task.hasTarget()) {
                continue;
            }
            // the first round alone has a fixed size: the stopping rule cannot bias its accuracy
            List<ScenarioRow> first = rows.subList(0, Math.min(rows.size(), VerdictPass.ROUND));
            boolean[] hits = new boolean[first.size()];
            for (int i = 0; i < hits.length; i++) {
                hits[i] = verdict(verdicts, first.get(i)).correct();
            }
            Map<String, Object> one = new HashMap<>();
            one.put("run", rows.size());
            one.put("sampled", hits.length);
            one.put(
                    "accuracy",
                    Figures.interval(BinaryMetrics.share(
                            hits, first.stream().map(ScenarioRow::path).toList(), options.seedOf("accuracy"))));
            one.put(
                    "selected",
                    selected.stream().filter(row -> row.task() == task).count());
            tasks.put(task.wireName(), one);
        }
        Map<String, Object> split = new HashMap<>();
        for (Side side : Side.values()) {
            Map<String, Object> one = new HashMap<>();
            one.put(
                    "scenarios",
                    selected.stream()
                            .filter(row -> sides.get(file(row)) == side)
                            .count());
            one.put("files", sides.values().stream().filter(s -> s == side).count());
            split.put(side.name().toLowerCase(Locale.ROOT), one);
        }
        Map<String, Object> metrics = new HashMap<>();
        metrics.put("tasks", tasks);
        metrics.put("run", run.size());
        metrics.put("selected", selected.size());
        metrics.put("split", split);
        return metrics;
    }
}
