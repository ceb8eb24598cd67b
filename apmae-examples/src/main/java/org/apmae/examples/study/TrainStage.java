package org.apmae.examples.study;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.pattern.PatchMask;
import org.apmae.core.predict.Interval;
import org.apmae.core.progress.Progress;
import org.apmae.core.report.ChartLabels;
import org.apmae.core.report.Charts;
import org.apmae.core.report.PatternImage;
import org.apmae.core.report.Picture;
import org.apmae.core.report.Series;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.work.Tasks;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeEvaluation;
import org.apmae.models.apmae.ApMaeTrainer;
import org.apmae.models.apmae.ApMaeTrainingOptions;
import org.apmae.models.apmae.MeanPatterns;
import org.apmae.models.apmae.PatternBatches;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.apmae.Reconstruction;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.runtime.NativeRuntime;

/** Stage 4, first half: an AP-MAE, given or trained on patterns of random scenarios that the model got right, or both. */
final class TrainStage {
    private static final String CONFIG = "models/apmae/config.json";
    private static final String WEIGHTS = "models/apmae/model.safetensors";
    /** One picture for each held-out pattern shown. */
    static final String RECONSTRUCTION = "figures/reconstruction_%d.png";

    static final String LOSS = "figures/apmae_loss.png";
    /** Where training keeps its state until the stage is committed. */
    private static final String STATE = ".training";

    private static final int CHECKPOINT_EVERY = 100;
    private static final int VALIDATIONS = 20;
    private static final int VALIDATED = 128;
    private static final int TOGETHER = 16;
    /** Patterns of a group of scenarios in memory: 131 KB each. */
    private static final int MOST_PATTERNS = 4000;
    /** Least width of a panel of a reconstruction, in pixels. */
    private static final int PANEL = 256;

    static final int SHOWN = 4;

    private TrainStage() {}

    static void run(Study study) {
        study.run().require(Stage.RECORD);
        StudyOptions options = study.options();
        ApMaeConfig config = options.apmae().config(options.window());
        List<ScenarioRow> training = PatternStream.scenarios(study, RecordStage.Side.TRAIN).stream()
                .limit(options.training().scenarios())
                .toList();
        PatternStream.HeldOut held = PatternStream.heldOut(study, config);
        PatternSet heldOut = held.patterns();
        if (training.isEmpty() || heldOut.size() == 0) {
            throw new IllegalStateException("only " + training.size() + " correct random scenarios stand in"
                    + " the training files and " + heldOut.size()
                    + " patterns of such in the others; mine more scenarios with --pool");
        }
        MeanPatterns means = PatternStream.means(study, config, training);
        long seed = options.seedOf("apmae");
        try (ApMae apmae = options.apmae().open(options.window(), seed)) {
            if (options.training().steps() == 0) {
                try (StageWriter writer = study.run().begin(Stage.TRAIN)) {
                    commit(study, writer, apmae, held, means, Map.of());
                }
                return;
            }
            String identity = identity(study);
            Path state = state(study, identity);
            ValidationLosses validation = new ValidationLosses(state.resolve("validation.tsv"), heldOut, seed);
            double[] losses = train(study, apmae, training, validation, state, identity);
            try (StageWriter writer = study.run().begin(Stage.TRAIN)) {
                lossChart(losses, validation).write(writer.file(LOSS));
                commit(
                        study,
                        writer,
                        apmae,
                        held,
                        means,
                        Map.of(
                                "training_scenarios",
                                training.size(),
                                "training_patterns",
                                (long) losses.length * options.training().batch(),
                                "steps",
                                losses.length,
                                "final_training_loss",
                                losses[losses.length - 1]));
            }
            forgetState(study);
        }
    }

    /** Writes the autoencoder and how well it predicts held-out patterns. */
    private static void commit(
            Study study,
            StageWriter writer,
            ApMae apmae,
            PatternStream.HeldOut held,
            MeanPatterns means,
            Map<String, Object> training) {
        long seed = study.options().seedOf("apmae");
        apmae.save(writer.file(CONFIG).getParent());
        List<Picture> panels = panels(apmae, held.patterns(), seed);
        for (int i = 0; i < panels.size(); i++) {
            panels.get(i).write(writer.file(String.format(Locale.ROOT, RECONSTRUCTION, i)));
        }
        List<ApMaeEvaluation> each = ApMaeEvaluation.each(apmae, held.patterns(), means, seed);
        Map<String, Object> metrics = new HashMap<>(training);
        metrics.put("apmae", study.options().apmae().source());
        metrics.put("parameters", apmae.parameterCount());
        metrics.putAll(scores(ApMaeEvaluation.mean(each)));
        metrics.put(
                "masked_mse_ratio",
                Figures.interval(Interval.ratio(
                        each.stream().mapToDouble(one -> one.trained().mse()).toArray(),
                        each.stream()
                                .mapToDouble(one -> one.meanPattern().mse())
                                .toArray(),
                        held.files(),
                        seed)));
        metrics.put(
                "layers", layers(each, held.patterns(), study.model().shape().heads()));
        writer.metrics(metrics);
        writer.commit(study.provenance());
    }

