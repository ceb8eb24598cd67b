package org.apmae.examples.study;

import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.mining.Corpora;
import org.apmae.mining.ScenarioSampler;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.target.FimWindow;

/**
 * What decides the result of a study. Kept in the run folder, so that later stages use the same.
 *
 * @param sources where the sources are, as {@link org.apmae.mining.Corpora#open(String, org.apmae.mining.Corpora.Flagged)} takes it
 * @param mining how sources become prompts
 * @param model folder of the target model, or empty for the embedded one
 * @param tasks the tasks to study
 * @param perOutcome scenarios wanted for each task and outcome
 * @param pool most candidates for each task
 * @param window tokens of a prompt
 * @param trainingScenarios scenarios whose patterns train the AP-MAE
 * @param trainingSteps optimiser steps of the AP-MAE
 * @param apmae what kind of AP-MAE is trained
 * @param clusterer what finds the patterns of a head
 * @param sweepScenarios most scenarios of each outcome in the sweep
 * @param seed seed of everything
 */
record StudyOptions(
        String sources,
        Mining mining,
        String model,
        Set<CompletionTask> tasks,
        int perOutcome,
        Pool pool,
        int window,
        int trainingScenarios,
        int trainingSteps,
        Autoencoder apmae,
        Clusterer clusterer,
        int sweepScenarios,
        long seed) {
    static final String FILE = "options.json";

    /**
     * How sources become prompts.
     *
     * @param policy how the window is cut
     * @param flagged what happens to rows marked as duplicates of training data
     * @param duplicates what counts as a duplicate, or {@code none}
     * @param against corpora that must not be repeated
     * @param spread what samples visit in turn
     * @param splitByProject whether no project, instead of no file, stands on two sides of the split
     */
    record Mining(
            FimWindow.Policy policy,
            Corpora.Flagged flagged,
            String duplicates,
            List<String> against,
            ScenarioSampler.Spread spread,
            boolean splitByProject) {
        static final Mining USUAL = new Mining(
                FimWindow.Policy.MODEL,
                Corpora.Flagged.DROP,
                "none",
                List.of(),
                ScenarioSampler.Spread.PROJECTS,
                false);

        Mining {
            against = List.copyOf(against);
        }

        private Map<String, Object> toJson() {
            Map<String, Object> json = new TreeMap<>();
            json.put("window_policy", policy.wireName());
            json.put("flagged", flagged.name().toLowerCase(Locale.ROOT));
            json.put("duplicates", duplicates);
            json.put("against", against);
            json.put("spread", spread.name().toLowerCase(Locale.ROOT));
            json.put("split", splitByProject ? "project" : "file");
            return json;
        }

        @SuppressWarnings("unchecked")
        private static Mining read(Map<String, Object> json) {
            return json == null
                    ? USUAL
                    : new Mining(
                            FimWindow.Policy.ofWireName((String) json.get("window_policy")),
                            Corpora.Flagged.valueOf(((String) json.get("flagged")).toUpperCase(Locale.ROOT)),
                            (String) json.get("duplicates"),
                            (List<String>) json.get("against"),
                            ScenarioSampler.Spread.valueOf(((String) json.get("spread")).toUpperCase(Locale.ROOT)),
                            "project".equals(json.get("split")));
        }
    }

    /**
     * How many candidates a task may have. A task that the model nearly always gets right needs many to find wrong ones.
     *
     * @param each most for a task that is not named, 1 or more
     * @param own most for the tasks named, 1 or more each
     */
    record Pool(int each, Map<CompletionTask, Integer> own) {
        Pool {
            own = Map.copyOf(own);
            if (each < 1 || own.values().stream().anyMatch(most -> most < 1)) {
                throw new IllegalArgumentException(
                        "the candidates of a task are limited to " + each + " and " + own + "; give 1 or more");
            }
        }

        int of(CompletionTask task) {
            return own.getOrDefault(task, each);
        }

        int largest() {
            return own.values().stream().mapToInt(Integer::intValue).reduce(each, Math::max);
        }

        private Map<String, Object> ownByName() {
            Map<String, Object> json = new TreeMap<>();
            own.forEach((task, most) -> json.put(task.wireName(), most));
            return json;
        }

        @SuppressWarnings("unchecked")
        private static Pool read(Map<String, Object> json) {
            Map<CompletionTask, Integer> own = new EnumMap<>(CompletionTask.class);
            ((Map<String, Object>) json.getOrDefault("pool_of", Map.of()))
                    .forEach((task, most) -> own.put(CompletionTask.ofWireName(task), ((Number) most).intValue()));
            return new Pool(integer(json, "pool"), own);
        }
    }

    /**
     * The AP-MAE of a study.
     *
     * @param width of its stacks
     * @param decoder where its decoder puts mask tokens
     * @param patchInput what it does with the pixels of a patch first
     */
    record Autoencoder(int width, DecoderMode decoder, ApMaeConfig.PatchInput patchInput) {
        /** An eighth of the window to a patch, as the paper has it. */
        ApMaeConfig config(int window) {
            return ApMaeConfig.laptop(new PatchGrid(window, window / 8), width)
                    .withDecoderMode(decoder)
                    .withPatchInput(patchInput);
        }

        private void put(Map<String, Object> json) {
            json.put("apmae_width", width);
            json.put("decoder", decoder.name().toLowerCase(Locale.ROOT));
            json.put("patch_input", patchInput.name().toLowerCase(Locale.ROOT));
        }

        private static Autoencoder read(Map<String, Object> json) {
            return new Autoencoder(
                    json.containsKey("apmae_width") ? integer(json, "apmae_width") : ApMaeConfig.LAPTOP_WIDTH,
                    DecoderMode.valueOf(((String) json.getOrDefault("decoder", "corrected")).toUpperCase(Locale.ROOT)),
                    ApMaeConfig.PatchInput.valueOf(
                            ((String) json.getOrDefault("patch_input", "layer_norm")).toUpperCase(Locale.ROOT)));
        }
    }

    StudyOptions {
        if (perOutcome < 1 || trainingScenarios < 1 || trainingSteps < 1 || sweepScenarios < 1) {
            throw new IllegalArgumentException("the sizes of a study must all be 1 or more, not " + perOutcome + ", "
                    + trainingScenarios + ", " + trainingSteps + " and " + sweepScenarios);
        }
        // refuses a size that is not possible before the first stage, not hours later
        apmae.config(window);
        EnumSet<CompletionTask> copy = EnumSet.of(CompletionTask.RANDOM);
        copy.addAll(tasks);
        tasks = Collections.unmodifiableSet(copy);
    }

    StudyOptions with(Clusterer other) {
        return new StudyOptions(
                sources,
                mining,
                model,
                tasks,
                perOutcome,
                pool,
                window,
                trainingScenarios,
                trainingSteps,
                apmae,
                other,
                sweepScenarios,
                seed);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new TreeMap<>();
        json.put("sources", sources);
        json.put("mining", mining.toJson());
        json.put("model", model);
        json.put("tasks", tasks.stream().map(CompletionTask::wireName).toList());
        json.put("per_outcome", perOutcome);
        json.put("pool", pool.each());
        json.put("pool_of", pool.ownByName());
        json.put("window", window);
        json.put("training_scenarios", trainingScenarios);
        json.put("training_steps", trainingSteps);
        apmae.put(json);
        json.put("clusterer", clusterer.wireName());
        json.put("sweep_scenarios", sweepScenarios);
        json.put("seed", String.valueOf(seed));
        return json;
    }

    @SuppressWarnings("unchecked")
    static StudyOptions read(RunFolder run) {
        run.require(Stage.MINE);
        Map<String, Object> json = (Map<String, Object>) run.json(Stage.MINE, FILE);
        return new StudyOptions(
                (String) json.get("sources"),
                Mining.read((Map<String, Object>) json.get("mining")),
                (String) json.get("model"),
                ((List<String>) json.get("tasks"))
                        .stream().map(CompletionTask::ofWireName).collect(Collectors.toSet()),
                integer(json, "per_outcome"),
                Pool.read(json),
                integer(json, "window"),
                integer(json, "training_scenarios"),
                integer(json, "training_steps"),
                Autoencoder.read(json),
                Clusterer.ofWireName((String) json.getOrDefault("clusterer", Clusterer.PAPER.wireName())),
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
