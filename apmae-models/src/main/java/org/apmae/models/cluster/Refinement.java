package org.apmae.models.cluster;

import java.util.Arrays;

/**
 * The end of a layout: rows that have come to lie beside each other although their encodings are not alike are pushed apart.
 *
 * <p>Single draws seldom meet just those pairs, a few in N of all, so they stay where chance left them. Here the nearest rows of
 * each row are looked up now and then. Graph neighbours are drawn together as before; each of the others is pushed away, the
 * more the farther its encoding lies beyond the row's own neighbours. More of the nearest rows are then nearest in the encodings
 * too, and groups stay as they are. Within a group densities are evened out, so it is for maps and not for clusters. Nothing is
 * drawn at random.
 */
final class Refinement {
    private static final int STRIDE = Umap.STRIDE;
    private static final int EPOCHS = 80;
    /** Rows among which the nearest are looked for, found by comparing all pairs every so many epochs. */
    private static final int CANDIDATES = 50;

    private static final int CANDIDATES_EVERY = 10;
    private static final int NEAR = 20;
    private static final int NEAR_EVERY = 5;
    private static final float PULL = 0.1f;
    private static final float PUSH = 0.01f;
    /** Most that the distance of two encodings adds to a push. */
    private static final float FARTHEST = 20;

    private final float[] places;
    private final Rows rows;
    private final Neighbours neighbours;
    private final FuzzyGraph graph;
    private final Forces forces;
    private final int size;

    private final Nearest candidates;
    private final int[] candidateRows;
    private final Nearest near;
    private final int[] strangers;
    private final float[] shares;
    private final int[] counts;

    private final float[][] axes;
    private final float[] squares;
    /** The last row for which this one was marked, plus one. */
    private final int[] joined;

    private boolean compared;

    /**
     * Prepares the end of a layout.
     *
     * @param places N rows of {@link Umap#STRIDE} numbers, moved in place
     * @param rows the N encodings
     * @param neighbours their nearest neighbours, of which the graph was made
     */
    Refinement(float[] places, Rows rows, Neighbours neighbours, FuzzyGraph graph, Curve curve) {
        this.places = places;
        this.rows = rows;
        this.neighbours = neighbours;
        this.graph = graph;
        this.forces = new Forces(curve);
        this.size = graph.size();
        this.candidates = new Nearest(Math.min(CANDIDATES, size - 1));
        this.candidateRows = new int[size * candidates.most()];
        this.near = new Nearest(Math.min(NEAR, size - 1));
        this.strangers = new int[size * near.most()];
        this.shares = new float[strangers.length];
        this.counts = new int[size];
        this.axes = new float[STRIDE][size];
        this.squares = new float[size];
        this.joined = new int[size];
    }

