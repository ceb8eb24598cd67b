package org.apmae.models.cluster;

import java.util.Arrays;

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

    private static final int REPELLED = 5;
    private static final float LIMIT = 4;
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
     * @return N rows of {@link #STRIDE} numbers; those from {@code components} on are 0
     */
    static float[] embed(UnitRows rows, int components, int neighbours, Curve curve, int epochs, long seed) {
        int n = rows.size();
        if (n < 2) {
            return new float[n * STRIDE];
        }
        FuzzyGraph graph = FuzzyGraph.of(rows.neighbours(Math.min(neighbours, n) - 1), n);
        float[] layout = start(rows, graph, components, seed);
        optimize(layout, graph, components, curve, epochs, Seeds.ofTask(seed, 1));
        return layout;
    }

    private static float[] start(UnitRows rows, FuzzyGraph graph, int components, long seed) {
        int n = rows.size();
        double[] place = PrincipalComponents.project(rows, components, STRIDE, Seeds.ofTask(seed, 0));
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

    private static void optimize(float[] y, FuzzyGraph graph, int components, Curve curve, int epochs, long seed) {
        int n = graph.size();
        float heaviest = 0;
        for (int e = 0; e < graph.start(n); e++) {
            heaviest = Math.max(heaviest, graph.weight(e));
        }
        // Edges too light to be drawn once are left out, as published.
        int kept = 0;
        int[] heads = new int[graph.start(n)];
        int[] tails = new int[graph.start(n)];
        float[] period = new float[graph.start(n)];
        for (int i = 0; i < n; i++) {
            for (int e = graph.start(i); e < graph.start(i + 1); e++) {
                if (graph.weight(e) >= heaviest / epochs) {
                    heads[kept] = i * STRIDE;
                    tails[kept] = graph.target(e) * STRIDE;
                    period[kept++] = heaviest / graph.weight(e);
                }
            }
        }
        float[] due = Arrays.copyOf(period, kept);
        long state = seed;
        for (int epoch = 0; epoch < epochs; epoch++) {
            float rate = 1 - (float) epoch / epochs;
            for (int e = 0; e < kept; e++) {
                if (due[e] <= epoch) {
                    due[e] += period[e];
                    state = move(y, heads[e], tails[e], curve, rate, n, state);
                }
            }
        }
        if (components < STRIDE) {
            for (int i = 0; i < n; i++) {
                Arrays.fill(y, i * STRIDE + components, (i + 1) * STRIDE, 0);
            }
        }
    }

    /** Draws a pair together and pushes the first row away from random ones; unused coordinates are 0 and stay so. */
    private static long move(float[] y, int head, int tail, Curve curve, float rate, int n, long start) {
        float y0 = y[head];
        float y1 = y[head + 1];
        float y2 = y[head + 2];
        float y3 = y[head + 3];
        float y4 = y[head + 4];
        float y5 = y[head + 5];
        float y6 = y[head + 6];
        float y7 = y[head + 7];
        long state = start;
        for (int push = -1; push < REPELLED; push++) {
            int other = tail;
            if (push >= 0) {
                state += Seeds.STEP;
                other = (int) (((Seeds.mix(state) >>> 32) * n) >>> 32) * STRIDE;
                if (other == head) {
                    continue;
                }
            }
            float d0 = y0 - y[other];
            float d1 = y1 - y[other + 1];
            float d2 = y2 - y[other + 2];
            float d3 = y3 - y[other + 3];
            float d4 = y4 - y[other + 4];
            float d5 = y5 - y[other + 5];
            float d6 = y6 - y[other + 6];
            float d7 = y7 - y[other + 7];
            float squared = ((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7));
            if (squared == 0) {
                continue;
            }
            float force = push < 0 ? curve.attraction(squared) : curve.repulsion(squared);
            // Each coordinate is limited by itself; where even the whole step is short no coordinate can be long.
            if (force * force * squared > LIMIT * LIMIT) {
                d0 = limit(force * d0);
                d1 = limit(force * d1);
                d2 = limit(force * d2);
                d3 = limit(force * d3);
                d4 = limit(force * d4);
                d5 = limit(force * d5);
                d6 = limit(force * d6);
                d7 = limit(force * d7);
                force = 1;
            }
            float step = force * rate;
            d0 *= step;
            d1 *= step;
            d2 *= step;
            d3 *= step;
            d4 *= step;
            d5 *= step;
            d6 *= step;
            d7 *= step;
            y0 += d0;
            y1 += d1;
            y2 += d2;
            y3 += d3;
            y4 += d4;
            y5 += d5;
            y6 += d6;
            y7 += d7;
            if (push < 0) {
                y[other] -= d0;
                y[other + 1] -= d1;
                y[other + 2] -= d2;
                y[other + 3] -= d3;
                y[other + 4] -= d4;
                y[other + 5] -= d5;
                y[other + 6] -= d6;
                y[other + 7] -= d7;
            }
        }
        y[head] = y0;
        y[head + 1] = y1;
        y[head + 2] = y2;
        y[head + 3] = y3;
        y[head + 4] = y4;
        y[head + 5] = y5;
        y[head + 6] = y6;
        y[head + 7] = y7;
        return state;
    }

    private static float limit(float step) {
        return step > LIMIT ? LIMIT : step < -LIMIT ? -LIMIT : step;
    }
}