    private static List<Object> layers(List<ApMaeEvaluation> each, PatternSet patterns, int heads) {
        SortedMap<Integer, List<ApMaeEvaluation>> byLayer = new TreeMap<>();
        for (int i = 0; i < each.size(); i++) {
            byLayer.computeIfAbsent(patterns.head(i) / heads, layer -> new ArrayList<>())
                    .add(each.get(i));
        }
        List<Object> layers = new ArrayList<>();
        byLayer.forEach((layer, evaluations) -> {
            Map<String, Object> row = scores(ApMaeEvaluation.mean(evaluations));
            row.put("layer", layer);
            layers.add(row);
        });
        return layers;
    }

    private static double[] train(
            Study study,
            ApMae apmae,
            List<ScenarioRow> training,
            ValidationLosses validation,
            Path state,
            String identity) {
        StudyOptions.Training recipe = study.options().training();
        // other masks than those that the weights are trained with already
        long seed = study.options().seedOf(study.options().apmae().isNew() ? "apmae" : "apmae further");
        int steps = recipe.steps();
        int heads = study.model().shape().layers() * study.model().shape().heads();
        ExecutorService workers = Tasks.threads("apmae-patterns", study.threads());
        try (Progress.Stage progress = study.progress().start("training AP-MAE", steps, "steps");
                HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
            ApMaeTrainingOptions trainer = ApMaeTrainingOptions.of(steps, recipe.batch(), seed)
                    .withLearningRate(recipe.rate(), steps / 20)
                    .withClipNorm(1)
                    .withWorkers(2, study.threads());
            PatternBatches batches = PatternBatches.recorded(
                    recorder,
                    training.stream().map(ScenarioRow::prompt).toList(),
                    apmae.config(),
                    1,
                    Math.max(1, Math.min(Math.min(TOGETHER, training.size()), MOST_PATTERNS / heads)),
                    recipe.batch(),
                    workers,
                    seed);
            int[] shown = {0};
            return new ApMaeTrainer(trainer)
                    .train(
                            apmae,
                            batches,
                            (step, loss, rate) -> {
                                progress.step(step + 1 - shown[0]);
                                shown[0] = step + 1;
                                if ((step + 1) % Math.max(1, steps / VALIDATIONS) == 0) {
                                    validation.measure(apmae, step + 1);
                                }
                            },
                            new ApMaeTrainer.Checkpoint(
                                    state.resolve("state.safetensors"), CHECKPOINT_EVERY, identity));
        } finally {
            workers.shutdownNow();
        }
    }

    /** A state is of use for the same recorded scenarios and the same model only. */
    private static String identity(Study study) {
        return study.options().toJson()
                + study.model().weightsSha256()
                + Selected.read(study.run()).stream()
                        .map(selected -> selected.row().id())
                        .toList();
    }

    private static Path state(Study study, String identity) {
        String name = UUID.nameUUIDFromBytes(identity.getBytes(StandardCharsets.UTF_8))
                .toString();
        Path state = study.run().path().resolve(STATE).resolve(name);
        try {
            Files.createDirectories(state);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make the folder " + state + ": " + e.getMessage(), e);
        }
        return state;
    }

