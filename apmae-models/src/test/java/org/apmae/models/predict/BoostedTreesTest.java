package org.apmae.models.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apmae.core.predict.Attribution;
import org.apmae.core.predict.Baselines;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.CorrectnessPredictor;
import org.apmae.core.predict.CorrectnessPredictorContract;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.predict.GroupedSplit;
import org.apmae.core.predict.PatternTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoostedTreesTest extends CorrectnessPredictorContract {
    private static final int HEADS = 60;
    private static final int DECIDING = 10;
    private static final int LABELS = 5;

    @Override
    protected CorrectnessPredictor predictor() {
        return new BoostedTrees(BoostedTrees.Options.paper());
    }

    @Override
    protected FittedPredictor load(Path folder) {
        return BoostedTrees.load(folder);
    }

    /** Labels of which every sixth head's add a known amount to the log-odds; the best possible accuracy is known. */
    private static final class Planted {
        private final PatternTable table;
        private final boolean[] best;

        Planted(int rows, long seed, boolean signal) {
            Random effects = new Random(99);
            double[][] effect = new double[HEADS][LABELS];
            for (int h = 0; h < HEADS; h += HEADS / DECIDING) {
                for (int label = 0; label < LABELS; label++) {
                    effect[h][label] = signal ? 1.1 * effects.nextGaussian() : 0;
                }
            }
            Random random = new Random(seed);
            int[][] labels = new int[rows][HEADS];
            boolean[] correct = new boolean[rows];
            best = new boolean[rows];
            List<String> ids = new ArrayList<>();
            List<String> groups = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                double logOdds = 0;
                for (int h = 0; h < HEADS; h++) {
                    int label = random.nextInt(LABELS);
                    labels[i][h] = label - 1;
                    logOdds += effect[h][label];
                }
                best[i] = logOdds >= 0;
                correct[i] = random.nextDouble() < 1 / (1 + Math.exp(-logOdds));
                ids.add("s" + i);
                groups.add("file" + i / 5);
            }
            List<String> columns = IntStream.range(0, HEADS)
                    .mapToObj(h -> "L" + h / 12 + "H" + h % 12)
                    .toList();
            table = new PatternTable(ids, groups, columns, labels, correct);
        }
    }

    @Test
    void findsThePlantedHeadsAndNearlyTheBestAccuracy() {
        Planted planted = new Planted(5000, 1, true);
        PatternTable table = planted.table;
        GroupedSplit split = GroupedSplit.of(table.groups(), 0.7, 0.1, 0.2, 4);
        PatternTable test = table.rows(split.test());
        long start = System.nanoTime();
        try (FittedPredictor fitted = predictor().fit(table.rows(split.train()), table.rows(split.validation()), 7)) {
            double[] probability = fitted.probabilityCorrect(test.labels());
            BinaryMetrics metrics = BinaryMetrics.of(test.correct(), probability, test.groups(), 3);
            int bestHits = 0;
            for (int row : split.test()) {
                bestHits += planted.best[row] == table.correct()[row] ? 1 : 0;
            }
            double best = (double) bestHits / test.size();
            System.out.printf(
                    "accuracy %.3f [%.3f, %.3f], best possible %.3f, AUC %.3f, %.2f s%n",
                    metrics.accuracy().value(),
                    metrics.accuracy().low(),
                    metrics.accuracy().high(),
                    best,
                    metrics.auc().value(),
                    (System.nanoTime() - start) * 1e-9);
            assertThat(metrics.accuracy().value()).isGreaterThan(best - 0.04);
            double[] size = meanSize(fitted.attribute(test.labels()));
            List<Integer> top = IntStream.range(0, HEADS)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer h) -> -size[h]))
                    .limit(DECIDING)
                    .toList();
            assertThat(top).allMatch(h -> h % (HEADS / DECIDING) == 0);
        }
    }

    private static double[] meanSize(Attribution attribution) {
        double[][] rows = attribution.contributions();
        double[] size = new double[HEADS];
        for (double[] row : rows) {
            for (int h = 0; h < HEADS; h++) {
                size[h] += Math.abs(row[h]) / rows.length;
            }
        }
        return size;
    }

    @Test
    void shuffledOutcomesFallToChance() {
        PatternTable planted = new Planted(1500, 2, true).table;
        PatternTable table = new PatternTable(
                planted.scenarioIds(),
                planted.groups(),
                planted.columns(),
                planted.labels(),
                Baselines.shuffled(planted.correct(), 12));
        GroupedSplit split = GroupedSplit.of(table.groups(), 0.6, 0.1, 0.3, 4);
        PatternTable test = table.rows(split.test());
        try (FittedPredictor fitted = predictor().fit(table.rows(split.train()), table.rows(split.validation()), 7)) {
            BinaryMetrics metrics =
                    BinaryMetrics.of(test.correct(), fitted.probabilityCorrect(test.labels()), test.groups(), 3);
            assertThat(metrics.auc().contains(0.5)).as("%s", metrics).isTrue();
            assertThat(metrics.balancedAccuracy().contains(0.5))
                    .as("%s", metrics)
                    .isTrue();
        }
    }

    @Test
    void bytesDoNotDependOnTheNumberOfThreads(@TempDir Path folder) throws IOException {
        PatternTable table = new Planted(1200, 3, true).table;
        GroupedSplit split = GroupedSplit.of(table.groups(), 0.8, 0.2, 0, 4);
        for (int threads = 1; threads <= 3; threads++) {
            CorrectnessPredictor trees =
                    new BoostedTrees(BoostedTrees.Options.paper().withThreads(threads));
            try (FittedPredictor fitted = trees.fit(table.rows(split.train()), table.rows(split.validation()), 7)) {
                fitted.save(folder.resolve("t" + threads));
            }
        }
        byte[] one = Files.readAllBytes(folder.resolve("t1/model.txt"));
        assertThat(Files.readAllBytes(folder.resolve("t2/model.txt"))).isEqualTo(one);
        assertThat(Files.readAllBytes(folder.resolve("t3/model.txt"))).isEqualTo(one);
    }

    @Test
    void theNumberingOfLabelsMeansNothing() {
        PatternTable table = new Planted(1500, 4, true).table;
        int[][] renamed = table.labels();
        int[] names = {3, -1, 9, 0, 4};
        for (int[] row : renamed) {
            for (int h = 0; h < HEADS; h++) {
                row[h] = names[row[h] + 1];
            }
        }
        PatternTable other =
                new PatternTable(table.scenarioIds(), table.groups(), table.columns(), renamed, table.correct());
        GroupedSplit split = GroupedSplit.of(table.groups(), 0.7, 0.1, 0.2, 4);
        double[] first = predict(table, split);
        double[] second = predict(other, split);
        for (int i = 0; i < first.length; i++) {
            assertThat(second[i]).isCloseTo(first[i], offset(1e-9));
        }
    }

    private double[] predict(PatternTable table, GroupedSplit split) {
        try (FittedPredictor fitted = predictor().fit(table.rows(split.train()), table.rows(split.validation()), 7)) {
            return fitted.probabilityCorrect(table.rows(split.test()).labels());
        }
    }

    @Test
    void takesColumnsThatNeverChange() {
        PatternTable table = new Planted(300, 5, true).table;
        int[][] constant = new int[300][HEADS];
        PatternTable flat =
                new PatternTable(table.scenarioIds(), table.groups(), table.columns(), constant, table.correct());
        int right = 0;
        for (boolean outcome : flat.correct()) {
            right += outcome ? 1 : 0;
        }
        try (FittedPredictor fitted = predictor().fit(flat, flat, 1)) {
            double[] probability = fitted.probabilityCorrect(constant);
            assertThat(probability).containsOnly(probability[0]);
            assertThat(probability[0]).isCloseTo(right / 300.0, offset(1e-3));
        }
    }

    @Test
    void refusesDamagedFilesBeforeNativeCodeSeesThem(@TempDir Path folder) throws IOException {
        PatternTable table = new Planted(300, 6, true).table;
        try (FittedPredictor fitted = predictor().fit(table, table, 1)) {
            fitted.save(folder);
        }
        Path model = folder.resolve("model.txt");
        Path description = folder.resolve("predictor.json");
        byte[] whole = Files.readAllBytes(model);
        byte[] json = Files.readAllBytes(description);
        Random random = new Random(3);
        for (int round = 0; round < 20; round++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(model, damaged);
            assertThatThrownBy(() -> BoostedTrees.load(folder))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("model.txt cannot be used");
            Files.write(model, Arrays.copyOf(whole, random.nextInt(whole.length)));
            assertThatThrownBy(() -> BoostedTrees.load(folder)).isInstanceOf(IllegalArgumentException.class);
        }
        Files.write(model, whole);
        for (int round = 0; round < 20; round++) {
            Files.write(description, Arrays.copyOf(json, random.nextInt(json.length)));
            assertThatThrownBy(() -> BoostedTrees.load(folder))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("predictor.json");
        }
        Files.delete(description);
        assertThatThrownBy(() -> BoostedTrees.load(folder)).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void refusesLabelsAndOptionsOutOfRange() {
        PatternTable table = new Planted(100, 6, true).table;
        int[][] huge = table.labels();
        huge[0][0] = 1_000_000;
        PatternTable wrong =
                new PatternTable(table.scenarioIds(), table.groups(), table.columns(), huge, table.correct());
        assertThatThrownBy(() -> predictor().fit(wrong, table, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000000");
        assertThatThrownBy(() -> new BoostedTrees.Options(0, 6, 0.1, 25, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BoostedTrees.Options(10, 6, Double.NaN, 25, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