    void run() {
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            if (epoch % CANDIDATES_EVERY == 0) {
                compareAll();
            }
            if (epoch % NEAR_EVERY == 0) {
                findStrangers();
            }
            move(1 - (float) epoch / EPOCHS);
        }
    }

    private void move(float rate) {
        for (int i = 0; i < size; i++) {
            for (int e = graph.start(i); e < graph.start(i + 1); e++) {
                if (graph.target(e) > i) {
                    forces.pull(places, i * STRIDE, graph.target(e) * STRIDE, PULL * rate * graph.weight(e));
                }
            }
        }
        for (int i = 0; i < size; i++) {
            for (int s = i * near.most(); s < i * near.most() + counts[i]; s++) {
                forces.push(places, i * STRIDE, strangers[s] * STRIDE, PUSH * rate * shares[s]);
            }
        }
    }

    private void compareAll() {
        for (int i = 0; i < size; i++) {
            for (int c = 0; c < STRIDE; c++) {
                axes[c][i] = places[i * STRIDE + c];
            }
        }
        Arrays.fill(joined, 0);
        for (int i = 0; i < size; i++) {
            fillSquares(i);
            // The candidates of the time before are near still, so that few of all rows come below the limit that they
            // set.
            candidates.clear();
            joined[i] = i + 1;
            for (int k = i * candidates.most(); compared && k < (i + 1) * candidates.most(); k++) {
                joined[candidateRows[k]] = i + 1;
                candidates.offer(candidateRows[k], squares[candidateRows[k]]);
            }
            for (int j = 0; j < size; j++) {
                if (squares[j] < candidates.limit() && joined[j] != i + 1) {
                    candidates.offer(j, squares[j]);
                }
            }
            candidates.rows(candidateRows, i * candidates.most());
        }
        compared = true;
    }

    /** Two coordinates at a time: the sums are read and written half as often. */
    private void fillSquares(int i) {
        Arrays.fill(squares, 0);
        for (int c = 0; c < STRIDE; c += 2) {
            addSquares(axes[c], axes[c + 1], axes[c][i], axes[c + 1][i], squares);
        }
    }

    private static void addSquares(float[] a, float[] b, float atA, float atB, float[] squares) {
        for (int j = 0; j < squares.length; j++) {
            float x = a[j] - atA;
            float y = b[j] - atB;
            squares[j] += x * x + y * y;
        }
    }

    private void findStrangers() {
        Arrays.fill(joined, 0);
        int[] found = new int[near.most()];
        int[] before = new int[near.most()];
        float[] sharesBefore = new float[near.most()];
        for (int i = 0; i < size; i++) {
            joined[i] = i + 1;
            for (int e = graph.start(i); e < graph.start(i + 1); e++) {
                joined[graph.target(e)] = i + 1;
            }
            near.clear();
            for (int k = i * candidates.most(); k < (i + 1) * candidates.most(); k++) {
                float square = square(i * STRIDE, candidateRows[k] * STRIDE);
                if (square < near.limit()) {
                    near.offer(candidateRows[k], square);
                }
            }
            int all = near.rows(found, 0);
            int first = i * near.most();
            int known = counts[i];
            System.arraycopy(strangers, first, before, 0, known);
            System.arraycopy(shares, first, sharesBefore, 0, known);
            counts[i] = 0;
            for (int place = 0; place < all; place++) {
                if (joined[found[place]] != i + 1) {
                    int at = first + counts[i]++;
                    strangers[at] = found[place];
                    int same = 0;
                    while (same < known && before[same] != found[place]) {
                        same++;
                    }
                    // most stay from one time to the next, and encodings are long
                    shares[at] = same < known ? sharesBefore[same] : share(i, found[place]);
                }
            }
        }
    }

    private float square(int a, int b) {
        float sum = 0;
        for (int c = 0; c < STRIDE; c++) {
            float difference = places[a + c] - places[b + c];
            sum += difference * difference;
        }
        return sum;
    }

    /** How far a row lies beyond another's neighbours, in units of their own spread. */
    private float share(int i, int j) {
        float last = neighbours.distance(i, neighbours.count() - 1);
        // rows have length 1; a rounded distance will do
        float beyond = 1 - rows.dot(i, rows.values(), j * rows.width()) - last;
        float spread = last - neighbours.distance(i, 0);
        return beyond <= 0 ? 0 : beyond >= FARTHEST * spread ? FARTHEST : beyond / spread;
    }

    /** Keeps the least of many distances: a heap with the greatest of them on top. */
    private static final class Nearest {
        private final float[] distances;
        private final int[] rows;
        private int count;

        Nearest(int most) {
            distances = new float[most];
            rows = new int[most];
        }

        int most() {
            return rows.length;
        }

        void clear() {
            count = 0;
        }

        /** Only what is below is of use. */
        float limit() {
            return count < rows.length ? Float.POSITIVE_INFINITY : distances[0];
        }

        void offer(int row, float distance) {
            int at;
            if (count < rows.length) {
                at = count++;
                while (at > 0 && distances[(at - 1) / 2] < distance) {
                    put(at, (at - 1) / 2);
                    at = (at - 1) / 2;
                }
            } else {
                at = 0;
                for (int child = 1; child < count; child = 2 * at + 1) {
                    if (child + 1 < count && distances[child + 1] > distances[child]) {
                        child++;
                    }
                    if (distances[child] <= distance) {
                        break;
                    }
                    put(at, child);
                    at = child;
                }
            }
            distances[at] = distance;
            rows[at] = row;
        }

        private void put(int to, int from) {
            distances[to] = distances[from];
            rows[to] = rows[from];
        }

        int rows(int[] target, int from) {
            System.arraycopy(rows, 0, target, from, count);
            return count;
        }
    }
}
