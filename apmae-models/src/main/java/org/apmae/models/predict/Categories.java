package org.apmae.models.predict;

import java.util.Arrays;
import java.util.List;

/** The labels that training showed in each column, and the table of numbers that LightGBM gets. Immutable. */
final class Categories {
    private final List<String> columns;
    private final int[][] known;

    private Categories(List<String> columns, int[][] known) {
        this.columns = columns;
        this.known = known;
    }

    static Categories of(List<String> columns, int[][] labels) {
        int[][] known = new int[columns.size()][];
        for (int c = 0; c < known.length; c++) {
            int column = c;
            known[c] = Arrays.stream(labels)
                    .mapToInt(row -> row[column])
                    .sorted()
                    .distinct()
                    .toArray();
        }
        return ofKnown(columns, known);
    }

    /**
     * Takes over the labels of each column.
     *
     * @throws IllegalArgumentException if a label is out of range or those of a column do not ascend
     */
    static Categories ofKnown(List<String> columns, int[][] known) {
        if (known.length != columns.size()) {
            throw new IllegalArgumentException(known.length + " sets of labels for " + columns.size() + " columns");
        }
        for (int c = 0; c < known.length; c++) {
            for (int i = 0; i < known[c].length; i++) {
                int label = known[c][i];
                if (label < -1 || label > BoostedTrees.MOST_LABEL || (i > 0 && label <= known[c][i - 1])) {
                    throw new IllegalArgumentException("column " + columns.get(c) + " has the label " + label
                            + ", allowed are -1 (noise) to " + BoostedTrees.MOST_LABEL);
                }
            }
        }
        return new Categories(List.copyOf(columns), known);
    }

    List<String> columns() {
        return columns;
    }

    int[][] known() {
        return known;
    }

    /** Rows {@code from} to {@code to} as numbers: the label + 1, since LightGBM reads negative categories as missing. */
    float[] matrix(int[][] labels, int from, int to) {
        int width = columns.size();
        float[] matrix = new float[(to - from) * width];
        for (int i = from; i < to; i++) {
            if (labels[i].length != width) {
                throw new IllegalArgumentException("row " + i + " has " + labels[i].length
                        + " labels, but the predictor was fitted on " + width + " columns");
            }
            for (int c = 0; c < width; c++) {
                boolean seen = Arrays.binarySearch(known[c], labels[i][c]) >= 0;
                matrix[(i - from) * width + c] = seen ? labels[i][c] + 1 : Float.NaN;
            }
        }
        return matrix;
    }
}
