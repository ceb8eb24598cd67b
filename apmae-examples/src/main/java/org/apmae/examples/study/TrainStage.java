package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;
import org.apmae.core.progress.Progress;
import org.apmae.core.report.ChartLabels;
import org.apmae.core.report.Charts;
import org.apmae.core.report.PatternImage;
import org.apmae.core.report.Picture;
import org.apmae.core.report.Series;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeEvaluation;
import org.apmae.models.apmae.ApMaeTrainer;
import org.apmae.models.apmae.ApMaeTrainingOptions;
import org.apmae.models.apmae.MeanPatterns;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.apmae.Reconstruction;
import org.apmae.models.recording.HookedRecorder;

/** Stage 4, first half: an AP-MAE trained on patterns of random scenarios that the model got right. */
final class TrainStage {
    private static final String CONFIG = "models/apmae/config.json";
    private static final String WEIGHTS = "models/apmae/model.safetensors";
    /** One picture for each held-out pattern shown. */
    static final String RECONSTRUCTION = "figures/reconstruction_%d.png";

    static final String LOSS = "figures/apmae_loss.png";
    private static final int BATCH = 16;
    private static final double LEARNING_RATE = 2e-3;
    private static final double HEAD_SHARE = 0.25;
    static final int SHOWN = 4;

    private TrainStage() {}

    static void run(Study study) {
        study.run().require(Stage.RECORD);
        StudyOptions options = study.options();
        ApMaeConfig config = config(options.window());
        PatternSet training = patterns(study, config, RecordStage.Side.TRAIN, options.trainingScenarios());
        PatternSet heldOut = patterns(study, config, RecordStage.Side.VALIDATION, options.trainingScenarios() / 4 + 1);
        if (training.size() < BATCH || heldOut.size() == 0) {
            throw new IllegalStateException("only " + training.size() + " patterns of correct random scenarios stand in"
                    + " the training files and " + heldOut.size() + " in the validation files; mine more scenarios with"
                    + " --pool");
        }
        long seed = options.seedOf("apmae");
        try (ApMae apmae = ApMae.init(config, seed)) {
            double[] losses;
            try (Progress.Stage progress =
                    study.progress().start("training AP-MAE", options.trainingSteps(), "steps")) {
                ApMaeTrainingOptions recipe = ApMaeTrainingOptions.of(options.trainingSteps(), BATCH, seed)
                        .withLearningRate(LEARNING_RATE, options.trainingSteps() / 20)
                        .withClipNorm(1)
                        .withWorkers(2, study.threads());
                losses = new ApMaeTrainer(recipe)
                        .train(apmae, training.shuffled(BATCH, seed), (step, loss, rate) -> progress.step(1));
            }
            MeanPatterns means = MeanPatterns.of(training);
            ApMaeEvaluation evaluation = ApMaeEvaluation.of(apmae, heldOut, means, seed);
            try (StageWriter writer = study.run().begin(Stage.TRAIN)) {
                apmae.save(writer.file(CONFIG).getParent());
                lossChart(losses).write(writer.file(LOSS));
                List<Picture> panels = panels(apmae, heldOut, seed);
                for (int i = 0; i < panels.size(); i++) {
                    panels.get(i).write(writer.file(String.format(Locale.ROOT, RECONSTRUCTION, i)));
                }
                Map<String, Object> metrics = new HashMap<>();
                metrics.put("parameters", apmae.parameterCount());
                metrics.put("training_patterns", training.size());
                metrics.put("held_out_patterns", evaluation.patterns());
                metrics.put("steps", losses.length);
                metrics.put("final_training_loss", losses[losses.length - 1]);
                metrics.put("masked_mse_trained", evaluation.trained());
                metrics.put("masked_mse_untrained", evaluation.untrained());
                metrics.put("masked_mse_mean_pattern", evaluation.meanPattern());
                metrics.put("masked_mse_nearest_patch", evaluation.nearestPatch());
                writer.metrics(metrics);
                writer.commit(study.provenance());
            }
        }
    }

    static ApMae load(RunFolder run) {
        run.file(Stage.TRAIN, WEIGHTS);
        return ApMae.load(run.file(Stage.TRAIN, CONFIG).getParent());
    }

    /** The size for two cores, for any window: an eighth of it to a patch, as the paper has it. */
    private static ApMaeConfig config(int window) {
        ApMaeConfig laptop = ApMaeConfig.laptop();
        return ApMaeConfig.of(new PatchGrid(window, window / 8), laptop.encoder(), laptop.decoder());
    }

    private static PatternSet patterns(Study study, ApMaeConfig config, RecordStage.Side side, int scenarios) {
        Map<String, Verdict> verdicts = Selected.verdicts(study.run());
        Map<String, RecordStage.Side> sides = RecordStage.sides(study.run());
        List<ScenarioRow> rows = RunTables.scenarios(study.run()).stream()
                .filter(row -> row.task() == CompletionTask.RANDOM && sides.get(RecordStage.file(row)) == side)
                .filter(row -> verdicts.containsKey(row.id())
                        && RecordStage.verdict(verdicts, row).correct())
                .limit(scenarios)
                .toList();
        PatternSet patterns = new PatternSet(config.grid());
        ModelShape shape = study.model().shape();
        try (Progress.Stage progress = study.progress().start("training patterns", rows.size(), "scenarios");
                HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
            for (ScenarioRow row : rows) {
                long seed = study.options().seedOf("heads of " + row.id());
                recorder.record(
                        Stream.of(row.prompt()),
                        HeadSelection.layerwise(shape, HEAD_SHARE, seed),
                        PatternStream.sink(
                                study,
                                config.scaler(),
                                (scratch, batch, scaled) -> patterns.add(
                                        batch.heads().stream()
                                                .mapToInt(shape::indexOf)
                                                .toArray(),
                                        scaled)));
                progress.step(1);
            }
        }
        return patterns;
    }

    private static Picture lossChart(double[] losses) {
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
                List.of(Series.points("training loss", x, y)));
    }

    private static List<Picture> panels(ApMae apmae, PatternSet heldOut, long seed) {
        Random random = new Random(seed);
        List<Picture> rows = new ArrayList<>();
        for (int i :
                IntStream.range(0, SHOWN).map(n -> n * heldOut.size() / SHOWN).toArray()) {
            PatchMask mask =
                    PatchMask.draw(apmae.config().grid(), apmae.config().maskRatio(), 1, random);
            Reconstruction one = apmae.reconstruct(heldOut.pattern(i), mask);
            rows.add(Picture.row(
                    List.of(
                            panel(one.original(), "original"),
                            panel(one.visible(), "visible"),
                            panel(one.predicted(), "predicted"),
                            panel(one.combined(), "combined")),
                    8));
        }
        return rows;
    }

    private static Picture panel(float[][] pattern, String title) {
        return PatternImage.of(pattern)
                .withCell(1)
                .withRange(0, 1)
                .withTitle(title)
                .draw();
    }
}
