package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apmae.core.progress.Progress;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeEvaluation;
import org.apmae.models.apmae.MeanPatterns;
import org.apmae.models.apmae.PatternSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tests every study's AP-MAE on every study's target model: the paper's claim that one autoencoder serves other models. */
@Command(
        name = "transfer",
        mixinStandardHelpOptions = true,
        description = "Tests the AP-MAE of each run on the held-out patterns of each run's target model, as a matrix.")
final class TransferCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(
            arity = "2..*",
            paramLabel = "RUN",
            description = "Run folders whose AP-MAE is trained, each with a target model of its own.")
    private List<Path> runs;

    @Override
    public Integer call() {
        List<ApMae> encoders = new ArrayList<>();
        try {
            for (Path run : runs) {
                encoders.add(
                        Studies.with(run, common.progress(), common.threads(), study -> TrainStage.load(study.run())));
            }
            List<Object> columns = new ArrayList<>();
            double[][] errors = new double[runs.size()][runs.size()];
            double[] means = new double[runs.size()];
            try (Progress.Stage progress =
                    common.progress().start("testing across models", (long) runs.size() * runs.size(), "pairs")) {
                for (int test = 0; test < runs.size(); test++) {
                    int column = test;
                    Studies.with(runs.get(test), common.progress(), common.threads(), study -> {
                        measure(study, encoders, column, errors, means, progress);
                        return true;
                    });
                }
            }
            double worst = 0;
            List<List<String>> table = new ArrayList<>();
            for (int train = 0; train < runs.size(); train++) {
                for (int test = 0; test < runs.size(); test++) {
                    Map<String, Object> cell = new HashMap<>();
                    double degradation = errors[train][test] / errors[test][test];
                    worst = Math.max(worst, train == test ? 0 : degradation);
                    cell.put("trained_on", runs.get(train).toString());
                    cell.put("tested_on", runs.get(test).toString());
                    cell.put("masked_mse", errors[train][test]);
                    cell.put("masked_mse_mean_pattern", means[test]);
                    cell.put("degradation", degradation);
                    columns.add(cell);
                    table.add(List.of(
                            runs.get(train).toString(),
                            runs.get(test).toString(),
                            Figures.fixed(errors[train][test], 5),
                            Figures.fixed(means[test], 5),
                            Figures.fixed(degradation, 3)));
                }
            }
            if (common.json()) {
                Map<String, Object> result = new HashMap<>();
                result.put("matrix", columns);
                result.put("worst_degradation", worst);
                CommonOptions.print(result);
            } else {
                Tables.print(
                        "Masked mean squared error across models",
                        List.of("trained on", "tested on", "error", "mean pattern", "degradation"),
                        table);
            }
            return 0;
        } finally {
            encoders.forEach(ApMae::close);
        }
    }

    private static void measure(
            Study study, List<ApMae> encoders, int column, double[][] errors, double[] means, Progress.Stage progress) {
        ApMaeConfig config = encoders.get(column).config();
        PatternSet heldOut = PatternStream.heldOut(study, config).patterns();
        MeanPatterns mean = PatternStream.means(
                study,
                config,
                PatternStream.scenarios(study, RecordStage.Side.TRAIN).stream()
                        .limit(study.options().training().scenarios())
                        .toList());
        for (int row = 0; row < encoders.size(); row++) {
            ApMaeEvaluation evaluation = ApMaeEvaluation.of(encoders.get(row), heldOut, mean, 1);
            errors[row][column] = evaluation.trained().mse();
            means[column] = evaluation.meanPattern().mse();
            progress.step(1);
        }
    }
}
