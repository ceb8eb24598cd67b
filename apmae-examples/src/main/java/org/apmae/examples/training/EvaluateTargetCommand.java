package org.apmae.examples.training;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.Interval;
import org.apmae.core.progress.Progress;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import org.apmae.mining.JavaParserMiner;
import org.apmae.mining.ScenarioSampler;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.recording.PromptFactory;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** First-token accuracy of a target model by task on artifacts it was not trained on, beside a back-off 5-gram model. */
@Command(
        name = "evaluate-target",
        mixinStandardHelpOptions = true,
        description = "First-token accuracy of a target model on the evaluation artifacts, beside a 5-gram model.")
public final class EvaluateTargetCommand implements Callable<Integer> {
    private static final int WINDOW = 256;
    private static final int BATCH = 8;

    @Mixin
    private CommonOptions common;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder (default: the embedded model).")
    private Path model;

    @Option(names = "--repository", description = "Local Maven repository that holds the sources jars.")
    private Path repository = Path.of(System.getProperty("user.home"), ".m2", "repository");

    @Option(names = "--scenarios", description = "Scenarios for each task (default: ${DEFAULT-VALUE}).")
    private int scenarios = 300;

    @Option(names = "--seed", description = "Seed of the sample (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    private record Outcome(Scenario scenario, boolean model, boolean baseline) {}

    /** Makes the command with its defaults. */
    public EvaluateTargetCommand() {}

    @Override
    public Integer call() {
        try (TargetModel target = model == null ? TargetModels.embedded() : TargetModels.load(model)) {
            NGramModel baseline = baseline(target.tokenizer());
            Map<CompletionTask, List<Outcome>> outcomes = evaluate(target, baseline);
            Map<String, Object> tasks = new LinkedHashMap<>();
            List<List<String>> rows = new ArrayList<>();
            outcomes.forEach((task, list) -> {
                Interval ours = share(list, true);
                Interval theirs = share(list, false);
                tasks.put(
                        task.wireName(),
                        Map.of("scenarios", list.size(), "model", json(ours), "five_gram", json(theirs)));
                rows.add(List.of(task.wireName(), String.valueOf(list.size()), shown(ours), shown(theirs)));
            });
            if (common.json()) {
                CommonOptions.print(Map.of("tasks", tasks, "weights_sha256", target.weightsSha256()));
            } else {
                Tables.print("First-token accuracy", List.of("task", "scenarios", "model", "back-off 5-gram"), rows);
            }
        }
        return 0;
    }

    private Interval share(List<Outcome> outcomes, boolean ofModel) {
        boolean[] hits = new boolean[outcomes.size()];
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < hits.length; i++) {
            hits[i] = ofModel ? outcomes.get(i).model() : outcomes.get(i).baseline();
            groups.add(outcomes.get(i).scenario().source().path());
        }
        return BinaryMetrics.share(hits, groups, seed);
    }

    private static Map<String, Object> json(Interval interval) {
        return Map.of("value", interval.value(), "low", interval.low(), "high", interval.high());
    }

    private static String shown(Interval interval) {
        return String.format(Locale.ROOT, "%.3f [%.3f, %.3f]", interval.value(), interval.low(), interval.high());
    }

    /**
     * Counts over the training files twice: as they are, and cut at lexical tokens, because the text before a gap is
     * tokenised by itself and so often ends in a token that whole files do not have there.
     */
    private NGramModel baseline(CodeTokenizer tokenizer) {
        List<SourceFile> files = TrainingCorpus.load(repository).files();
        try (Progress.Stage progress = common.progress().start("counting 5-grams", files.size(), "files")) {
            List<int[]> parts = IntStream.range(0, files.size())
                    .parallel()
                    .mapToObj(i -> {
                        int[] tokens = tokens(tokenizer, new LexedFile(files.get(i)), new Random(seed + i));
                        progress.step(1);
                        return tokens;
                    })
                    .toList();
            int[] all = new int
                    [Math.toIntExact(
                            parts.stream().mapToLong(part -> part.length).sum())];
            int next = 0;
            for (int[] part : parts) {
                System.arraycopy(part, 0, all, next, part.length);
                next += part.length;
            }
            return new NGramModel(all, tokenizer.size());
        }
    }

