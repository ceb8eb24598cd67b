package org.apmae.models.cluster;

import java.util.Arrays;

/**
 * The layout of UMAP by stochastic gradient descent. An epoch has two passes.
 *
 * <p>Attraction: every edge draws its ends together as often as its weight says. Repulsion: as published, five random rows push
 * a row away for each time that it was drawn. Here a row meets {@value #ROUNDS} random rows an epoch, and each pushes with the
 * weight that makes up for the number: the same force in the mean. The rows are shuffled once and meet tile against tile, so
 * that all loops run along arrays and the just-in-time compiler turns them into vector instructions; that is several times as
 * fast as single draws.
 */
final class Layout {
    private static final int STRIDE = Umap.STRIDE;
    private static final int ROUNDS = 40;
    private static final float REPELLED = 5;
    private static final float LIMIT = Forces.LIMIT;
    /** Rows that meet others at once: two tiles of eight coordinates (16 KiB) stay in the first-level cache. */
    private static final int TILE = 256;

    private final float[] places;
    private final int size;
    private final Curve curve;
    private final Forces forces;
    private final int epochs;
    private long state;

    private final int[] firsts;
    private final int[] seconds;
    private final float[] periods;
    private final float[] due;
    private final int edges;

    private final int[] order;
    private final float[] pushes;
    private final float[][] axes;
    private final float[][] own = new float[STRIDE][TILE];
    private final float[][] other = new float[STRIDE][TILE];
    private final float[] force = new float[TILE];

    /**
     * Prepares a layout.
     *
     * @param places N rows of {@link Umap#STRIDE} numbers, moved in place
     * @param epochs rounds, 1 or more
     */
    Layout(float[] places, FuzzyGraph graph, Curve curve, int epochs, long seed) {
        this.places = places;
        this.size = graph.size();
        this.curve = curve;
        this.forces = new Forces(curve);
        this.epochs = epochs;
        this.state = seed;
        int all = graph.start(size);
        float heaviest = 0;
        for (int e = 0; e < all; e++) {
            heaviest = Math.max(heaviest, graph.weight(e));
        }
        firsts = new int[all / 2];
        seconds = new int[all / 2];
        periods = new float[all / 2];
        float[] degrees = new float[size];
        int kept = 0;
        for (int i = 0; i < size; i++) {
            for (int e = graph.start(i); e < graph.start(i + 1); e++) {
                int j = graph.target(e);
                // Edges too light to be drawn once are left out, as published.
                if (i < j && graph.weight(e) >= heaviest / epochs) {
                    float share = graph.weight(e) / heaviest;
                    firsts[kept] = i * STRIDE;
                    seconds[kept] = j * STRIDE;
                    // The published graph holds each edge in both directions, so it is drawn twice as often.
                    periods[kept++] = 0.5f / share;
                    degrees[i] += share;
                    degrees[j] += share;
                }
            }
        }
        edges = kept;
        due = Arrays.copyOf(periods, kept);
        order = shuffled();
        pushes = new float[size];
        for (int i = 0; i < size; i++) {
            pushes[i] = REPELLED / ROUNDS * degrees[order[i]];
        }
        axes = new float[STRIDE][size + TILE];
    }

    private int[] shuffled() {
        int[] rows = new int[size];
        for (int i = 0; i < size; i++) {
            rows[i] = i;
        }
        for (int i = size - 1; i > 0; i--) {
            int j = draw(i + 1);
            int swapped = rows[i];
            rows[i] = rows[j];
            rows[j] = swapped;
        }
        return rows;
    }

    private int draw(int bound) {
        state += Seeds.STEP;
        return (int) (((Seeds.mix(state) >>> 32) * bound) >>> 32);
    }

    void run() {
        for (int epoch = 0; epoch < epochs; epoch++) {
            float rate = 1 - (float) epoch / epochs;
            attract(epoch + 1, rate);
            repel(rate);
        }
    }

    private void attract(int until, float rate) {
        for (int e = 0; e < edges; e++) {
            while (due[e] <= until) {
                due[e] += periods[e];
                forces.pull(places, firsts[e], seconds[e], rate);
            }
        }
    }

    private void repel(float rate) {
        for (int i = 0; i < size; i++) {
            int at = order[i] * STRIDE;
            for (int c = 0; c < STRIDE; c++) {
                axes[c][i] = places[at + c];
            }
        }
        // The first rows stand behind the last once more, so that a tile may reach over the end.
        for (int i = 0; i < TILE; i++) {
            for (int c = 0; c < STRIDE; c++) {
                axes[c][size + i] = axes[c][i % size];
            }
        }
        for (int from = 0; from < size; from += TILE) {
            int length = Math.min(TILE, size - from);
            for (int c = 0; c < STRIDE; c++) {
                System.arraycopy(axes[c], from, own[c], 0, length);
            }
            for (int round = 0; round < ROUNDS; round++) {
                meet(from, (from + 1 + draw(size - 1)) % size, length, rate);
            }
            for (int c = 0; c < STRIDE; c++) {
                System.arraycopy(own[c], 0, axes[c], from, length);
            }
        }
        for (int i = 0; i < size; i++) {
            int at = order[i] * STRIDE;
            for (int c = 0; c < STRIDE; c++) {
                places[at + c] = axes[c][i];
            }
        }
    }

    private void meet(int from, int otherFrom, int length, float rate) {
        Arrays.fill(force, 0, length, 0);
        for (int c = 0; c < STRIDE; c++) {
            System.arraycopy(axes[c], otherFrom, other[c], 0, length);
            addSquares(own[c], other[c], force, length);
        }
        for (int i = 0; i < length; i++) {
            force[i] = force[i] == 0 ? 0 : pushes[from + i] * curve.repulsion(force[i]);
        }
        for (int c = 0; c < STRIDE; c++) {
            push(own[c], other[c], force, length, rate);
        }
    }

    private static void addSquares(float[] a, float[] b, float[] squares, int length) {
        for (int i = 0; i < length; i++) {
            float difference = a[i] - b[i];
            squares[i] += difference * difference;
        }
    }

    private static void push(float[] moved, float[] from, float[] force, int length, float rate) {
        for (int i = 0; i < length; i++) {
            moved[i] += rate * Math.max(-LIMIT, Math.min(LIMIT, force[i] * (moved[i] - from[i])));
        }
    }
}
