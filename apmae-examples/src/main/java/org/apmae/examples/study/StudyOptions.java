package org.apmae.examples.study;

import ai.djl.Device;
import java.nio.file.Path;
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
import org.apmae.models.apmae.ApMae;
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
 * @param apmae which AP-MAE encodes
 * @param training how it is trained
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
        Autoencoder apmae,
        Training training,
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
     * @param source {@link #TRAIN} for a new one, {@link #EMBEDDED}, or the folder of a checkpoint
     * @param width of the stacks of a new one
     * @param decoder where the decoder of a new one puts mask tokens
     * @param patchInput what a new one does with the pixels of a patch first
     */
    record Autoencoder(String source, int width, DecoderMode decoder, ApMaeConfig.PatchInput patchInput) {
        static final String TRAIN = "train";
        static final String EMBEDDED = "embedded";

        boolean isNew() {
            return source.equals(TRAIN);
        }

        /** An eighth of the window to a patch of a new one, as the paper has it. */
        ApMaeConfig config(int window) {
            if (isNew()) {
                return ApMaeConfig.laptop(new PatchGrid(window, window / 8), width)
                        .withDecoderMode(decoder)
                        .withPatchInput(patchInput);
            }
            ApMaeConfig config = source.equals(EMBEDDED) ? ApMaeConfig.embedded() : ApMaeConfig.read(Path.of(source));
            if (config.grid().patternSize() != window) {
                throw new IllegalArgumentException("the AP-MAE '" + source + "' takes patterns of "
                        + config.grid().patternSize() + " tokens and prompts have " + window + "; give --window "
                        + config.grid().patternSize() + " or --apmae " + TRAIN);
            }
            return config;
        }

        /** The AP-MAE before any training of the study. */
        ApMae open(int window, long seed) {
            ApMaeConfig config = config(window);
            if (isNew()) {
                return ApMae.initCopying(config, seed, Device.cpu());
            }
            return source.equals(EMBEDDED) ? ApMae.embedded(Device.cpu()) : ApMae.load(Path.of(source), Device.cpu());
        }

        private void put(Map<String, Object> json) {
            json.put("apmae", source);
            if (isNew()) {
                json.put("apmae_width", width);
                json.put("decoder", decoder.name().toLowerCase(Locale.ROOT));
                json.put("patch_input", patchInput.name().toLowerCase(Locale.ROOT));
            }
        }

        private static Autoencoder read(Map<String, Object> json) {
            return new Autoencoder(
                    (String) json.getOrDefault("apmae", TRAIN),
                    ((Number) json.getOrDefault("apmae_width", ApMaeConfig.LAPTOP_WIDTH)).intValue(),
                    DecoderMode.valueOf(((String) json.getOrDefault("decoder", "corrected")).toUpperCase(Locale.ROOT)),
                    ApMaeConfig.PatchInput.valueOf(
                            ((String) json.getOrDefault("patch_input", "layer_norm")).toUpperCase(Locale.ROOT)));
        }
    }

    /**
     * How an AP-MAE is trained.
     *
     * @param scenarios scenarios whose patterns train it; the mean patterns that it is compared with are of these too
     * @param steps optimiser steps, 0 for none
     * @param batch patterns in a step
     * @param rate highest learning rate
     */
    record Training(int scenarios, int steps, int batch, double rate) {
        static final Training USUAL = new Training(100, 2200, 16, 3e-3);
        /** For an AP-MAE that is trained already. */
        static final double TUNING_RATE = 5e-4;

        Training {
            if (scenarios < 1 || steps < 0 || batch < 1 || !(rate > 0)) {
                throw new IllegalArgumentException("a training of " + steps + " steps of " + batch + " patterns of "
                        + scenarios + " scenarios at a rate of " + rate
                        + " is not possible; the numbers must be 1 or more and the rate above 0");
            }
        }

        private void put(Map<String, Object> json) {
            json.put("training_scenarios", scenarios);
            json.put("training_steps", steps);
            if (steps > 0) {
                json.put("training_batch", batch);
                json.put("training_rate", rate);
            }
        }

        private static Training read(Map<String, Object> json) {
            return new Training(
                    integer(json, "training_scenarios"),
                    integer(json, "training_steps"),
                    ((Number) json.getOrDefault("training_batch", USUAL.batch)).intValue(),
                    ((Number) json.getOrDefault("training_rate", USUAL.rate)).doubleValue());
        }
    }

    StudyOptions {
        if (apmae.isNew() && training.steps() == 0) {
            throw new IllegalArgumentException(
                    "a new AP-MAE needs training, but the number of steps is 0; give 1 or more");
        }
        if (perOutcome < 1 || sweepScenarios < 1) {
            throw new IllegalArgumentException(
                    "the sizes of a study must all be 1 or more, not " + perOutcome + " and " + sweepScenarios);
        }
        EnumSet<CompletionTask> copy = EnumSet.of(CompletionTask.RANDOM);
        copy.addAll(tasks);
        tasks = Collections.unmodifiableSet(copy);
    }

    StudyOptions with(Clusterer other) {
        return new StudyOptions(
                sources, mining, model, tasks, perOutcome, pool, window, apmae, training, other, sweepScenarios, seed);
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
        apmae.put(json);
        training.put(json);
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
                Autoencoder.read(json),
                Training.read(json),
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
