package org.apmae.core.predict;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How much of a ranking is left when everything is fitted again on resamples. Immutable.
 *
 * @param rankCorrelation mean over resamples of Spearman's correlation with the ranking on all rows, -1 to 1; NaN where one of
 *     the rankings has all values alike
 * @param topKept mean share of the first {@code top} columns that are among the first {@code top} of a resample, 0 to 1
 * @param topByChance what {@code topKept} would be for rankings that have nothing in common
 * @param top how many columns count as the top
 * @param resamples number of resamples
 */
public record RankingStability(double rankCorrelation, double topKept, double topByChance, int top, int resamples) {
    /**
     * Compares rankings by value, largest first.
     *
     * @param values C values, one a column; borrowed
     * @param resampled R rows of C values, at least one; borrowed
     * @param top how many columns count as the top, 1 to C
     * @return the comparison
     * @throws IllegalArgumentException if there is no resample, a row has another size or {@code top} is out of range
     */
    public static RankingStability of(double[] values, double[][] resampled, int top) {
        if (resampled.length == 0 || top < 1 || top > values.length) {
            throw new IllegalArgumentException("there are " + resampled.length + " resamples, " + values.length
                    + " columns and a top of " + top + "; give at least one resample and a top of 1 to the columns");
        }
        double[] ranks = ranks(values);
        Set<Integer> first = first(values, top);
        double correlation = 0;
        double kept = 0;
        for (double[] row : resampled) {
            if (row.length != values.length) {
                throw new IllegalArgumentException(
                        "a resample has " + row.length + " columns, but the ranking has " + values.length);
            }
            correlation += correlation(ranks, ranks(row)) / resampled.length;
            Set<Integer> both = new HashSet<>(first(row, top));
            both.retainAll(first);
            kept += (double) both.size() / top / resampled.length;
        }
        return new RankingStability(correlation, kept, (double) top / values.length, top, resampled.length);
    }

    /**
     * Draws groups with replacement.
     *
     * @param groups N names
     * @param seed seed of the draw
     * @return the rows of the groups drawn, those of a group drawn twice twice
     */
    public static int[] resample(List<String> groups, long seed) {
        Map<String, List<Integer>> members = new LinkedHashMap<>();
        for (int row = 0; row < groups.size(); row++) {
            members.computeIfAbsent(groups.get(row), name -> new ArrayList<>()).add(row);
        }
        List<List<Integer>> all = new ArrayList<>(members.values());
        Random random = new Random(seed);
        return IntStream.range(0, all.size())
                .mapToObj(draw -> all.get(random.nextInt(all.size())))
                .flatMap(List::stream)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static List<Integer> order(double[] values) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingDouble((Integer i) -> -values[i]));
        return Collections.unmodifiableList(order);
    }

    private static Set<Integer> first(double[] values, int top) {
        return new HashSet<>(order(values).subList(0, top));
    }

    /** Equal values share the mean of their ranks. */
    private static double[] ranks(double[] values) {
        List<Integer> order = order(values);
        double[] ranks = new double[values.length];
        int from = 0;
        while (from < ranks.length) {
            int to = from;
            while (to < ranks.length && values[order.get(to)] == values[order.get(from)]) {
                to++;
            }
            for (int i = from; i < to; i++) {
                ranks[order.get(i)] = (from + to - 1) / 2.0;
            }
            from = to;
        }
        return ranks;
    }

    private static double correlation(double[] a, double[] b) {
        double mean = (a.length - 1) / 2.0;
        double both = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            both += (a[i] - mean) * (b[i] - mean);
            squareA += (a[i] - mean) * (a[i] - mean);
            squareB += (b[i] - mean) * (b[i] - mean);
        }
        return both / Math.sqrt(squareA * squareB);
    }
}
