package org.apmae.core.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    private static List<String> groups(int rows, int each) {
        return IntStream.range(0, rows).mapToObj(i -> "g" + i / each).toList();
    }

    @Test
    void aucEqualsTheShareOfOrderedPairs() {
        Random random = new Random(1);
        for (int round = 0; round < 20; round++) {
            int n = 30 + round;
            boolean[] correct = new boolean[n];
            double[] scores = new double[n];
            for (int i = 0; i < n; i++) {
                correct[i] = i == 0 || (i != 1 && random.nextBoolean());
                scores[i] = random.nextInt(8);
            }
            double wins = 0;
            int pairs = 0;
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    if (correct[i] && !correct[j]) {
                        pairs++;
                        wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                    }
                }
            }
            assertThat(BinaryMetrics.auc(correct, scores)).isCloseTo(wins / pairs, offset(1e-12));
        }
        assertThat(BinaryMetrics.auc(new boolean[] {true}, new double[] {1})).isNaN();
    }

    @Test
    void figuresOfAHandMadeExample() {
        boolean[] correct = {true, true, true, false};
        double[] probability = {0.9, 0.6, 0.2, 0.5};
        BinaryMetrics metrics = BinaryMetrics.of(correct, probability, groups(4, 1), 1);
        assertThat(metrics.accuracy().value()).isEqualTo(0.5);
        assertThat(metrics.balancedAccuracy().value()).isCloseTo(1 / 3.0, offset(1e-12));
        assertThat(metrics.auc().value()).isCloseTo(2 / 3.0, offset(1e-12));
        assertThat(metrics.brier().value()).isCloseTo((0.01 + 0.16 + 0.64 + 0.25) / 4, offset(1e-12));
        assertThat(metrics.rows()).isEqualTo(4);
        assertThat(metrics.groups()).isEqualTo(4);
    }

    @Test
    void intervalsCoverTheTruthAboutAsOftenAsTheySay() {
        int covered = 0;
        int aucCovered = 0;
        int rounds = 200;
        for (int round = 0; round < rounds; round++) {
            Random random = new Random(round);
            int n = 300;
            boolean[] hits = new boolean[n];
            double[] scores = new double[n];
            for (int i = 0; i < n; i++) {
                hits[i] = random.nextDouble() < 0.7;
                scores[i] = random.nextDouble();
            }
            covered += BinaryMetrics.share(hits, groups(n, 3), round).contains(0.7) ? 1 : 0;
            aucCovered +=
                    BinaryMetrics.of(hits, scores, groups(n, 3), round).auc().contains(0.5) ? 1 : 0;
        }
        System.out.printf("covered %d and %d of %d%n", covered, aucCovered, rounds);
        assertThat(covered).isBetween(180, 199);
        assertThat(aucCovered).isBetween(180, 199);
    }

    @Test
    void rowsOfAGroupAreDrawnTogether() {
        // Groups of 10 equal rows know no more than one row each, so the interval is about sqrt(10) wider.
        Random random = new Random(3);
        boolean[] hits = new boolean[1000];
        for (int i = 0; i < hits.length; i++) {
            hits[i] = i % 10 == 0 ? random.nextBoolean() : hits[i - 1];
        }
        Interval grouped = BinaryMetrics.share(hits, groups(1000, 10), 1);
        Interval single = BinaryMetrics.share(hits, groups(1000, 1), 1);
        double ratio = (grouped.high() - grouped.low()) / (single.high() - single.low());
        assertThat(ratio).isBetween(2.7, 3.7);
    }

    @Test
    void oneGroupKnowsNoInterval() {
        Interval interval = BinaryMetrics.share(new boolean[] {true, false}, List.of("a", "a"), 1);
        assertThat(interval.value()).isEqualTo(0.5);
        assertThat(interval.low()).isNaN();
        assertThat(interval.contains(0.5)).isFalse();
    }

    @Test
    void pairedComparisonKnowsTheBetterOne() {
        Random random = new Random(5);
        int n = 400;
        boolean[] correct = new boolean[n];
        double[] good = new double[n];
        double[] bad = new double[n];
        for (int i = 0; i < n; i++) {
            correct[i] = random.nextBoolean();
            good[i] = (correct[i] ? 0.65 : 0.35) + 0.2 * random.nextGaussian();
            bad[i] = random.nextDouble();
        }
        PairedComparison comparison = PairedComparison.of(correct, good, bad, groups(n, 2), 1);
        assertThat(comparison.auc().low()).isPositive();
        assertThat(comparison.accuracy().low()).isPositive();
        assertThat(comparison.mcNemar()).isLessThan(1e-6);
        PairedComparison same = PairedComparison.of(correct, good, good, groups(n, 2), 1);
        assertThat(same.auc()).isEqualTo(new Interval(0, 0, 0));
        assertThat(same.mcNemar()).isEqualTo(1);
    }

    @Test
    void mcNemarEqualsTheBinomialTail() {
        assertThat(PairedComparison.mcNemar(0, 0)).isEqualTo(1);
        assertThat(PairedComparison.mcNemar(5, 5)).isEqualTo(1);
        assertThat(PairedComparison.mcNemar(0, 5)).isCloseTo(2 / 32.0, offset(1e-12));
        // 2 * (1 + 10 + 45) / 1024
        assertThat(PairedComparison.mcNemar(8, 2)).isCloseTo(112 / 1024.0, offset(1e-12));
        assertThat(PairedComparison.mcNemar(1000, 1000)).isEqualTo(1);
        assertThat(PairedComparison.mcNemar(1100, 900)).isBetween(5e-6, 1e-5);
        assertThatThrownBy(() -> PairedComparison.mcNemar(-1, 2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void splitKeepsGroupsWholeAndSharesClose() {
        Random random = new Random(8);
        for (long seed = 0; seed < 20; seed++) {
            List<String> groups = new ArrayList<>();
            for (int g = 0; g < 80; g++) {
                groups.addAll(Collections.nCopies(1 + random.nextInt(20), "file" + g));
            }
            Collections.shuffle(groups, random);
            GroupedSplit split = GroupedSplit.of(groups, 0.7, 0.1, 0.2, seed);
            int[][] sides = {split.train(), split.validation(), split.test()};
            double[] shares = {0.7, 0.1, 0.2};
            Map<String, Integer> sideOf = new HashMap<>();
            boolean[] seen = new boolean[groups.size()];
            for (int s = 0; s < 3; s++) {
                for (int row : sides[s]) {
                    assertThat(seen[row]).isFalse();
                    seen[row] = true;
                    assertThat(sideOf.computeIfAbsent(groups.get(row), name -> -1))
                            .isIn(-1, s);
                    sideOf.put(groups.get(row), s);
                }
                assertThat(Math.abs(sides[s].length - shares[s] * groups.size()))
                        .isLessThanOrEqualTo(40);
            }
            assertThat(seen).doesNotContain(false);
            assertThat(GroupedSplit.of(groups, 0.7, 0.1, 0.2, seed).test()).isEqualTo(split.test());
        }
        GroupedSplit few = GroupedSplit.of(List.of("a", "b", "b", "b", "b", "c"), 0.8, 0.1, 0.1, 1);
        assertThat(few.train()).isNotEmpty();
        assertThat(few.validation()).isNotEmpty();
        assertThat(few.test()).isNotEmpty();
        assertThat(GroupedSplit.of(List.of("a", "b"), 0.5, 0.5, 0, 1).test()).isEmpty();
        assertThatThrownBy(() -> GroupedSplit.of(List.of("a", "a"), 0.8, 0.1, 0.1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GroupedSplit.of(List.of("a", "b", "c"), 0.8, 0.1, 0.2, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void baselinesAreFittedOnTheTrainingRows() {
        boolean[] trainCorrect = {false, false, false, true, true, false};
        double[] train = {0.1, 0.2, 0.3, 0.4, 0.9, 0.35};
        boolean[] testCorrect = {true, false, true, false};
        double[] test = {0.5, 0.36, 0.37, 0.9};
        Baselines.Confidence found = Baselines.confidence(train, trainCorrect, test, testCorrect, groups(4, 1), 1);
        assertThat(found.threshold()).isCloseTo(0.375, offset(1e-12));
        assertThat(found.accuracy().value()).isEqualTo(0.5);
        assertThat(found.auc().value()).isEqualTo(0.5);
        assertThat(Baselines.majority(trainCorrect, testCorrect, groups(4, 1), 1)
                        .value())
                .isEqualTo(0.5);
        assertThat(Baselines.majority(new boolean[] {true, true, false}, new boolean[] {true, true}, groups(2, 1), 1)
                        .value())
                .isEqualTo(1);
        boolean[] all = {true, true};
        assertThat(Baselines.confidence(new double[] {1, 2}, all, new double[] {1, 5}, all, groups(2, 1), 1)
                        .accuracy()
                        .value())
                .isEqualTo(1);
        boolean[] shuffled = Baselines.shuffled(trainCorrect, 3);
        assertThat(IntStream.range(0, 6).filter(i -> shuffled[i]).count()).isEqualTo(2);
    }

    @Test
    void refusesSizesAndValuesThatDoNotFit() {
        List<String> two = List.of("a", "b");
        boolean[] outcomes = {true, false};
        assertThatThrownBy(() -> BinaryMetrics.of(outcomes, new double[1], two, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> BinaryMetrics.of(outcomes, new double[] {0, Double.NaN}, two, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> BinaryMetrics.share(new boolean[0], List.of(), 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(Arrays.asList(BinaryMetrics.of(outcomes, new double[] {1, 0}, two, 1)
                        .accuracy()
                        .value()))
                .containsExactly(1.0);
    }

    @Test
    void aRatioIsOneOfSumsAndItsIntervalOneOfGroups() {
        double[] above = {1, 2, 3, 2, 4, 3};
        double[] below = {2, 4, 6, 5, 7, 6};
        List<String> groups = List.of("a", "a", "b", "b", "c", "c");
        Interval ratio = Interval.ratio(above, below, groups, 3);
        assertThat(ratio.value()).isEqualTo(0.5);
        assertThat(ratio.low()).isLessThan(0.5).isGreaterThanOrEqualTo(5.0 / 11);
        assertThat(ratio.high()).isGreaterThan(0.5).isLessThanOrEqualTo(7.0 / 13);
        assertThat(Interval.ratio(above, below, groups, 3)).isEqualTo(ratio);
        assertThat(Interval.ratio(above, below, List.of("a", "a", "a", "a", "a", "a"), 3)
                        .low())
                .isNaN();
        assertThatThrownBy(() -> Interval.ratio(above, new double[5], groups, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5");
    }
}
