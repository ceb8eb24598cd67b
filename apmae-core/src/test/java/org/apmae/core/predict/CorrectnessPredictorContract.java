package org.apmae.core.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link CorrectnessPredictor} must do. */
public abstract class CorrectnessPredictorContract {
    private static final int COLUMNS = 6;

    /**
     * Makes the predictor under test.
     *
     * @return a predictor
     */
    protected abstract CorrectnessPredictor predictor();

    /**
     * Loads what {@link FittedPredictor#save} wrote.
     *
     * @param folder the folder
     * @return the predictor
     */
    protected abstract FittedPredictor load(Path folder);

    /** A table where the first column decides nine times of ten. */
    private static PatternTable table(int rows, long seed) {
        Random random = new Random(seed);
        int[][] labels = new int[rows][COLUMNS];
        boolean[] correct = new boolean[rows];
        List<String> ids = new ArrayList<>();
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            for (int c = 0; c < COLUMNS; c++) {
                labels[i][c] = random.nextInt(4) - 1;
            }
            correct[i] = (labels[i][0] % 2 == 0) ^ (random.nextInt(10) == 0);
            ids.add("s" + i);
            groups.add("g" + i / 4);
        }
        return new PatternTable(ids, groups, List.of("L0H0", "L0H1", "L0H2", "L1H0", "L1H1", "L1H2"), labels, correct);
    }

    @Test
    void learnsWhatDecidesAndNamesTheColumn() {
        PatternTable test = table(400, 3);
        try (FittedPredictor fitted = predictor().fit(table(600, 1), table(200, 2), 5)) {
            double[] probability = fitted.probabilityCorrect(test.labels());
            assertThat(probability).hasSize(400);
            for (double p : probability) {
                assertThat(p).isBetween(0.0, 1.0);
            }
            assertThat(BinaryMetrics.auc(test.correct(), probability)).isGreaterThan(0.85);
            double[] size = new double[COLUMNS];
            for (double[] row : fitted.attribute(test.labels()).contributions()) {
                for (int c = 0; c < COLUMNS; c++) {
                    size[c] += Math.abs(row[c]);
                }
            }
            assertThat(size[0]).isEqualTo(Arrays.stream(size).max().orElseThrow());
        }
    }

    @Test
    void contributionsAndExpectedValueSumToTheLogOdds() {
        PatternTable test = table(300, 3);
        int[][] labels = test.labels();
        labels[0][0] = 77;
        try (FittedPredictor fitted = predictor().fit(table(600, 1), table(200, 2), 5)) {
            Attribution attribution = fitted.attribute(labels);
            double[] probability = fitted.probabilityCorrect(labels);
            double[][] contributions = attribution.contributions();
            assertThat(contributions).hasDimensions(300, COLUMNS);
            for (int i = 0; i < labels.length; i++) {
                double sum = attribution.expectedValue()
                        + Arrays.stream(contributions[i]).sum();
                assertThat(sum).isCloseTo(Math.log(probability[i] / (1 - probability[i])), offset(1e-6));
            }
        }
    }

    @Test
    void sameSeedWritesTheSameBytesAndReadsTheSamePredictions(@TempDir Path folder) throws IOException {
        PatternTable test = table(100, 3);
        double[] expected;
        try (FittedPredictor first = predictor().fit(table(600, 1), table(200, 2), 5);
                FittedPredictor second = predictor().fit(table(600, 1), table(200, 2), 5)) {
            first.save(folder.resolve("a"));
            second.save(folder.resolve("b"));
            second.save(folder.resolve("b"));
            expected = first.probabilityCorrect(test.labels());
        }
        try (Stream<Path> files = Files.list(folder.resolve("a"))) {
            for (Path file : files.toList()) {
                assertThat(file).hasSameBinaryContentAs(folder.resolve("b").resolve(file.getFileName()));
            }
        }
        try (FittedPredictor loaded = load(folder.resolve("a"))) {
            assertThat(loaded.probabilityCorrect(test.labels())).isEqualTo(expected);
        }
    }

    @Test
    void aLabelNeverSeenIsUnknownAndNoRowGivesNoPrediction() {
        try (FittedPredictor fitted = predictor().fit(table(600, 1), table(200, 2), 5)) {
            int[][] unseen = new int[2][COLUMNS];
            Arrays.fill(unseen[0], 40);
            Arrays.fill(unseen[1], 50_000);
            double[] probability = fitted.probabilityCorrect(unseen);
            assertThat(probability[0]).isEqualTo(probability[1]);
            assertThat(fitted.probabilityCorrect(new int[0][])).isEmpty();
            Attribution none = fitted.attribute(new int[0][]);
            assertThat(none.contributions()).isEmpty();
            assertThat(none.expectedValue()).isEqualTo(fitted.attribute(unseen).expectedValue());
        }
    }

    @Test
    void refusesTablesAndRowsThatDoNotFit() {
        PatternTable train = table(100, 1);
        PatternTable empty = train.rows(new int[0]);
        assertThatThrownBy(() -> predictor().fit(empty, train, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> predictor().fit(train, empty, 1)).isInstanceOf(IllegalArgumentException.class);
        PatternTable others = new PatternTable(
                train.scenarioIds(),
                train.groups(),
                List.of("a", "b", "c", "d", "e", "f"),
                train.labels(),
                train.correct());
        assertThatThrownBy(() -> predictor().fit(train, others, 1)).isInstanceOf(IllegalArgumentException.class);
        PatternTable oneOutcome = new PatternTable(
                train.scenarioIds(), train.groups(), train.columns(), train.labels(), new boolean[100]);
        assertThatThrownBy(() -> predictor().fit(oneOutcome, train, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both outcomes");
        try (FittedPredictor fitted = predictor().fit(train, train, 1)) {
            int[][] narrow = new int[1][COLUMNS - 1];
            assertThatThrownBy(() -> fitted.probabilityCorrect(narrow)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> fitted.attribute(narrow)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void saysThatItIsClosed(@TempDir Path folder) {
        FittedPredictor fitted = predictor().fit(table(100, 1), table(100, 2), 1);
        fitted.close();
        fitted.close();
        assertThatThrownBy(() -> fitted.probabilityCorrect(new int[1][COLUMNS]))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> fitted.attribute(new int[1][COLUMNS])).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> fitted.save(folder)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void numbersCountBesideLabels() {
        PatternTable train = withNumbers(table(800, 1), 1);
        PatternTable test = withNumbers(table(400, 3), 3);
        try (FittedPredictor fitted = predictor().fit(train, withNumbers(table(200, 2), 2), 5)) {
            double[] probability = fitted.probabilityCorrect(test.labels(), test.numbers());
            assertThat(BinaryMetrics.auc(test.correct(), probability)).isGreaterThan(0.97);
            Attribution attribution = fitted.attribute(test.labels(), test.numbers());
            for (int i = 0; i < test.size(); i++) {
                double sum = attribution.expectedValue();
                for (double contribution : attribution.contributions()[i]) {
                    sum += contribution;
                }
                assertThat(1 / (1 + Math.exp(-sum))).isCloseTo(probability[i], offset(1e-6));
            }
            assertThat(attribution.meanContributions()).hasSize(COLUMNS + 2);
            assertThatThrownBy(() -> fitted.probabilityCorrect(test.labels()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> fitted.attribute(test.labels(), new double[1][2]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** One number that tells the outcome, and one that means nothing and is often unknown. */
    private static PatternTable withNumbers(PatternTable table, long seed) {
        Random random = new Random(seed);
        double[][] numbers = new double[table.size()][];
        boolean[] correct = table.correct();
        for (int i = 0; i < numbers.length; i++) {
            double noise = random.nextInt(3) == 0 ? Double.NaN : random.nextGaussian();
            numbers[i] = new double[] {(correct[i] ? 1 : -1) + 0.4 * random.nextGaussian(), noise};
        }
        return new PatternTable(
                table.scenarioIds(),
                table.groups(),
                table.columns(),
                table.labels(),
                List.of("signal", "noise"),
                numbers,
                correct);
    }
}
