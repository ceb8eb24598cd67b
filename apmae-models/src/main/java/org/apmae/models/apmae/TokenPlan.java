package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;

/** Index arrays that say which rows of which table make up the tokens of a batch. */
final class TokenPlan {
    private TokenPlan() {}

    /** Rows of the table of all patches (N G G): (N, k). */
    static NDArray patches(NDManager owner, PatchGrid grid, int[][] patches) {
        int all = grid.patches();
        return table(owner, patches.length, patches[0].length, n -> shift(patches[n], n * (long) all));
    }

    /** Rows of the position table, the cls token's first: (N, 1 + k). */
    static NDArray positions(NDManager owner, int[][] patches) {
        return table(owner, patches.length, 1 + patches[0].length, n -> withFirst(0, shift(patches[n], 1)));
    }

    /** Rows of a batch's tokens (N (1 + G G)) that hold the given patches: (N, k). */
    static NDArray tokens(NDManager owner, PatchGrid grid, int[][] patches) {
        int all = 1 + grid.patches();
        return table(owner, patches.length, patches[0].length, n -> shift(patches[n], 1 + n * (long) all));
    }

    /**
     * Rows that the decoder's input takes from a table of N (1 + v) encoded tokens, then the mask token, then zeros:
     * (N, 1 + G G). Positions above the diagonal hold zeros in both modes.
     */
    static NDArray decoderInput(NDManager owner, PatchGrid grid, PatchMask mask, DecoderMode mode) {
        int[][] visible = mask.visible();
        int[][] masked = mask.masked();
        int tokens = 1 + visible[0].length;
        long maskRow = (long) visible.length * tokens;
        long zeroRow = maskRow + 1;
        return table(owner, visible.length, 1 + grid.patches(), n -> {
            long[] row = new long[1 + grid.patches()];
            Arrays.fill(row, zeroRow);
            row[0] = (long) n * tokens;
            for (int i = 0; i < visible[n].length; i++) {
                row[1 + visible[n][i]] = mode == DecoderMode.REFERENCE ? maskRow : row[0] + 1 + i;
            }
            if (mode == DecoderMode.CORRECTED) {
                for (int patch : masked[n]) {
                    row[1 + patch] = maskRow;
                }
            }
            return row;
        });
    }

    /** The first of every t rows: (N, 1). */
    static NDArray first(NDManager owner, int count, int tokens) {
        return table(owner, count, 1, n -> new long[] {(long) n * tokens});
    }

    static int[][] repeat(int[] patches, int count) {
        int[][] rows = new int[count][];
        Arrays.fill(rows, patches);
        return rows;
    }

    private static NDArray table(NDManager owner, int rows, int width, IntFunction<long[]> row) {
        long[] values = new long[Math.multiplyExact(rows, width)];
        for (int n = 0; n < rows; n++) {
            System.arraycopy(row.apply(n), 0, values, n * width, width);
        }
        return Ops.indices(owner, values, rows, width);
    }

    private static long[] shift(int[] values, long by) {
        return Arrays.stream(values).mapToLong(value -> value + by).toArray();
    }

    private static long[] withFirst(long first, long[] rest) {
        long[] all = new long[rest.length + 1];
        all[0] = first;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }
}
