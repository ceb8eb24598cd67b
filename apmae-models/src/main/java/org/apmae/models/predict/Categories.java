package org.apmae.models.predict;

import java.util.Arrays;
import java.util.List;
import org.apmae.core.predict.PatternTable;

/** The columns of a predictor, the labels that training showed in each, and the matrix that LightGBM gets. Immutable. */
final class Categories {
    private final List<String> columns;
    private final int[][] known;
    private final List<String> numbers;

    private Categories(List<String> columns, int[][] known, List<String> numbers) {
        this.columns = columns;
        this.known = known;
        this.numbers = numbers;
    }

    static Categories of(PatternTable table) {
        List<String> columns = table.columns();
        int[][] labels = table.labels();
        int[][] known = new int[columns.size()][];
        for (int c = 0; c < known.length; c++) {
            int column = c;
            known[c] = Arrays.stream(labels)
                    .mapToInt(row -> row[column])
                    .sorted()
                    .distinct()
                    .toArray();
        }
        return ofKnown(columns, known, table.numberColumns());
    }

    /**
     * Takes over the labels of each column.
     *
     * @throws IllegalArgumentException if a label is out of range or those of a column do not ascend
     */
    static Categories ofKnown(List<String> columns, int[][] known, List<String> numbers) {
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
        return new Categories(List.copyOf(columns), known, List.copyOf(numbers));
    }

    List<String> columns() {
        return columns;
    }

    int[][] known() {
        return known;
    }

    List<String> numbers() {
        return numbers;
    }

    /** Columns of labels and of numbers together. */
    int width() {
        return columns.size() + numbers.size();
    }

    /**
     * Rows {@code from} to {@code to}: the labels + 1, since LightGBM reads negative categories as missing, then the numbers.
     */
    float[] matrix(int[][] labels, double[][] values, int from, int to) {
        int labelled = columns.size();
        int width = width();
        float[] matrix = new float[(to - from) * width];
        for (int i = from; i < to; i++) {
            if (labels[i].length != labelled || values[i].length != numbers.size()) {
                throw new IllegalArgumentException("row " + i + " has " + labels[i].length + " labels and "
                        + values[i].length + " numbers, but the predictor was fitted on " + labelled + " and "
                        + numbers.size() + " columns");
            }
            int start = (i - from) * width;
            for (int c = 0; c < labelled; c++) {
                boolean seen = Arrays.binarySearch(known[c], labels[i][c]) >= 0;
                matrix[start + c] = seen ? labels[i][c] + 1 : Float.NaN;
            }
            for (int c = 0; c < values[i].length; c++) {
                matrix[start + labelled + c] = (float) values[i][c];
            }
        }
        return matrix;
    }
}
