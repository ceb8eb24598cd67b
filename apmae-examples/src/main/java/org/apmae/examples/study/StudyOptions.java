package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.scenario.CompletionTask;

/**
 * What decides the result of a study. Kept in the run folder, so that later stages use the same.
 *
 * @param sources folder or sources jar
 * @param model folder of the target model, or empty for the embedded one
 * @param tasks the tasks to study
 * @param perOutcome scenarios wanted for each task and outcome
 * @param pool most candidates for a task
 * @param window tokens of a prompt
 * @param trainingScenarios scenarios whose patterns train the AP-MAE
 * @param trainingSteps optimiser steps of the AP-MAE
 * @param decoder where the AP-MAE's decoder puts its mask tokens
 * @param sweepScenarios most scenarios of each outcome in the sweep
 * @param seed seed of everything
 */
record StudyOptions(
        Path sources,
        String model,
        Set<CompletionTask> tasks,
        int perOutcome,
        int pool,
        int window,
        int trainingScenarios,
        int trainingSteps,
        DecoderMode decoder,
        int sweepScenarios,
        long seed) {
    static final String FILE = "options.json";

    StudyOptions {
        if (perOutcome < 1 || pool < 1 || trainingScenarios < 1 || trainingSteps < 1 || sweepScenarios < 1) {
            throw new IllegalArgumentException("the sizes of a study must all be 1 or more, not " + perOutcome + ", "
                    + pool + ", " + trainingScenarios + ", " + trainingSteps + " and " + sweepScenarios);
        }
        EnumSet<CompletionTask> copy = EnumSet.of(CompletionTask.RANDOM);
        copy.addAll(tasks);
        tasks = Collections.unmodifiableSet(copy);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new TreeMap<>();
        json.put("sources", sources.toString());
        json.put("model", model);
        json.put("tasks", tasks.stream().map(CompletionTask::wireName).toList());
        json.put("per_outcome", perOutcome);
        json.put("pool", pool);
        json.put("window", window);
        json.put("training_scenarios", trainingScenarios);
        json.put("training_steps", trainingSteps);
        json.put("decoder", decoder.name().toLowerCase(Locale.ROOT));
        json.put("sweep_scenarios", sweepScenarios);
        json.put("seed", String.valueOf(seed));
        return json;
    }

    @SuppressWarnings("unchecked")
    static StudyOptions read(RunFolder run) {
        run.require(Stage.MINE);
        Map<String, Object> json = (Map<String, Object>) run.json(Stage.MINE, FILE);
        return new StudyOptions(
                Path.of((String) json.get("sources")),
                (String) json.get("model"),
                ((List<String>) json.get("tasks"))
                        .stream().map(CompletionTask::ofWireName).collect(Collectors.toSet()),
                integer(json, "per_outcome"),
                integer(json, "pool"),
                integer(json, "window"),
                integer(json, "training_scenarios"),
                integer(json, "training_steps"),
                DecoderMode.valueOf(((String) json.getOrDefault("decoder", "corrected")).toUpperCase(Locale.ROOT)),
                integer(json, "sweep_scenarios"),
                Long.parseLong((String) json.get("seed")));
    }

    private static int integer(Map<String, Object> json, String key) {
        return ((Number) json.get(key)).intValue();
    }

    /** A seed of its own for every use, so that no two draws depend on each other. */
    long seedOf(String use) {
        long mixed = seed * 0x9E3779B97F4A7C15L + use.hashCode();
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        return mixed ^ (mixed >>> 31);
    }
}
