package org.apmae.core.pattern;

import java.util.Arrays;
import java.util.Random;

/**
 * Which patches of each pattern are masked and which are visible. Immutable and thread-safe.
 *
 * <p>Every pattern of a batch has the same number of masked and of visible patches; only patches on or below the diagonal
 * are ever one or the other.
 */
public final class PatchMask {
    private final int[][] masked;
    private final int[][] visible;

    /**
     * Takes the indices of a batch of N patterns.
     *
     * @param masked N rows of equal length, patch indices; copied
     * @param visible N rows of equal length, patch indices; copied
     * @throws IllegalArgumentException if the numbers of rows differ or rows differ in length
     */
    public PatchMask(int[][] masked, int[][] visible) {
        if (masked.length != visible.length || masked.length == 0) {
            throw new IllegalArgumentException("there are " + masked.length + " rows of masked and " + visible.length
                    + " rows of visible patches; give one row of each for every pattern");
        }
        this.masked = copy(masked, "masked");
        this.visible = copy(visible, "visible");
    }

    private static int[][] copy(int[][] rows, String name) {
        int[][] copy = new int[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != rows[0].length) {
                throw new IllegalArgumentException("pattern " + i + " has " + rows[i].length + " " + name
                        + " patches, pattern 0 has " + rows[0].length + "; all patterns of a batch need as many");
            }
            copy[i] = rows[i].clone();
        }
        return copy;
    }

    /**
     * Masks the patches with the smallest of the given random numbers, as the published code does.
     *
     * @param grid the patches
     * @param ratio share of the lower triangle that is masked, above 0 and below 1
     * @param random N rows of T numbers; ties keep the patch order
     * @return the mask; floor(ratio T) patches of each pattern are masked
     * @throws IllegalArgumentException if nothing or everything would be masked or a row has another length than T
     */
    public static PatchMask ofRandomNumbers(PatchGrid grid, double ratio, float[][] random) {
        int[] triangle = grid.lowerTriangle();
        int count = maskedCount(grid, ratio);
        int[][] masked = new int[random.length][];
        int[][] visible = new int[random.length][];
        for (int n = 0; n < random.length; n++) {
            float[] row = random[n];
            if (row.length != triangle.length) {
                throw new IllegalArgumentException("row " + n + " has " + row.length
                        + " random numbers, but the grid has " + triangle.length + " patches on or below the diagonal");
            }
            Integer[] order = new Integer[row.length];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, (a, b) -> Float.compare(row[a], row[b]));
            masked[n] = new int[count];
            visible[n] = new int[row.length - count];
            for (int i = 0; i < row.length; i++) {
                int patch = triangle[order[i]];
                if (i < count) {
                    masked[n][i] = patch;
                } else {
                    visible[n][i - count] = patch;
                }
            }
        }
        return new PatchMask(masked, visible);
    }

    /**
     * Draws a mask for every pattern of a batch.
     *
     * @param grid the patches
     * @param ratio share of the lower triangle that is masked, above 0 and below 1
     * @param patterns number of patterns, N
     * @param random source of the draw
     * @return the mask
     * @throws IllegalArgumentException if nothing or everything would be masked
     */
    public static PatchMask draw(PatchGrid grid, double ratio, int patterns, Random random) {
        float[][] numbers = new float[patterns][grid.lowerTriangle().length];
        for (float[] row : numbers) {
            for (int i = 0; i < row.length; i++) {
                row[i] = random.nextFloat();
            }
        }
        return ofRandomNumbers(grid, ratio, numbers);
    }

    /**
     * Returns how many patches a ratio masks.
     *
     * @param grid the patches
     * @param ratio share of the lower triangle
     * @return floor(ratio T)
     * @throws IllegalArgumentException if that is 0 or T
     */
    public static int maskedCount(PatchGrid grid, double ratio) {
        int triangle = grid.lowerTriangle().length;
        int count = (int) (ratio * triangle);
        if (count < 1 || count >= triangle) {
            throw new IllegalArgumentException("a mask ratio of " + ratio + " masks " + count + " of " + triangle
                    + " patches; at least one must be masked and one left visible");
        }
        return count;
    }

    /**
     * Returns the number of patterns.
     *
     * @return N
     */
    public int size() {
        return masked.length;
    }

    /**
     * Returns the masked patches.
     *
     * @return N rows of patch indices, a copy
     */
    public int[][] masked() {
        return copy(masked, "masked");
    }

    /**
     * Returns the visible patches.
     *
     * @return N rows of patch indices, a copy
     */
    public int[][] visible() {
        return copy(visible, "visible");
    }
}
