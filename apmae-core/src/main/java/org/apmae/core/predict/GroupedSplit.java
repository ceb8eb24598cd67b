package org.apmae.core.predict;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Rows split into train, validation and test so that no group lies on two sides. Immutable and thread-safe.
 *
 * <p>Groups are taken in a random order and each goes to the side that lacks most rows, so a side exceeds its share by less
 * than the rows of the largest group.
 */
public final class GroupedSplit {
    private static final int SIDES = 3;
    private final int[][] rows;

    private GroupedSplit(int[][] rows) {
        this.rows = rows;
    }

    /**
     * Splits rows.
     *
     * @param groups the group of every row; the split depends on the names, not on the order of the rows
     * @param trainShare share of rows to learn from, above 0
     * @param validationShare share of rows for early stopping, 0 or more
     * @param testShare share of rows to judge by, 0 or more; the three sum to 1
     * @param seed seed of the order of groups
     * @return the split; a side with a share above 0 has at least one group
     * @throws IllegalArgumentException if the shares do not sum to 1 or there are fewer groups than sides with a share
     */
    public static GroupedSplit of(
            List<String> groups, double trainShare, double validationShare, double testShare, long seed) {
        double[] shares = {trainShare, validationShare, testShare};
        if (!(trainShare > 0 && validationShare >= 0 && testShare >= 0)
                || Math.abs(trainShare + validationShare + testShare - 1) > 1e-9) {
            throw new IllegalArgumentException("the shares are " + Arrays.toString(shares)
                    + "; give three that sum to 1, none negative and the first above 0");
        }
        Map<String, List<Integer>> members = new TreeMap<>();
        for (int row = 0; row < groups.size(); row++) {
            members.computeIfAbsent(groups.get(row), name -> new ArrayList<>()).add(row);
        }
        int wanted = (int) Arrays.stream(shares).filter(share -> share > 0).count();
        if (members.size() < wanted) {
            throw new IllegalArgumentException("there are " + members.size() + " groups for " + wanted
                    + " sides; give rows of more groups or fewer sides");
        }
        List<String> order = new ArrayList<>(members.keySet());
        Collections.shuffle(order, new Random(seed));

        List<List<Integer>> sides = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < order.size(); i++) {
            List<Integer> group = members.get(order.get(i));
            long empty = 0;
            for (int s = 0; s < SIDES; s++) {
                empty += shares[s] > 0 && sides.get(s).isEmpty() ? 1 : 0;
            }
            boolean mustFill = order.size() - i <= empty;
            int best = -1;
            double bestLack = 0;
            for (int s = 0; s < SIDES; s++) {
                double lack = shares[s] * groups.size() - sides.get(s).size();
                boolean open = shares[s] > 0 && (!mustFill || sides.get(s).isEmpty());
                if (open && (best < 0 || lack > bestLack)) {
                    best = s;
                    bestLack = lack;
                }
            }
            sides.get(best).addAll(group);
        }
        int[][] rows = new int[SIDES][];
        for (int s = 0; s < SIDES; s++) {
            rows[s] = sides.get(s).stream().mapToInt(Integer::intValue).sorted().toArray();
        }
        return new GroupedSplit(rows);
    }

    /**
     * Returns the rows to learn from.
     *
     * @return ascending row numbers; a copy
     */
    public int[] train() {
        return rows[0].clone();
    }

    /**
     * Returns the rows for early stopping.
     *
     * @return ascending row numbers; a copy
     */
    public int[] validation() {
        return rows[1].clone();
    }

    /**
     * Returns the rows to judge by.
     *
     * @return ascending row numbers; a copy
     */
    public int[] test() {
        return rows[2].clone();
    }
}
