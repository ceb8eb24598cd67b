package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apmae.core.progress.Progress;
import org.apmae.examples.console.CommonOptions;
import org.apmae.models.generation.GenerationOptions;
import org.apmae.models.generation.StepHooks;
import org.apmae.models.generation.TokenGenerator;
import org.apmae.models.live.FittedBundle;
import org.apmae.models.live.GuardedGenerator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Generates completions of test scenarios with and without a guard, and says what the guard costs and buys. */
@Command(
        name = "guard",
        mixinStandardHelpOptions = true,
        description =
                "Completes test scenarios of a run, abstains below a threshold, and compares with plain generation.")
final class GuardCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--run", paramLabel = "DIR", description = "Run folder (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("apmae-run");

    @Option(names = "--bundle", paramLabel = "DIR", description = "Bundle of that run (default: ${DEFAULT-VALUE}).")
    private Path bundle = Path.of("apmae-bundle");

    @Option(
            names = "--threshold",
            description = "Probability of a right first token from which on a completion is given (default:"
                    + " ${DEFAULT-VALUE}).")
    private double threshold = 0.6;

    @Option(names = "--new-tokens", description = "Tokens of a completion (default: ${DEFAULT-VALUE}).")
    private int newTokens = 8;

    @Option(names = "--scenarios", description = "Test scenarios to complete (default: ${DEFAULT-VALUE}).")
    private int count = 40;

    @Option(names = "--seed", description = "Seed of the choice of scenarios (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Override
    public Integer call() {
        Map<String, Object> result = Studies.with(folder, common.progress(), common.threads(), this::compare);
        if (common.json()) {
            CommonOptions.print(result);
        } else {
            result.forEach((name, value) -> System.out.println(
                    name + ": " + (value instanceof Double number ? Figures.fixed(number, 3) : value)));
        }
        return 0;
    }

    private Map<String, Object> compare(Study study) {
        List<Selected> scenarios = new ArrayList<>(Selected.read(study.run()));
        scenarios.removeIf(one -> one.side() != RecordStage.Side.TEST);
        Collections.shuffle(scenarios, new Random(seed));
        scenarios = scenarios.subList(0, Math.min(count, scenarios.size()));
        if (scenarios.isEmpty()) {
            throw new IllegalArgumentException(
                    "there is no test scenario to complete; give --scenarios 1 or more and a run that has some");
        }
        GenerationOptions options = GenerationOptions.greedy(newTokens);
        TokenGenerator plain = new TokenGenerator(study.model());
        try (FittedBundle opened = FittedBundle.open(bundle, study.model());
                Progress.Stage progress =
                        study.progress().start("guarded generation", scenarios.size(), "completions")) {
            GuardedGenerator guarded = new GuardedGenerator(study.model(), opened, threshold);
            int[] first = scenarios.get(0).row().prompt().ids();
            plain.generate(first, options, StepHooks.none()); // warm up
            guarded.generate(first, options);
            long plainTime = 0;
            long guardedTime = 0;
            long guardTime = 0;
            int right = 0;
            int answered = 0;
            int answeredRight = 0;
            for (Selected one : scenarios) {
                int[] prompt = one.row().prompt().ids();
                long started = System.nanoTime();
                int[] completion = plain.generate(prompt, options, StepHooks.none());
                plainTime += System.nanoTime() - started;
                started = System.nanoTime();
                boolean given = guarded.generate(prompt, options).ids().isPresent();
                guardedTime += System.nanoTime() - started;
                started = System.nanoTime();
                opened.probabilityCorrect(prompt);
                guardTime += System.nanoTime() - started;
                boolean correct = completion[0] == one.row().targetToken();
                right += correct ? 1 : 0;
                answered += given ? 1 : 0;
                answeredRight += given && correct ? 1 : 0;
                progress.step(1);
            }
            int all = scenarios.size();
            Map<String, Object> result = new TreeMap<>();
            result.put("scenarios", all);
            result.put("threshold", threshold);
            result.put("answered", answered);
            result.put("accuracy_plain", (double) right / all);
            result.put("accuracy_answered", answered == 0 ? Double.NaN : (double) answeredRight / answered);
            result.put("plain_ms", plainTime / 1e6 / all);
            result.put("guarded_ms", guardedTime / 1e6 / all);
            result.put("guard_ms", guardTime / 1e6 / all);
            result.put("guard_cost_over_plain", (double) guardTime / plainTime);
            result.put("guarded_time_over_plain", (double) guardedTime / plainTime);
            return result;
        }
    }
}
