package org.apmae.core.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Paired changes, Holm's correction, risk against coverage, and the stability of rankings. */
class ChangeStatisticsTest {
    private static List<String> groups(int rows, int size) {
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            groups.add("file" + i / size);
        }
        return groups;
    }

    @Test
    void aChangeIsCountedBothWays() {
        boolean[] before = {true, true, false, false, false, true};
        boolean[] after = {true, false, true, true, false, true};
        double[] lossBefore = {1, 1, 2, 2, 2, 1};
        double[] lossAfter = {1, 3, 1, 1, 2, 1};
        PairedChange change = PairedChange.of(before, after, lossBefore, lossAfter, groups(6, 1), 1);
        assertThat(change.mended()).isEqualTo(2);
        assertThat(change.broken()).isEqualTo(1);
        assertThat(change.accuracy().value()).isCloseTo(4 / 6.0, offset(1e-12));
        assertThat(change.accuracyChange().value()).isCloseTo(1 / 6.0, offset(1e-12));
        assertThat(change.lossChange().value()).isCloseTo(0, offset(1e-12));
        assertThat(change.mcNemar()).isEqualTo(PairedComparison.mcNemar(2, 1));
        assertThatThrownBy(() -> PairedChange.of(before, new boolean[2], lossBefore, lossAfter, groups(6, 1), 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void pairingMakesAnIntervalNarrow() {
        Random random = new Random(2);
        int n = 400;
        boolean[] before = new boolean[n];
        boolean[] after = new boolean[n];
        double[] loss = new double[n];
        for (int i = 0; i < n; i++) {
            before[i] = random.nextBoolean();
            after[i] = before[i] || random.nextDouble() < 0.06;
        }
        PairedChange change = PairedChange.of(before, after, loss, loss, groups(n, 2), 1);
        Interval paired = change.accuracyChange();
        Interval single = change.accuracy();
        assertThat(paired.low()).isPositive();
        assertThat(paired.high() - paired.low()).isLessThan(0.5 * (single.high() - single.low()));
    }

    @Test
    void holmsCorrectionOfAHandMadeExample() {
        assertThat(PairedChange.holm(new double[] {0.01, 0.04, 0.03, 0.005}))
                .containsExactly(new double[] {0.03, 0.06, 0.06, 0.02}, offset(1e-12));
        assertThat(PairedChange.holm(new double[] {0.6, 0.7})).containsExactly(1, 1);
        assertThat(PairedChange.holm(new double[0])).isEmpty();
        assertThatThrownBy(() -> PairedChange.holm(new double[] {1.5})).hasMessageContaining("1.5");
    }

    @Test
    void holmsCorrectionHoldsTheLevelOverAllTests() {
        Random random = new Random(4);
        int hurt = 0;
        for (int round = 0; round < 2000; round++) {
            double[] p = random.doubles(20).toArray();
            boolean any = false;
            for (double corrected : PairedChange.holm(p)) {
                any |= corrected < 0.05;
            }
            hurt += any ? 1 : 0;
        }
        assertThat(hurt / 2000.0).isBetween(0.03, 0.065);
    }

    @Test
    void riskFallsWhereProbabilitiesAreGood() {
        boolean[] correct = {true, true, true, true, false, true, false, false, false, false};
        double[] probability = {0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2};
        RiskCoverage curve = RiskCoverage.of(correct, probability, groups(10, 1), 1);
        assertThat(curve.points()).hasSize(10);
        double[] risks = curve.points().stream()
                .mapToDouble(point -> point.risk().value())
                .toArray();
        assertThat(risks)
                .containsExactly(
                        new double[] {0, 0, 0, 0, 1 / 5.0, 1 / 6.0, 2 / 7.0, 3 / 8.0, 4 / 9.0, 0.5}, offset(1e-9));
        assertThat(curve.points().get(3).threshold()).isEqualTo(0.8);
        double mean = 0;
        for (double risk : risks) {
            mean += risk / 10;
        }
        assertThat(curve.area().value()).isCloseTo(mean, offset(1e-9));
        assertThat(curve.points().get(9).risk().contains(0.5)).isTrue();
    }

    @Test
    void equalProbabilitiesHaveOneRisk() {
        boolean[] correct = {true, false, true, false};
        RiskCoverage curve = RiskCoverage.of(correct, new double[] {0.5, 0.5, 0.5, 0.5}, groups(4, 1), 1);
        assertThat(curve.points())
                .allSatisfy(point -> assertThat(point.risk().value()).isCloseTo(0.5, offset(1e-9)));
        assertThat(curve.area().value()).isCloseTo(0.5, offset(1e-9));
    }

    @Test
    void stabilityIsOneForTheSameRankingAndChanceForOthers() {
        double[] values = new Random(1).doubles(100).toArray();
        RankingStability same = RankingStability.of(values, new double[][] {values, values.clone()}, 10);
        assertThat(same.rankCorrelation()).isCloseTo(1, offset(1e-12));
        assertThat(same.topKept()).isCloseTo(1, offset(1e-12));
        double[][] others = new double[200][];
        for (int i = 0; i < others.length; i++) {
            others[i] = new Random(100 + i).doubles(100).toArray();
        }
        RankingStability chance = RankingStability.of(values, others, 10);
        assertThat(chance.rankCorrelation()).isCloseTo(0, offset(0.03));
        assertThat(chance.topKept()).isCloseTo(chance.topByChance(), offset(0.02));
        double[] reversed = new double[] {3, 2, 1};
        assertThat(RankingStability.of(new double[] {1, 2, 3}, new double[][] {reversed}, 1)
                        .rankCorrelation())
                .isCloseTo(-1, offset(1e-12));
        assertThatThrownBy(() -> RankingStability.of(values, new double[0][], 10))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aResampleDrawsWholeGroups() {
        List<String> groups = groups(60, 3);
        int[] rows = RankingStability.resample(groups, 5);
        assertThat(rows).hasSize(60);
        int[] times = new int[60];
        for (int row : rows) {
            times[row]++;
        }
        for (int i = 0; i < 60; i += 3) {
            assertThat(times[i]).isEqualTo(times[i + 1]).isEqualTo(times[i + 2]);
        }
        assertThat(Arrays.stream(rows).distinct().count()).isLessThan(60);
    }

    @Test
    void fewGroupsCutOffLess() {
        assertThat(GroupBootstrap.tail(1_000_000)).isCloseTo(0.025, offset(1e-5));
        // Student's quantile with 19 degrees of freedom is 2.093; times sqrt(20/19) it is 2.147
        assertThat(GroupBootstrap.tail(20)).isCloseTo(0.0159, offset(2e-4));
    }
}
