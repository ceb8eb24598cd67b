package org.apmae.examples.console;

import java.util.List;

/** Prints tables on standard error. */
public final class Tables {
    private Tables() {}

    /**
     * Prints a table.
     *
     * @param title the line above it
     * @param columns names of the columns
     * @param rows the cells, each row with one for each column
     */
    public static void print(String title, List<String> columns, List<? extends List<String>> rows) {
        int[] widths = new int[columns.size()];
        widen(widths, columns);
        rows.forEach(row -> widen(widths, row));
        StringBuilder out = new StringBuilder("\n").append(title).append('\n');
        line(out, widths, columns);
        for (int width : widths) {
            out.append("-".repeat(width)).append("  ");
        }
        out.append('\n');
        rows.forEach(row -> line(out, widths, row));
        System.err.print(out);
    }

    private static void widen(int[] widths, List<String> cells) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], cells.get(i).length());
        }
    }

    private static void line(StringBuilder out, int[] widths, List<String> cells) {
        for (int i = 0; i < widths.length; i++) {
            String cell = cells.get(i);
            out.append(cell).append(" ".repeat(widths[i] - cell.length())).append("  ");
        }
        out.append('\n');
    }
}
