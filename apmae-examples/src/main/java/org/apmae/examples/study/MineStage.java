package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apmae.core.model.Prompt;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.mining.Corpora;
import org.apmae.mining.Corpus;
import org.apmae.mining.CorpusMiner;
import org.apmae.mining.JavaParserMiner;
import org.apmae.mining.MiningSummary;
import org.apmae.mining.ScenarioSampler;
import org.apmae.models.recording.PromptFactory;

/** Stage 1: scenarios and their prompts. */
final class MineStage {
    /** Enough candidates of a file that sampling spreads over the whole file, few enough to stay quick. */
    private static final int PER_FILE = 40;

    private MineStage() {}

    private record Made(Optional<Prompt> prompt, List<Rejection> rejections) {}

    static void run(Study study) {
        StudyOptions options = study.options();
        Corpus corpus = Corpora.open(options.sources());
        // a model that cannot be used is to be known before minutes of mining
        PromptFactory factory = new PromptFactory(study.model().tokenizer(), options.window(), options.seedOf("noise"));
        List<Scenario> all = new ArrayList<>();
        List<Rejection> rejections = new ArrayList<>();
        MiningSummary summary;
        try (Progress.Stage progress =
                study.progress().start("mining", corpus.files().count(), "files")) {
            summary = new CorpusMiner(new JavaParserMiner(), study.threads())
                    .mine(
                            corpus,
                            new MiningOptions(options.tasks(), PER_FILE, options.seedOf("mine")),
                            all::add,
                            rejections::add,
                            done -> progress.step(1));
        }
        Map<CompletionTask, List<Scenario>> byTask = new EnumMap<>(CompletionTask.class);
        for (Scenario scenario : ScenarioSampler.sample(all, Integer.MAX_VALUE, options.seedOf("sample"))) {
            byTask.computeIfAbsent(scenario.task(), task -> new ArrayList<>()).add(scenario);
        }
        List<ScenarioRow> rows = new ArrayList<>();
        Map<CompletionTask, Map<String, Integer>> dropped = new EnumMap<>(CompletionTask.class);
        try (Progress.Stage progress =
                study.progress().start("prompts", (long) options.tasks().size() * options.pool(), "prompts")) {
            for (CompletionTask task : options.tasks()) {
                rows.addAll(prompts(
                        study,
                        factory,
                        byTask.getOrDefault(task, List.of()),
                        progress,
                        rejections,
                        dropped.computeIfAbsent(task, t -> new TreeMap<>())));
            }
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(options.sources() + " has no scenario that fills a window of "
                    + options.window() + " tokens (" + summary.files() + " files, "
                    + summary.rejections().getOrDefault("does_not_parse", 0L)
                    + " do not parse); give larger or sounder Java sources");
        }
        try (StageWriter writer = study.run().begin(Stage.MINE)) {
            writer.json(StudyOptions.FILE, options.toJson());
            RunTables.writeScenarios(writer, rows);
            RunTables.writeRejections(writer, rejections);
            writer.metrics(metrics(options, summary, byTask, rows, dropped));
            writer.commit(study.provenance()
                    .withFact("corpus", corpus.name())
                    .withFact("corpus_sha256", corpus.sha256())
                    .withFact("fim_ids", study.model().tokenizer().fimTokens().toString()));
        }
    }

    private static List<ScenarioRow> prompts(
            Study study,
            PromptFactory factory,
            List<Scenario> candidates,
            Progress.Stage progress,
            List<Rejection> rejections,
            Map<String, Integer> dropped) {
        int pool = study.options().pool();
        List<ScenarioRow> rows = new ArrayList<>();
        for (int from = 0; from < candidates.size() && rows.size() < pool; from += 64) {
            List<Scenario> chunk = candidates.subList(from, Math.min(candidates.size(), from + 64));
            List<Callable<Made>> tasks = new ArrayList<>();
            for (Scenario scenario : chunk) {
                tasks.add(() -> {
                    List<Rejection> own = new ArrayList<>();
                    return new Made(factory.prompt(scenario, own::add), own);
                });
            }
            List<Made> made = study.parallel(tasks);
            for (int i = 0; i < chunk.size() && rows.size() < pool; i++) {
                Made one = made.get(i);
                rejections.addAll(one.rejections());
                one.rejections().forEach(rejection -> dropped.merge(rejection.reason(), 1, Integer::sum));
                if (one.prompt().isPresent()) {
                    rows.add(ScenarioRow.of(chunk.get(i), one.prompt().get()));
                    progress.step(1);
                }
            }
        }
        return rows;
    }

    private static Map<String, Object> metrics(
            StudyOptions options,
            MiningSummary summary,
            Map<CompletionTask, List<Scenario>> byTask,
            List<ScenarioRow> rows,
            Map<CompletionTask, Map<String, Integer>> dropped) {
        Map<CompletionTask, Integer> kept = new EnumMap<>(CompletionTask.class);
        rows.forEach(row -> kept.merge(row.task(), 1, Integer::sum));
        Map<String, Object> tasks = new LinkedHashMap<>();
        for (CompletionTask task : options.tasks()) {
            Map<String, Object> one = new HashMap<>();
            one.put("candidates", byTask.getOrDefault(task, List.of()).size());
            one.put("prompts", kept.getOrDefault(task, 0));
            one.put("rejected", dropped.getOrDefault(task, Map.of()));
            tasks.put(task.wireName(), one);
        }
        Map<String, Object> metrics = new HashMap<>();
        metrics.put("files", summary.files());
        metrics.put("characters", summary.characters());
        metrics.put("rejected_files", summary.rejections());
        metrics.put("scenarios", rows.size());
        metrics.put("tasks", tasks);
        return metrics;
    }
}
