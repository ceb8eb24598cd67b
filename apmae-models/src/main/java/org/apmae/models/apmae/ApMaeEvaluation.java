package org.apmae.models.apmae;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;

/**
 * How well an autoencoder predicts masked patches of patterns it was not trained on, beside three baselines under the same
 * masks.
 *
 * @param patterns number of patterns
 * @param trained of the autoencoder
 * @param untrained of one with the same config and random weights
 * @param meanPattern of the mean pattern of the same head
 * @param nearestPatch of a copy of the nearest visible patch
 */
public record ApMaeEvaluation(int patterns, Score trained, Score untrained, Score meanPattern, Score nearestPatch) {
    private static final int BATCH = 32;
    /** Side of the squares over which structural similarity is taken. */
    private static final int WINDOW = 8;

    /**
     * How near predicted patches are to the masked ones.
     *
     * @param mse mean squared error over the pixels
     * @param ssim mean structural similarity over squares of 8 x 8 pixels (a whole patch where it is smaller), at most 1;
     *     pixels range over [0, 1]
     * @see <a href="https://doi.org/10.1109/TIP.2003.819861">Wang et al., Image Quality Assessment</a>
     */
    public record Score(double mse, double ssim) {
        private Score add(Score other) {
            return new Score(mse + other.mse, ssim + other.ssim);
        }

        private Score divided(int count) {
            return new Score(mse / count, ssim / count);
        }
    }

    /**
     * Evaluates an autoencoder.
     *
     * @param model the autoencoder
     * @param heldOut patterns that training did not see
     * @param means the mean patterns of the heads, of training patterns
     * @param seed of the masks and of the untrained autoencoder
     * @return the scores
     * @throws IllegalArgumentException if there is no pattern, or the sizes differ
     * @throws IllegalStateException if the autoencoder is closed or there are no means
     */
    public static ApMaeEvaluation of(ApMae model, PatternSet heldOut, MeanPatterns means, long seed) {
        return mean(each(model, heldOut, means, seed));
    }

    /**
     * Evaluates an autoencoder on each pattern by itself, under the same masks as {@link #of}.
     *
     * @param model the autoencoder
     * @param heldOut patterns that training did not see
     * @param means the mean patterns of the heads, of training patterns
     * @param seed of the masks and of the untrained autoencoder
     * @return the scores of each pattern, in the order of the set
     * @throws IllegalArgumentException if there is no pattern, or the sizes differ
     * @throws IllegalStateException if the autoencoder is closed or there are no means
     */
    public static List<ApMaeEvaluation> each(ApMae model, PatternSet heldOut, MeanPatterns means, long seed) {
        PatchGrid grid = model.config().grid();
        if (heldOut.size() == 0 || !heldOut.grid().equals(grid) || means.grid().patternSize() != grid.patternSize()) {
            throw new IllegalArgumentException("an autoencoder of " + grid + " cannot be evaluated on " + heldOut.size()
                    + " patterns of " + heldOut.grid() + " and means of " + means.grid()
                    + "; give at least one pattern, and the same grid everywhere");
        }
        Random random = new Random(seed);
        List<ApMaeEvaluation> all = new ArrayList<>();
        try (ApMae untrained = ApMae.init(model.config(), seed, model.device())) {
            for (int first = 0; first < heldOut.size(); first += BATCH) {
                int[] chosen = IntStream.range(first, Math.min(first + BATCH, heldOut.size()))
                        .toArray();
                PatchMask mask = PatchMask.draw(grid, model.config().maskRatio(), chosen.length, random);
                float[] ours = predicted(model, heldOut, chosen, mask);
                float[] random0 = predicted(untrained, heldOut, chosen, mask);
                for (int i = 0; i < chosen.length; i++) {
                    int head = heldOut.head(chosen[i]);
                    float[] pattern = heldOut.pattern(chosen[i]);
                    int[] masked = mask.masked()[i];
                    float[] truth = cut(grid, pattern, masked);
                    int from = i * truth.length;
                    all.add(new ApMaeEvaluation(
                            1,
                            score(grid, truth, Arrays.copyOfRange(ours, from, from + truth.length)),
                            score(grid, truth, Arrays.copyOfRange(random0, from, from + truth.length)),
                            score(grid, truth, cut(grid, means.mean(head), masked)),
                            score(grid, truth, cut(grid, pattern, nearest(grid, masked, mask.visible()[i])))));
                }
            }
        }
        return all;
    }

