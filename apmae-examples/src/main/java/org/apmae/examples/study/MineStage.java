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
import org.apmae.mining.Deduplication;
import org.apmae.mining.JavaParserMiner;
import org.apmae.mining.MiningSummary;
import org.apmae.mining.ScenarioSampler;
import org.apmae.models.recording.PromptFactory;

/** Stage 1: scenarios and their prompts. */
final class MineStage {
    /** Enough candidates of a file that sampling spreads over the whole file, few enough to stay quick. */
    private static final int PER_FILE = 40;

    /** Candidates kept for each prompt wanted: the rest of them cannot fill a window. */
    private static final int SPARE = 3;

    /** Rejections written with their reason in words, for each reason; all are counted. */
    private static final int MOST_DETAILS = 10_000;

    private MineStage() {}

    private record Made(Optional<Prompt> prompt, boolean contextMatters, List<Rejection> rejections) {}

    /** What was left out, the first of each reason with its details: memory must not grow with the corpus. */
    private static final class Rejected {
        private final List<Rejection> details = new ArrayList<>();
        private final Map<String, Integer> seen = new HashMap<>();

        void add(Rejection rejection) {
            if (seen.merge(rejection.reason(), 1, Integer::sum) <= MOST_DETAILS) {
                details.add(rejection);
            }
        }
    }

    /** What became of the candidates of a task. */
    private static final class Outcome {
        private final Map<String, Integer> dropped = new TreeMap<>();
        private int contextMatters;
    }

    static void run(Study study) {
        StudyOptions options = study.options();
        Corpus corpus = corpus(options);
        // a model that cannot be used is to be known before minutes of mining
        PromptFactory factory = new PromptFactory(
                study.model().tokenizer(),
                options.window(),
                options.seedOf("noise"),
                options.mining().policy());
        ScenarioSampler sampler = new ScenarioSampler(
                (int) Math.min(Integer.MAX_VALUE, (long) SPARE * options.pool().largest()),
                options.seedOf("sample"),
                options.mining().spread());
        Rejected rejected = new Rejected();
        MiningSummary summary;
        try (Progress.Stage progress = study.progress().start("mining", -1, "files")) {
            MiningOptions wanted = new MiningOptions(options.tasks(), PER_FILE, options.seedOf("mine"));
            if (study.runner().sharesMemory()) {
                summary = new CorpusMiner(new JavaParserMiner(), study.threads())
                        .mine(corpus, wanted, sampler, rejected::add, done -> progress.step(1));
            } else {
                MiningAhead ahead = new MiningAhead(corpus, wanted, study.runner());
                summary = new CorpusMiner(ahead.miner(), 1)
                        .mine(ahead.corpus(), wanted, sampler, rejected::add, done -> progress.step(1));
            }
        }
        Map<CompletionTask, List<Scenario>> byTask = new EnumMap<>(CompletionTask.class);
        for (Scenario scenario : sampler.drawn()) {
            byTask.computeIfAbsent(scenario.task(), task -> new ArrayList<>()).add(scenario);
        }
        List<ScenarioRow> rows = new ArrayList<>();
        Map<CompletionTask, Outcome> outcomes = new EnumMap<>(CompletionTask.class);
        try (Progress.Stage progress = study.progress()
                .start(
                        "prompts",
                        options.tasks().stream().mapToLong(options.pool()::of).sum(),
                        "prompts")) {
            for (CompletionTask task : options.tasks()) {
                rows.addAll(prompts(
                        study,
                        factory,
                        options.pool().of(task),
                        byTask.getOrDefault(task, List.of()),
                        progress,
                        rejected,
                        outcomes.computeIfAbsent(task, t -> new Outcome())));
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
            RunTables.writeRejections(writer, rejected.details);
            writer.metrics(metrics(options, summary, rows, outcomes));
            writer.commit(study.provenance()
                    .withFact("corpus", corpus.name())
                    .withFact("corpus_sha256", summary.corpusSha256())
                    .withFact("fim_ids", study.model().tokenizer().fimTokens().toString()));
        }
    }

    private static Corpus corpus(StudyOptions options) {
        StudyOptions.Mining mining = options.mining();
        Corpus corpus = Corpora.open(options.sources(), mining.flagged());
        if (mining.duplicates().equals("none") && mining.against().isEmpty()) {
            return corpus;
        }
        List<Corpus> references = mining.against().stream()
                .map(location -> Corpora.open(location, Corpora.Flagged.KEEP))
                .toList();
        boolean exact = mining.duplicates().equals("exact");
        return Deduplication.filtered(corpus, exact ? Deduplication.Kind.EXACT : Deduplication.Kind.NEAR, references);
    }

    private static List<ScenarioRow> prompts(
            Study study,
            PromptFactory factory,
            int pool,
            List<Scenario> candidates,
            Progress.Stage progress,
            Rejected rejected,
            Outcome outcome) {
        List<ScenarioRow> rows = new ArrayList<>();
        for (int from = 0; from < candidates.size() && rows.size() < pool; from += 64) {
            List<Scenario> chunk = candidates.subList(from, Math.min(candidates.size(), from + 64));
            List<Callable<Made>> tasks = new ArrayList<>();
            for (Scenario scenario : chunk) {
                tasks.add(() -> {
                    List<Rejection> own = new ArrayList<>();
                    Optional<Prompt> prompt = factory.prompt(scenario, own::add);
                    return new Made(prompt, prompt.isPresent() && factory.contextChangesFirstToken(scenario), own);
                });
            }
            List<Made> made = study.parallel(tasks);
            for (int i = 0; i < chunk.size() && rows.size() < pool; i++) {
                Made one = made.get(i);
                one.rejections().forEach(rejected::add);
                one.rejections().forEach(rejection -> outcome.dropped.merge(rejection.reason(), 1, Integer::sum));
                if (one.prompt().isPresent()) {
                    outcome.contextMatters += one.contextMatters() ? 1 : 0;
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
            List<ScenarioRow> rows,
            Map<CompletionTask, Outcome> outcomes) {
        Map<CompletionTask, Integer> kept = new EnumMap<>(CompletionTask.class);
        rows.forEach(row -> kept.merge(row.task(), 1, Integer::sum));
        Map<String, Object> tasks = new LinkedHashMap<>();
        for (CompletionTask task : options.tasks()) {
            Map<String, Object> one = new HashMap<>();
            Outcome outcome = outcomes.getOrDefault(task, new Outcome());
            one.put("candidates", summary.scenarios().getOrDefault(task, 0L));
            one.put("prompts", kept.getOrDefault(task, 0));
            one.put("rejected", outcome.dropped);
            one.put("context_changes_first_token", outcome.contextMatters);
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
