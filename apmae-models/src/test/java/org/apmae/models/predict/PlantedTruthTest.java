package org.apmae.models.predict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.predict.GroupedSplit;
import org.apmae.core.predict.PatternTable;
import org.junit.jupiter.api.Test;

/** Labels made from a known truth: a few of many heads decide the outcome, or none does. */
class PlantedTruthTest {
    private static final int LABELS = 4;

    private final List<Double> best = new ArrayList<>();

    /** Every {@code heads / deciding}-th head adds {@code strength} to the log-odds or takes it away. */
    private PatternTable table(int rows, int heads, int deciding, double strength, long seed) {
        best.clear();
        Random random = new Random(seed);
        int[][] labels = new int[rows][heads];
        boolean[] correct = new boolean[rows];
        List<String> ids = new ArrayList<>();
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            double logOdds = 0;
            for (int h = 0; h < heads; h++) {
                labels[i][h] = random.nextInt(LABELS) - 1;
                if (deciding > 0 && h % (heads / deciding) == 0) {
                    // labels in no order: -1 and 1 speak for, 0 and 2 against
                    logOdds += labels[i][h] % 2 == 0 ? -strength : strength;
                }
            }
            double probability = 1 / (1 + Math.exp(-logOdds));
            best.add(Math.max(probability, 1 - probability));
            correct[i] = random.nextDouble() < probability;
            ids.add("s" + i);
            groups.add("file" + i / 4);
        }
        List<String> columns = IntStream.range(0, heads)
                .mapToObj(h -> "L" + h / 25 + "H" + h % 25)
                .toList();
        return new PatternTable(ids, groups, columns, labels, correct);
    }

    private static FittedPredictor fit(PatternTable table, GroupedSplit split) {
        return new BoostedTrees(BoostedTrees.Options.paper())
                .fit(table.rows(split.train()), table.rows(split.validation()), 3);
    }

    @Test
    void tenOfFiveHundredHeadsAreFoundAndTheAccuracyIsNearBayes() {
        int heads = 500;
        int deciding = 10;
        PatternTable table = table(6000, heads, deciding, 0.9, 11);
        GroupedSplit split = GroupedSplit.of(table.groups(), 0.65, 0.1, 0.25, 4);
        PatternTable test = table.rows(split.test());
        double bayes =
                IntStream.of(split.test()).mapToDouble(best::get).average().orElseThrow();
        try (FittedPredictor fitted = fit(table, split)) {
            BinaryMetrics metrics =
                    BinaryMetrics.of(test.correct(), fitted.probabilityCorrect(test.labels()), test.groups(), 1);
            double[] size = new double[heads];
            for (double[] row : fitted.attribute(test.labels()).contributions()) {
                for (int h = 0; h < heads; h++) {
                    size[h] += Math.abs(row[h]);
                }
            }
            List<Integer> top = IntStream.range(0, heads)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer h) -> -size[h]))
                    .limit(deciding)
                    .sorted()
                    .toList();
            System.out.printf("planted: accuracy %s, Bayes rate %.3f%n", metrics.accuracy(), bayes);
            assertThat(top)
                    .isEqualTo(IntStream.range(0, deciding)
                            .mapToObj(i -> i * heads / deciding)
                            .toList());
            assertThat(metrics.accuracy().value()).isGreaterThan(bayes - 0.02);
        }
    }

    @Test
    void withoutSignalTheIntervalsCoverOneHalf() {
        int accuracy = 0;
        int auc = 0;
        for (int seed = 0; seed < 100; seed++) {
            PatternTable table = table(600, 30, 0, 0, 1000 + seed);
            GroupedSplit split = GroupedSplit.of(table.groups(), 0.5, 0.15, 0.35, seed);
            PatternTable test = table.rows(split.test());
            try (FittedPredictor fitted = fit(table, split)) {
                BinaryMetrics metrics =
                        BinaryMetrics.of(test.correct(), fitted.probabilityCorrect(test.labels()), test.groups(), seed);
                accuracy += metrics.accuracy().contains(0.5) ? 1 : 0;
                auc += metrics.auc().contains(0.5) ? 1 : 0;
            }
        }
        System.out.printf("no signal: accuracy covers one half in %d of 100, AUC in %d%n", accuracy, auc);
        assertThat(accuracy).isGreaterThanOrEqualTo(93);
        assertThat(auc).isGreaterThanOrEqualTo(93);
    }
}