    /**
     * Joins the scores of single patterns, of all or some.
     *
     * @param each scores as {@link #each} gives them
     * @return their mean
     * @throws IllegalArgumentException if there are none
     */
    public static ApMaeEvaluation mean(List<ApMaeEvaluation> each) {
        return each.stream()
                .reduce(ApMaeEvaluation::add)
                .orElseThrow(() -> new IllegalArgumentException("there are no scores, so no mean; give at least one"))
                .divided();
    }

    private ApMaeEvaluation add(ApMaeEvaluation other) {
        return new ApMaeEvaluation(
                patterns + other.patterns,
                trained.add(other.trained),
                untrained.add(other.untrained),
                meanPattern.add(other.meanPattern),
                nearestPatch.add(other.nearestPatch));
    }

    private ApMaeEvaluation divided() {
        return new ApMaeEvaluation(
                patterns,
                trained.divided(patterns),
                untrained.divided(patterns),
                meanPattern.divided(patterns),
                nearestPatch.divided(patterns));
    }

    private static float[] predicted(ApMae model, PatternSet patterns, int[] chosen, PatchMask mask) {
        try (NDManager scope = model.manager().newSubManager()) {
            return model.predict(scope, patterns.batch(scope, chosen), mask).toFloatArray();
        }
    }

    /** The pixels of some patches, patch by patch. */
    private static float[] cut(PatchGrid grid, float[] pattern, int[] patches) {
        int patch = grid.patchSize();
        float[] pixels = new float[patches.length * patch * patch];
        for (int i = 0; i < patches.length; i++) {
            for (int y = 0; y < patch; y++) {
                System.arraycopy(
                        pattern,
                        corner(grid, patches[i]) + y * grid.patternSize(),
                        pixels,
                        (i * patch + y) * patch,
                        patch);
            }
        }
        return pixels;
    }

    private static Score score(PatchGrid grid, float[] truth, float[] guess) {
        double squares = 0;
        for (int i = 0; i < truth.length; i++) {
            double difference = (double) truth[i] - guess[i];
            squares += difference * difference;
        }
        int patch = grid.patchSize();
        int window = Math.min(WINDOW, patch);
        double similarity = 0;
        int count = 0;
        for (int start = 0; start < truth.length; start += patch * patch) {
            for (int y = 0; y + window <= patch; y += window) {
                for (int x = 0; x + window <= patch; x += window) {
                    similarity += similarity(truth, guess, start + y * patch + x, patch, window);
                    count++;
                }
            }
        }
        return new Score(squares / truth.length, similarity / count);
    }

    private static double similarity(float[] truth, float[] guess, int start, int stride, int window) {
        double a = 0;
        double b = 0;
        double aa = 0;
        double bb = 0;
        double ab = 0;
        for (int y = 0; y < window; y++) {
            for (int x = 0; x < window; x++) {
                double p = truth[start + y * stride + x];
                double q = guess[start + y * stride + x];
                a += p;
                b += q;
                aa += p * p;
                bb += q * q;
                ab += p * q;
            }
        }
        double count = (double) window * window;
        double meanA = a / count;
        double meanB = b / count;
        double varianceA = aa / count - meanA * meanA;
        double varianceB = bb / count - meanB * meanB;
        double covariance = ab / count - meanA * meanB;
        double c1 = 1e-4;
        double c2 = 9e-4;
        return (2 * meanA * meanB + c1)
                * (2 * covariance + c2)
                / ((meanA * meanA + meanB * meanB + c1) * (varianceA + varianceB + c2));
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
