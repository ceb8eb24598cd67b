package org.apmae.core.predict;

import java.util.List;

/**
 * The pattern labels of scenarios and, where wanted, other numbers about them, with their outcome. Immutable and thread-safe.
 *
 * <p>Letters: N scenarios, C heads (columns of labels), K columns of numbers.
 */
public final class PatternTable {
    private final List<String> scenarioIds;
    private final List<String> groups;
    private final List<String> columns;
    private final int[][] labels;
    private final List<String> numberColumns;
    private final double[][] numbers;
    private final boolean[] correct;

    /**
     * Copies the arguments; there are no numbers.
     *
     * @param scenarioIds N ids
     * @param groups N groups (the source file or project); a split never puts one group on both sides
     * @param columns C names, usually heads as {@code L3H5}
     * @param labels N rows of C labels, -1 or more
     * @param correct N outcomes
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public PatternTable(
            List<String> scenarioIds, List<String> groups, List<String> columns, int[][] labels, boolean[] correct) {
        this(scenarioIds, groups, columns, labels, List.of(), new double[scenarioIds.size()][0], correct);
    }

    /**
     * Copies the arguments.
     *
     * @param scenarioIds N ids
     * @param groups N groups (the source file or project); a split never puts one group on both sides
     * @param columns C names, usually heads as {@code L3H5}
     * @param labels N rows of C labels, -1 or more
     * @param numberColumns K names
     * @param numbers N rows of K numbers; NaN where one is not known
     * @param correct N outcomes
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public PatternTable(
            List<String> scenarioIds,
            List<String> groups,
            List<String> columns,
            int[][] labels,
            List<String> numberColumns,
            double[][] numbers,
            boolean[] correct) {
        int n = scenarioIds.size();
        if (groups.size() != n || labels.length != n || numbers.length != n || correct.length != n) {
            throw new IllegalArgumentException("there are " + n + " scenarios, " + groups.size() + " groups, "
                    + labels.length + " rows of labels, " + numbers.length + " rows of numbers and " + correct.length
                    + " outcomes; give one of each");
        }
        this.numbers = new double[n][];
        for (int i = 0; i < n; i++) {
            if (numbers[i].length != numberColumns.size()) {
                throw new IllegalArgumentException("row " + i + " has " + numbers[i].length + " numbers, but there are "
                        + numberColumns.size() + " columns of them");
            }
            this.numbers[i] = numbers[i].clone();
        }
        this.numberColumns = List.copyOf(numberColumns);
        this.labels = new int[n][];
        for (int i = 0; i < n; i++) {
            if (labels[i].length != columns.size()) {
                throw new IllegalArgumentException("row " + i + " has " + labels[i].length + " labels, but there are "
                        + columns.size() + " columns");
            }
            this.labels[i] = labels[i].clone();
        }
        this.scenarioIds = List.copyOf(scenarioIds);
        this.groups = List.copyOf(groups);
        this.columns = List.copyOf(columns);
        this.correct = correct.clone();
    }

    /**
     * Returns the number of scenarios.
     *
     * @return N
     */
    public int size() {
        return scenarioIds.size();
    }

    /**
     * Returns the scenario ids.
     *
     * @return N ids
     */
    public List<String> scenarioIds() {
        return scenarioIds;
    }

    /**
     * Returns the groups.
     *
     * @return N groups
     */
    public List<String> groups() {
        return groups;
    }

    /**
     * Returns the names of the columns.
     *
     * @return C names
     */
    public List<String> columns() {
        return columns;
    }

    /**
     * Returns the labels.
     *
     * @return N rows of C labels; a copy
     */
    public int[][] labels() {
        int[][] copy = new int[labels.length][];
        for (int i = 0; i < labels.length; i++) {
            copy[i] = labels[i].clone();
        }
        return copy;
    }

    /**
     * Returns the names of the columns of numbers.
     *
     * @return K names, often none
     */
    public List<String> numberColumns() {
        return numberColumns;
    }

    /**
     * Returns the numbers.
     *
     * @return N rows of K numbers; a copy
     */
    public double[][] numbers() {
        double[][] copy = new double[numbers.length][];
        for (int i = 0; i < numbers.length; i++) {
            copy[i] = numbers[i].clone();
        }
        return copy;
    }

    /**
     * Returns the outcomes.
     *
     * @return N values; a copy
     */
    public boolean[] correct() {
        return correct.clone();
    }

    /**
     * Returns some of the rows.
     *
     * @param rows zero-based row numbers, in the order wanted
     * @return a new table
     * @throws IndexOutOfBoundsException if a row does not exist
     */
    public PatternTable rows(int[] rows) {
        String[] ids = new String[rows.length];
        String[] rowGroups = new String[rows.length];
        int[][] rowLabels = new int[rows.length][];
        double[][] rowNumbers = new double[rows.length][];
        boolean[] outcomes = new boolean[rows.length];
        for (int i = 0; i < rows.length; i++) {
            ids[i] = scenarioIds.get(rows[i]);
            rowGroups[i] = groups.get(rows[i]);
            rowLabels[i] = labels[rows[i]];
            rowNumbers[i] = numbers[rows[i]];
            outcomes[i] = correct[rows[i]];
        }
        return new PatternTable(
                List.of(ids), List.of(rowGroups), columns, rowLabels, numberColumns, rowNumbers, outcomes);
    }
}