    /** Deletes what a training kept to go on from: it is whole. A kill right after its commit leaves this to the next stage. */
    static void forgetState(Study study) {
        Path folder = study.run().path().resolve(STATE);
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + folder + ": " + e.getMessage(), e);
        }
    }

    /** The held-out loss during training, kept in a file, so that training that goes on has the points before too. */
    private static final class ValidationLosses {
        private final Path file;
        private final PatternSet patterns;
        private final long seed;
        private final SortedMap<Integer, Double> losses = new TreeMap<>();

        ValidationLosses(Path file, PatternSet patterns, long seed) {
            this.file = file;
            this.patterns = patterns;
            this.seed = seed;
            if (Files.exists(file)) {
                try {
                    for (String line : Files.readAllLines(file)) {
                        String[] fields = line.split("\t", -1);
                        losses.put(Integer.parseInt(fields[0]), Double.parseDouble(fields[1]));
                    }
                } catch (IOException | RuntimeException e) {
                    // Of no weight for the result: the chart then starts here.
                    losses.clear();
                }
            }
        }

        void measure(ApMae apmae, int step) {
            int[] chosen = IntStream.range(0, Math.min(VALIDATED, patterns.size()))
                    .map(i -> (int) ((long) i * patterns.size() / Math.min(VALIDATED, patterns.size())))
                    .toArray();
            PatchMask mask =
                    PatchMask.draw(apmae.config().grid(), apmae.config().maskRatio(), chosen.length, new Random(seed));
            try (NDManager scratch = NativeRuntime.newManager(Device.cpu())) {
                losses.put(step, apmae.loss(patterns.batch(scratch, chosen), mask));
            }
            StringBuilder text = new StringBuilder();
            losses.forEach(
                    (key, value) -> text.append(key).append('\t').append(value).append('\n'));
            try {
                // In one step, so that no kill leaves half of it and the chart stays the same.
                Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
                Files.writeString(temporary, text);
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
            }
        }

        Series series() {
            double[] x = losses.keySet().stream().mapToDouble(step -> step).toArray();
            double[] y = losses.values().stream().mapToDouble(loss -> loss).toArray();
            return Series.points("held-out files", x, y);
        }
    }

    static Map<String, Object> scores(ApMaeEvaluation evaluation) {
        Map<String, Object> scores = new HashMap<>();
        scores.put("held_out_patterns", evaluation.patterns());
        Map.of(
                        "trained", evaluation.trained(),
                        "untrained", evaluation.untrained(),
                        "mean_pattern", evaluation.meanPattern(),
                        "nearest_patch", evaluation.nearestPatch())
                .forEach((name, score) -> {
                    scores.put("masked_mse_" + name, score.mse());
                    scores.put("masked_ssim_" + name, score.ssim());
                });
        return scores;
    }

    static ApMae load(RunFolder run) {
        return load(run, Device.cpu());
    }

    static ApMae load(RunFolder run, Device device) {
        run.file(Stage.TRAIN, WEIGHTS);
        return ApMae.load(run.file(Stage.TRAIN, CONFIG).getParent(), device);
    }

    private static Picture lossChart(double[] losses, ValidationLosses validation) {
        int group = Math.max(1, losses.length / 100);
        int points = losses.length / group;
        double[] x = new double[points];
        double[] y = new double[points];
        for (int i = 0; i < points; i++) {
            x[i] = (i + 1) * group;
            for (int j = 0; j < group; j++) {
                y[i] += losses[i * group + j] / group;
            }
        }
        return Charts.lines(
                new ChartLabels("AP-MAE training", "step", "masked mean squared error"),
                validation.losses.isEmpty()
                        ? List.of(Series.points("training files", x, y))
                        : List.of(Series.points("training files", x, y), validation.series()));
    }

    private static List<Picture> panels(ApMae apmae, PatternSet heldOut, long seed) {
        Random random = new Random(seed);
        List<Picture> rows = new ArrayList<>();
        for (int i :
                IntStream.range(0, SHOWN).map(n -> n * heldOut.size() / SHOWN).toArray()) {
            PatchMask mask =
                    PatchMask.draw(apmae.config().grid(), apmae.config().maskRatio(), 1, random);
            rows.add(panels(apmae.reconstruct(heldOut.pattern(i), mask)));
        }
        return rows;
    }

    /** Original, visible, predicted and combined side by side, with the loss. */
    static Picture panels(Reconstruction one) {
        return Picture.row(
                List.of(
                        panel(one.original(), "original"),
                        panel(one.visible(), "visible"),
                        panel(one.predicted(), String.format(Locale.ROOT, "predicted, error %.4f", one.loss())),
                        panel(one.combined(), "combined")),
                8);
    }

    private static Picture panel(float[][] pattern, String title) {
        return PatternImage.of(pattern)
                // so that a small pattern has room for its title
                .withCell(Math.max(1, PANEL / pattern.length))
                .withRange(0, 1)
                .withTitle(title)
                .draw();
    }
}
