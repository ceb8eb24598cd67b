package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.pattern.PatchGrid;

/**
 * The mean scaled pattern of each head: a baseline that knows the head but looks at nothing of the pattern. Not thread-safe.
 */
public final class MeanPatterns {
    private final PatchGrid grid;
    private final double[] all;
    private final Map<Integer, double[]> sums = new TreeMap<>();
    private final Map<Integer, Long> counts = new TreeMap<>();
    private long total;

    /**
     * Starts without patterns.
     *
     * @param grid size of the patterns
     */
    public MeanPatterns(PatchGrid grid) {
        this.grid = grid;
        this.all = new double[grid.patternSize() * grid.patternSize()];
    }

    /**
     * Takes the means of a set.
     *
     * @param patterns the patterns
     * @return the means
     */
    public static MeanPatterns of(PatternSet patterns) {
        MeanPatterns means = new MeanPatterns(patterns.grid());
        for (int i = 0; i < patterns.size(); i++) {
            means.add(patterns.head(i), FloatBuffer.wrap(patterns.pattern(i)), 0);
        }
        return means;
    }

    /**
     * Adds a batch of patterns.
     *
     * @param heads the head of each pattern
     * @param scaled as many patterns in a shape (N, 1, S, S) or (B, h, S, S), float32; borrowed
     * @throws IllegalArgumentException if the patterns have another size or number
     */
    public void add(int[] heads, NDArray scaled) {
        if (scaled.size() != (long) heads.length * all.length) {
            throw new IllegalArgumentException("patterns of the shape " + scaled.getShape() + " with " + heads.length
                    + " heads do not fit means of " + grid.patternSize() + " x " + grid.patternSize()
                    + "; give one head for each pattern of that size");
        }
        FloatBuffer pixels =
                scaled.toByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
        for (int n = 0; n < heads.length; n++) {
            add(heads[n], pixels, n * all.length);
        }
    }

    private void add(int head, FloatBuffer pixels, int start) {
        double[] sum = sums.computeIfAbsent(head, key -> new double[all.length]);
        for (int i = 0; i < all.length; i++) {
            float pixel = pixels.get(start + i);
            sum[i] += pixel;
            all[i] += pixel;
        }
        counts.merge(head, 1L, Long::sum);
        total++;
    }

    /**
     * Returns the grid.
     *
     * @return size of the patterns
     */
    public PatchGrid grid() {
        return grid;
    }

    /**
     * Returns the mean pattern of a head.
     *
     * @param head the head
     * @return S S pixels; the mean over all heads if nothing of this head was added
     * @throws IllegalStateException if nothing was added at all
     */
    public float[] mean(int head) {
        if (total == 0) {
            throw new IllegalStateException("no pattern was added, so there is no mean; add training patterns first");
        }
        double[] sum = sums.getOrDefault(head, all);
        double count = counts.getOrDefault(head, total);
        float[] mean = new float[all.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) (sum[i] / count);
        }
        return mean;
    }
}
