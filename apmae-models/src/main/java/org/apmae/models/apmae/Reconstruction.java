package org.apmae.models.apmae;

import java.util.Arrays;
import org.apmae.core.pattern.PatchGrid;

/**
 * What the autoencoder makes of one pattern: the pattern, what is left of it under the mask, the predicted patches, and the
 * pattern with its masked patches replaced by the predicted ones. Immutable and thread-safe; all pictures are S x S, rows
 * first.
 */
public final class Reconstruction {
    private final PatchGrid grid;
    private final float[][] original;
    private final float[][] visible;
    private final float[][] predicted;
    private final float[][] combined;
    private final int[] masked;
    private final double loss;

    Reconstruction(PatchGrid grid, float[] scaled, int[] masked, float[] pixels) {
        int side = grid.patternSize();
        int patch = grid.patchSize();
        this.grid = grid;
        this.masked = masked.clone();
        original = new float[side][];
        for (int row = 0; row < side; row++) {
            original[row] = Arrays.copyOfRange(scaled, row * side, (row + 1) * side);
        }
        visible = copy(original);
        combined = copy(original);
        predicted = new float[side][side];
        double squares = 0;
        for (int i = 0; i < masked.length; i++) {
            int top = masked[i] / grid.side() * patch;
            int left = masked[i] % grid.side() * patch;
            for (int y = 0; y < patch; y++) {
                for (int x = 0; x < patch; x++) {
                    float pixel = pixels[(i * patch + y) * patch + x];
                    double difference = pixel - original[top + y][left + x];
                    squares += difference * difference;
                    visible[top + y][left + x] = 0;
                    predicted[top + y][left + x] = pixel;
                    combined[top + y][left + x] = pixel;
                }
            }
        }
        loss = squares / ((double) masked.length * patch * patch);
    }

    private static float[][] copy(float[][] rows) {
        float[][] copy = new float[rows.length][];
        Arrays.setAll(copy, i -> rows[i].clone());
        return copy;
    }

    /**
     * Returns the size of pattern and patches.
     *
     * @return the grid
     */
    public PatchGrid grid() {
        return grid;
    }

    /**
     * Returns the scaled pattern.
     *
     * @return S rows of S pixels, a copy
     */
    public float[][] original() {
        return copy(original);
    }

    /**
     * Returns the pattern with its masked patches set to 0.
     *
     * @return S rows of S pixels, a copy
     */
    public float[][] visible() {
        return copy(visible);
    }

    /**
     * Returns the predicted patches, 0 elsewhere.
     *
     * @return S rows of S pixels, a copy
     */
    public float[][] predicted() {
        return copy(predicted);
    }

    /**
     * Returns the pattern with its masked patches replaced by the predicted ones.
     *
     * @return S rows of S pixels, a copy
     */
    public float[][] combined() {
        return copy(combined);
    }

    /**
     * Returns which patches are masked, so that a picture can mark them.
     *
     * @return patch indices, a copy
     */
    public int[] masked() {
        return masked.clone();
    }

    /**
     * Returns the mean squared error over the masked pixels.
     *
     * @return the loss
     */
    public double loss() {
        return loss;
    }
}
