package org.apmae.models.cluster.measure;

import java.util.HashMap;
import java.util.Map;

/**
 * How far two labellings of the same rows agree, whatever the numbering. Every label counts as a class of its own, noise
 * included. Stateless and thread-safe.
 */
public final class Agreement {
    private final long rows;
    private final Map<Long, Integer> cells = new HashMap<>();
    private final Map<Integer, Integer> first = new HashMap<>();
    private final Map<Integer, Integer> second = new HashMap<>();

    private Agreement(int[] a, int[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("one labelling has " + a.length + " rows and the other " + b.length
                    + "; give two labellings of the same rows");
        }
        rows = a.length;
        for (int i = 0; i < a.length; i++) {
            cells.merge(((long) a[i] << 32) | (b[i] & 0xFFFFFFFFL), 1, Integer::sum);
            first.merge(a[i], 1, Integer::sum);
            second.merge(b[i], 1, Integer::sum);
        }
    }

    /**
     * Computes the adjusted Rand index.
     *
     * @param a N labels
     * @param b N labels
     * @return 1 for the same partition, 0 in the mean for independent ones, at least -1; 1 where N is below 2
     * @throws IllegalArgumentException if the lengths differ
     * @see <a href="https://doi.org/10.1007/BF01908075">Hubert and Arabie (1985)</a>
     */
    public static double adjustedRand(int[] a, int[] b) {
        Agreement table = new Agreement(a, b);
        double together = pairs(table.cells);
        double inFirst = pairs(table.first);
        double inSecond = pairs(table.second);
        double all = table.rows * (table.rows - 1) / 2.0;
        double expected = all == 0 ? 0 : inFirst * inSecond / all;
        double most = (inFirst + inSecond) / 2;
        return most == expected ? 1 : (together - expected) / (most - expected);
    }

    /**
     * Computes the mutual information divided by the mean of the two entropies.
     *
     * @param a N labels
     * @param b N labels
     * @return 0 for independent labellings to 1 for the same partition; 0 where both have one class only, since nothing is told
     * @throws IllegalArgumentException if the lengths differ
     */
    public static double normalizedMutualInformation(int[] a, int[] b) {
        Agreement table = new Agreement(a, b);
        double entropies = table.entropy(table.first) + table.entropy(table.second);
        double shared = entropies - table.entropy(table.cells);
        return entropies <= 0 ? 0 : Math.min(1, Math.max(0, 2 * shared / entropies));
    }

    private static double pairs(Map<?, Integer> counts) {
        // Whole numbers, so the sum does not depend on the order of the table.
        long sum = 0;
        for (long count : counts.values()) {
            sum += count * (count - 1) / 2;
        }
        return sum;
    }

    private double entropy(Map<?, Integer> counts) {
        // Sorted, so that the sum does not depend on the order of the table.
        return counts.values().stream()
                .sorted()
                .mapToDouble(count -> -(double) count / rows * Math.log((double) count / rows))
                .sum();
    }
}
