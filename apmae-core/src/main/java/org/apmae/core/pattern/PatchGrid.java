package org.apmae.core.pattern;

/**
 * How a square pattern is cut into square patches.
 *
 * <p>Patches are numbered row by row: the patch in row r and column c has the index {@code r * side() + c}.
 *
 * @param patternSize side of the pattern in tokens, S
 * @param patchSize side of a patch in tokens, P; divides S
 */
public record PatchGrid(int patternSize, int patchSize) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if a size is below 1 or P does not divide S
     */
    public PatchGrid {
        if (patchSize < 1 || patternSize < patchSize || patternSize % patchSize != 0) {
            throw new IllegalArgumentException("patches of " + patchSize + " do not divide a pattern of " + patternSize
                    + "; choose a patch size that divides the pattern size");
        }
    }

    /**
     * Returns the number of patches along a side.
     *
     * @return G
     */
    public int side() {
        return patternSize / patchSize;
    }

    /**
     * Returns the number of all patches.
     *
     * @return G squared
     */
    public int patches() {
        return side() * side();
    }

    /**
     * Returns the indices of the patches on or below the diagonal, the only ones that can hold attention.
     *
     * @return T ascending patch indices, a new array
     */
    public int[] lowerTriangle() {
        int side = side();
        int[] indices = new int[side * (side + 1) / 2];
        int next = 0;
        for (int row = 0; row < side; row++) {
            for (int column = 0; column <= row; column++) {
                indices[next++] = row * side + column;
            }
        }
        return indices;
    }
}
