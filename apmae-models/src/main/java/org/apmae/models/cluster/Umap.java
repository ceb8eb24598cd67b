package org.apmae.models.cluster;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.apmae.models.runtime.NativeRuntime;

/**
 * Uniform manifold approximation and projection with exact neighbours by cosine distance. Single-threaded and reproducible.
 *
 * <p>Follows McInnes, Healy and Melville (2018): fuzzy neighbour graph, then a layout by stochastic gradient descent in which
 * every edge attracts as often as its weight says and each time five random rows repel. The start layout is the principal
 * components, smoothed along the graph, which puts the rows of one cluster together from the beginning.
 *
 * @see <a href="https://arxiv.org/abs/1802.03426">UMAP</a>
 */
final class Umap {
    /** Coordinates are kept in rows of this many numbers, so that the inner loops are straight-line code. */
    static final int STRIDE = 8;

    private static final double START_SIDE = 10;
    private static final double START_NOISE = 1e-3;
    private static final int SMOOTHING = 10;

    private Umap() {}

    /**
     * Embeds rows.
     *
     * @param rows N rows that differ from each other
     * @param components 1 to 8
     * @param neighbours neighbours of a row, itself counted, 2 or more; at most N are used
     * @param curve the forces
     * @param epochs rounds of the layout, 1 or more
     * @param refined whether {@link Refinement} follows
     * @return N rows of {@link #STRIDE} numbers; those from {@code components} on are 0
     */
    static float[] embed(
            Rows rows, int components, int neighbours, Curve curve, int epochs, boolean refined, long seed) {
        int n = rows.size();
        if (n < 2) {
            return new float[n * STRIDE];
        }
        Neighbours nearest;
        FuzzyGraph graph;
        double[] principal;
        try (NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            NDArray matrix = manager.create(rows.values(), new Shape(n, rows.width()));
            nearest = rows.neighbours(matrix, Math.min(neighbours, n) - 1);
            graph = FuzzyGraph.of(nearest, n);
            principal = PrincipalComponents.project(matrix, components, STRIDE, Seeds.ofTask(seed, 0));
        }
        float[] layout = start(principal, graph, components, seed);
        new Layout(layout, graph, curve, epochs, Seeds.ofTask(seed, 1)).run();
        if (refined) {
            new Refinement(layout, rows, nearest, graph, curve).run();
        }
        for (int i = 0; i < n && components < STRIDE; i++) {
            Arrays.fill(layout, i * STRIDE + components, (i + 1) * STRIDE, 0);
        }
        return layout;
    }

    private static float[] start(double[] principal, FuzzyGraph graph, int components, long seed) {
        int n = graph.size();
        double[] place = principal;
        double[] next = new double[place.length];
        for (int round = 0; round < SMOOTHING; round++) {
            for (int i = 0; i < n; i++) {
                double all = 0;
                int base = i * STRIDE;
                Arrays.fill(next, base, base + STRIDE, 0);
                for (int e = graph.start(i); e < graph.start(i + 1); e++) {
                    double weight = graph.weight(e);
                    int other = graph.target(e) * STRIDE;
                    all += weight;
                    for (int c = 0; c < STRIDE; c++) {
                        next[base + c] += weight * place[other + c];
                    }
                }
                for (int c = 0; c < STRIDE; c++) {
                    next[base + c] = all == 0 ? place[base + c] : (place[base + c] + next[base + c] / all) / 2;
                }
            }
            double[] swapped = place;
            place = next;
            next = swapped;
        }
        float[] layout = new float[n * STRIDE];
        long state = Seeds.ofTask(seed, 2);
        for (int c = 0; c < components; c++) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                low = Math.min(low, place[i * STRIDE + c]);
                high = Math.max(high, place[i * STRIDE + c]);
            }
            double scale = high > low ? START_SIDE / (high - low) : 0;
            for (int i = 0; i < n; i++) {
                state += Seeds.STEP;
                double noise = (Seeds.mix(state) >>> 11) * 0x1p-53 - 0.5;
                layout[i * STRIDE + c] = (float) ((place[i * STRIDE + c] - low) * scale + START_NOISE * noise);
            }
        }
        return layout;
    }
}
