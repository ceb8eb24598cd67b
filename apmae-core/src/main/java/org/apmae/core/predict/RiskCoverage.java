package org.apmae.core.predict;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What abstaining buys: the rows whose probability is highest are answered, the others are not, and the risk is the share of
 * wrong ones among those answered. Intervals are of 95 %, from 1,000 bootstrap resamples over groups. Immutable.
 *
 * @param points at a tenth, two tenths and so on to all rows
 * @param area mean risk over all coverages, the area under the curve; smaller is better, the risk at full coverage is what
 *     abstaining at random gives
 * @see <a href="https://arxiv.org/abs/1705.08500">Geifman and El-Yaniv: Selective Classification for Deep Neural Networks</a>
 */
public record RiskCoverage(List<Point> points, Interval area) {
    private static final int POINTS = 10;

    /**
     * One point of the curve.
     *
     * @param coverage share of rows answered, above 0 to 1
     * @param threshold the probability from which on a row is answered, 0 to 1
     * @param risk share of wrong rows among those answered
     */
    public record Point(double coverage, double threshold, Interval risk) {}

    /** Copies the points. */
    public RiskCoverage {
        points = List.copyOf(points);
    }

    /**
     * Measures a curve.
     *
     * @param correct N outcomes; borrowed
     * @param probability N finite scores, larger where a correct outcome is more likely; borrowed
     * @param groups N names; rows of one group are drawn together
     * @param seed seed of the resamples
     * @return the curve
     * @throws IllegalArgumentException if the sizes differ, there is no row or a score is not finite
     */
    public static RiskCoverage of(boolean[] correct, double[] probability, List<String> groups, long seed) {
        BinaryMetrics.check(correct.length, probability.length, groups.size());
        int[] order = BinaryMetrics.ascending(probability);
        Interval[] found =
                new GroupBootstrap(groups).intervals(weights -> risks(correct, probability, order, weights), seed);
        List<Point> points = new ArrayList<>();
        for (int point = 1; point <= POINTS; point++) {
            int answered = Math.max(1, (int) Math.round((double) point * order.length / POINTS));
            points.add(
                    new Point((double) point / POINTS, probability[order[order.length - answered]], found[point - 1]));
        }
        return new RiskCoverage(Collections.unmodifiableList(points), found[POINTS]);
    }

    /** The risks at the points, then the area. Rows of equal score share their outcome evenly, so their order means nothing. */
    private static double[] risks(boolean[] correct, double[] scores, int[] order, int[] weights) {
        long all = 0;
        for (int weight : weights) {
            all += weight;
        }
        double[] risks = new double[POINTS + 1];
        double answered = 0;
        double wrong = 0;
        double area = 0;
        int point = 1;
        int at = order.length - 1;
        while (at >= 0) {
            double score = scores[order[at]];
            double tied = 0;
            double tiedWrong = 0;
            while (at >= 0 && scores[order[at]] == score) {
                int row = order[at--];
                tied += weights[row];
                tiedWrong += correct[row] ? 0 : weights[row];
            }
            while (point <= POINTS && answered + tied >= Math.max(1, (double) point * all / POINTS) - 1e-9) {
                double wanted = Math.max(1, (double) point * all / POINTS);
                risks[point - 1] = (wrong + (wanted - answered) * (tied == 0 ? 0 : tiedWrong / tied)) / wanted;
                point++;
            }
            for (int i = 1; i <= tied; i++) {
                area += (wrong + i * tiedWrong / tied) / (answered + i) / all;
            }
            answered += tied;
            wrong += tiedWrong;
        }
        risks[POINTS] = area;
        return risks;
    }
}
