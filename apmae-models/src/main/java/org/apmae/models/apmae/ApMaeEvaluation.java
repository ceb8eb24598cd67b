package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;

/**
 * How well an autoencoder predicts masked patches of patterns it was not trained on, beside three baselines under the same
 * masks. All numbers are mean squared errors over the pixels of the masked patches.
 *
 * @param patterns number of patterns
 * @param trained of the autoencoder
 * @param untrained of one with the same config and random weights
 * @param meanPattern of the mean pattern of the same head
 * @param nearestPatch of a copy of the nearest visible patch
 */
public record ApMaeEvaluation(int patterns, double trained, double untrained, double meanPattern, double nearestPatch) {
    private static final int BATCH = 32;

    /**
     * Evaluates an autoencoder.
     *
     * @param model the autoencoder
     * @param heldOut patterns that training did not see
     * @param means the mean patterns of the heads, of training patterns
     * @param seed of the masks and of the untrained autoencoder
     * @return the errors
     * @throws IllegalArgumentException if there is no pattern, or the sizes differ
     * @throws IllegalStateException if the autoencoder is closed or there are no means
     */
    public static ApMaeEvaluation of(ApMae model, PatternSet heldOut, MeanPatterns means, long seed) {
        PatchGrid grid = model.config().grid();
        if (heldOut.size() == 0 || !heldOut.grid().equals(grid) || means.grid().patternSize() != grid.patternSize()) {
            throw new IllegalArgumentException("an autoencoder of " + grid + " cannot be evaluated on " + heldOut.size()
                    + " patterns of " + heldOut.grid() + " and means of " + means.grid()
                    + "; give at least one pattern, and the same grid everywhere");
        }
        Random random = new Random(seed);
        double[] sums = new double[4];
        try (ApMae untrained = ApMae.init(model.config(), seed, model.device())) {
            for (int first = 0; first < heldOut.size(); first += BATCH) {
                int[] chosen = IntStream.range(first, Math.min(first + BATCH, heldOut.size()))
                        .toArray();
                PatchMask mask = PatchMask.draw(grid, model.config().maskRatio(), chosen.length, random);
                try (NDManager scope = model.manager().newSubManager()) {
                    NDArray scaled = heldOut.batch(scope, chosen);
                    sums[0] += model.loss(scaled, mask) * chosen.length;
                    sums[1] += untrained.loss(scaled, mask) * chosen.length;
                }
                for (int i = 0; i < chosen.length; i++) {
                    float[] pattern = heldOut.pattern(chosen[i]);
                    int[] masked = mask.masked()[i];
                    sums[2] += error(grid, pattern, masked, means.mean(heldOut.head(chosen[i])), masked);
                    sums[3] += error(grid, pattern, masked, pattern, nearest(grid, masked, mask.visible()[i]));
                }
            }
        }
        double count = heldOut.size();
        return new ApMaeEvaluation(heldOut.size(), sums[0] / count, sums[1] / count, sums[2] / count, sums[3] / count);
    }

    private static double error(PatchGrid grid, float[] pattern, int[] patches, float[] guess, int[] guessed) {
        int side = grid.patternSize();
        int patch = grid.patchSize();
        double squares = 0;
        for (int i = 0; i < patches.length; i++) {
            int here = corner(grid, patches[i]);
            int there = corner(grid, guessed[i]);
            for (int y = 0; y < patch; y++) {
                for (int x = 0; x < patch; x++) {
                    double difference = (double) pattern[here + y * side + x] - guess[there + y * side + x];
                    squares += difference * difference;
                }
            }
        }
        return squares / ((double) patches.length * patch * patch);
    }

    private static int corner(PatchGrid grid, int index) {
        return (index / grid.side() * grid.patternSize() + index % grid.side()) * grid.patchSize();
    }

    /** The visible patch with the least distance for each masked one; of several, the one of lowest index. */
    private static int[] nearest(PatchGrid grid, int[] masked, int[] visible) {
        int[] sorted = visible.clone();
        Arrays.sort(sorted);
        int[] nearest = new int[masked.length];
        for (int i = 0; i < masked.length; i++) {
            int least = Integer.MAX_VALUE;
            for (int candidate : sorted) {
                int rows = candidate / grid.side() - masked[i] / grid.side();
                int columns = candidate % grid.side() - masked[i] % grid.side();
                if (rows * rows + columns * columns < least) {
                    least = rows * rows + columns * columns;
                    nearest[i] = candidate;
                }
            }
        }
        return nearest;
    }
}