    private static int[] tokens(CodeTokenizer tokenizer, LexedFile file, Random random) {
        IntStream.Builder ids = IntStream.builder();
        IntStream.of(tokenizer.encode(file.text())).forEach(ids::add);
        ids.add(-1);
        int from = 0;
        for (int token = random.nextInt(8); token < file.tokens(); token += 1 + random.nextInt(16)) {
            IntStream.of(tokenizer.encode(file.text().substring(from, file.start(token))))
                    .forEach(ids::add);
            from = file.start(token);
        }
        IntStream.of(tokenizer.encode(file.text().substring(from))).forEach(ids::add);
        ids.add(-1);
        return ids.build().toArray();
    }

    private Map<CompletionTask, List<Outcome>> evaluate(TargetModel target, NGramModel baseline) {
        JavaParserMiner miner = new JavaParserMiner();
        List<Scenario> all = new ArrayList<>();
        for (SourceFile file : TrainingCorpus.read(repository, "evaluation-corpus.tsv")) {
            all.addAll(
                    miner.mine(file, new MiningOptions(miner.tasks(), 40, seed)).scenarios());
        }
        PromptFactory factory = new PromptFactory(target.tokenizer(), WINDOW, seed);
        Map<CompletionTask, List<Scenario>> chosen = new EnumMap<>(CompletionTask.class);
        Map<String, Prompt> prompts = new HashMap<>();
        for (Scenario scenario : ScenarioSampler.sample(all, 4 * scenarios, seed)) {
            List<Scenario> list = chosen.computeIfAbsent(scenario.task(), task -> new ArrayList<>());
            if (scenario.task().hasTarget() && list.size() < scenarios) {
                factory.prompt(scenario, rejection -> {}).ifPresent(prompt -> {
                    list.add(scenario);
                    prompts.put(scenario.id(), prompt);
                });
            }
        }
        chosen.values().removeIf(List::isEmpty);
        List<Scenario> order = chosen.values().stream().flatMap(List::stream).toList();
        int suffix = target.tokenizer().fimTokens().suffix();
        Map<CompletionTask, List<Outcome>> outcomes = new EnumMap<>(CompletionTask.class);
        try (Progress.Stage progress = common.progress().start("completing", order.size(), "scenarios")) {
            List<List<Verdict>> verdicts = IntStream.range(0, (order.size() + BATCH - 1) / BATCH)
                    .parallel()
                    .mapToObj(b -> {
                        List<Scenario> batch = order.subList(b * BATCH, Math.min(order.size(), (b + 1) * BATCH));
                        progress.step(batch.size());
                        return verdicts(target, batch.stream().map(s -> prompts.get(s.id())));
                    })
                    .toList();
            for (int i = 0; i < order.size(); i++) {
                Scenario scenario = order.get(i);
                Verdict verdict = verdicts.get(i / BATCH).get(i % BATCH);
                int[] ids = prompts.get(scenario.id()).ids();
                int gap = IntStream.range(0, ids.length)
                        .filter(at -> ids[at] == suffix)
                        .findFirst()
                        .orElseThrow();
                // the marker before the prefix is no text: the 5-gram model starts behind it
                int[] prefix = Arrays.copyOfRange(ids, 1, gap);
                boolean hit = baseline.predict(prefix, prefix.length) == verdict.targetToken();
                outcomes.computeIfAbsent(scenario.task(), task -> new ArrayList<>())
                        .add(new Outcome(scenario, verdict.correct(), hit));
            }
        }
        return outcomes;
    }

    private static List<Verdict> verdicts(TargetModel target, Stream<Prompt> prompts) {
        NativeRuntime.inference();
        List<Verdict> found = new ArrayList<>();
        try (HookedRecorder recorder = new HookedRecorder(target, BATCH)) {
            recorder.record(prompts, HeadSelection.of(List.of()), AttentionSink.of(batch -> {}, found::addAll));
        }
        return found;
    }
}
