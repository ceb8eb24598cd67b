package org.apmae.models.cluster;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Rows of numbers with a distance: half the squared Euclidean distance, which for rows scaled to length 1 is the cosine distance.
 * In scaled rows a row of zeros stays zero: at distance 0 from other zero rows and 1 from all others.
 */
final class Rows {
    /** Candidates taken beyond the wanted neighbours, since the fast pass ranks them in single precision only. */
    private static final int MARGIN = 8;

    /** Rows multiplied with all others in one native call: enough for its full rate, small enough for memory. */
    private static final int BLOCK = 256;

    private final float[] values;
    private final int size;
    private final int width;

    private final boolean scaled;

    private Rows(float[] values, int size, int width, boolean scaled) {
        this.values = values;
        this.size = size;
        this.width = width;
        this.scaled = scaled;
    }

    /** Copies rows and scales them to length 1. */
    static Rows unit(float[][] rows) {
        return copy(rows, true);
    }

    /** Copies rows as they are. */
    static Rows plain(float[][] rows) {
        return copy(rows, false);
    }

    private static Rows copy(float[][] rows, boolean scaled) {
        int width = rows.length == 0 ? 0 : rows[0].length;
        long cells = (long) rows.length * width;
        if (cells > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException(rows.length + " encodings of " + width
                    + " numbers do not fit into one array of at most 2^31 numbers; fit fewer rows");
        }
        float[] values = new float[(int) cells];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != width) {
                throw new IllegalArgumentException("encoding " + i + " has " + rows[i].length
                        + " numbers, but encoding 0 has " + width + "; all must have the same width");
            }
            copy(rows[i], i, scaled, values, i * width);
        }
        return new Rows(values, rows.length, width, scaled);
    }

    private static void copy(float[] row, int number, boolean scaled, float[] target, int offset) {
        double squares = 0;
        for (int f = 0; f < row.length; f++) {
            if (!Float.isFinite(row[f])) {
                throw new IllegalArgumentException("encoding " + number + " has the value " + row[f] + " in column " + f
                        + ", allowed are finite numbers; drop the row or encode it again");
            }
            squares += (double) row[f] * row[f];
        }
        double scale = !scaled ? 1 : squares == 0 ? 0 : 1 / Math.sqrt(squares);
        for (int f = 0; f < row.length; f++) {
            target[offset + f] = (float) (row[f] * scale);
        }
    }

    boolean scaled() {
        return scaled;
    }

    int size() {
        return size;
    }

    int width() {
        return width;
    }

    /** Returns the numbers row by row; not a copy, never to be written. */
    float[] values() {
        return values;
    }

    /** Returns the numbers by column: F arrays of N. */
    double[][] axes() {
        double[][] axes = new double[width][size];
        for (int i = 0; i < size; i++) {
            for (int f = 0; f < width; f++) {
                axes[f][i] = values[i * width + f];
            }
        }
        return axes;
    }

    /** Copies rows of the caller, scaled as these are, and checks that they fit these. */
    Rows like(float[][] rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != width) {
                throw new IllegalArgumentException("encoding " + i + " has " + rows[i].length
                        + " numbers, but the clusters were fitted on encodings of " + width);
            }
        }
        return copy(rows, scaled);
    }

    /** Returns for every row the number of the first row equal to it. */
    int[] firstEqual() {
        Map<RowKey, Integer> first = new HashMap<>();
        int[] result = new int[size];
        for (int i = 0; i < size; i++) {
            Integer known = first.putIfAbsent(new RowKey(values, i * width, (i + 1) * width), i);
            result[i] = known == null ? i : known;
        }
        return result;
    }

    Rows select(int[] rows) {
        float[] chosen = new float[rows.length * width];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, rows[i] * width, chosen, i * width, width);
        }
        return new Rows(chosen, rows.length, width, scaled);
    }

    int checksum() {
        CRC32C crc = new CRC32C();
        byte[] bytes = new byte[4 * width];
        for (int i = 0; i < size; i++) {
            for (int f = 0; f < width; f++) {
                int bits = Float.floatToIntBits(values[i * width + f] + 0f);
                bytes[4 * f] = (byte) bits;
                bytes[4 * f + 1] = (byte) (bits >>> 8);
                bytes[4 * f + 2] = (byte) (bits >>> 16);
                bytes[4 * f + 3] = (byte) (bits >>> 24);
            }
            crc.update(bytes);
        }
        return (int) crc.getValue();
    }

    /** Returns the distance, exact to double precision also for rows that are almost equal. */
    float distance(int row, Rows other, int otherRow) {
        int a = row * width;
        int b = otherRow * width;
        double squares = 0;
        double lengthA = 0;
        double lengthB = 0;
        for (int f = 0; f < width; f++) {
            double x = values[a + f];
            double y = other.values[b + f];
            squares += (x - y) * (x - y);
            lengthA += x * x;
            lengthB += y * y;
        }
        if (scaled && (lengthA == 0 || lengthB == 0)) {
            return lengthA == lengthB ? 0 : 1;
        }
        return (float) (squares / 2);
    }

    float dot(int row, float[] other, int offset) {
        int a = row * width;
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int f = 0;
        for (; f + 4 <= width; f += 4) {
            s0 += values[a + f] * other[offset + f];
            s1 += values[a + f + 1] * other[offset + f + 1];
            s2 += values[a + f + 2] * other[offset + f + 2];
            s3 += values[a + f + 3] * other[offset + f + 3];
        }
        for (; f < width; f++) {
            s0 += values[a + f] * other[offset + f];
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** Finds the nearest of these rows for one row of another set, nearest first, equal distances by number. */
    Neighbours nearestTo(Rows other, int row, int count) {
        int k = Math.min(count, size);
        Best best = new Best(1, Math.min(size, k + MARGIN));
        for (int i = 0; i < size; i++) {
            float product = dot(i, other.values, row * width);
            best.offer(0, i, scaled ? product : product - dot(i, values, i * width) / 2);
        }
        int[] indices = new int[k];
        float[] distances = new float[k];
        refine(best, 0, other, row, k, indices, distances, 0);
        return new Neighbours(indices, distances, k);
    }

    /**
     * Finds the nearest other rows of every row by comparing all pairs. A native product in single precision chooses the
     * candidates, exact distances rank them.
     *
     * @param matrix these rows, (N, F); borrowed
     * @param count how many, at most {@code size() - 1}
     */
    Neighbours neighbours(NDArray matrix, int count) {
        Best best = new Best(size, Math.min(size - 1, count + MARGIN));
        for (int start = 0; start < size; start += BLOCK) {
            int end = Math.min(size, start + BLOCK);
            // Only the part right of the diagonal is computed and offered both ways: every list gets its rows in
            // ascending
            // order, so that the lower number wins between equals.
            best.offerBlock(products(matrix, start, end), start, end, size);
        }
        int[] indices = new int[size * count];
        float[] distances = new float[size * count];
        for (int i = 0; i < size; i++) {
            refine(best, i, this, i, count, indices, distances, i * count);
        }
        return new Neighbours(indices, distances, count);
    }

    private static float[] products(NDArray matrix, int start, int end) {
        try (NDManager scratch = matrix.getManager().newSubManager()) {
            NDArray some = matrix.get(scratch, new NDIndex("{}:{}", start, end));
            NDArray rest = matrix.get(scratch, new NDIndex("{}:", start));
            return some.matMul(rest.transpose()).toFloatArray();
        }
    }

    private void refine(
            Best best, int list, Rows other, int row, int count, int[] indices, float[] distances, int offset) {
        int[] candidates = best.candidates(list);
        float[] exact = new float[candidates.length];
        // Insertion sort by distance; candidates come in ascending number, so equals keep that order.
        for (int c = 0; c < candidates.length; c++) {
            int candidate = candidates[c];
            float distance = distance(candidate, other, row);
            int at = c;
            while (at > 0 && exact[at - 1] > distance) {
                exact[at] = exact[at - 1];
                candidates[at] = candidates[at - 1];
                at--;
            }
            exact[at] = distance;
            candidates[at] = candidate;
        }
        System.arraycopy(candidates, 0, indices, offset, count);
        System.arraycopy(exact, 0, distances, offset, count);
    }

    /** The largest products of many lists: a heap each, its smallest product on top. */
    private static final class Best {
        private final int capacity;
        private final int[] indices;
        private final float[] products;
        private final float[] smallest;

        Best(int lists, int capacity) {
            this.capacity = capacity;
            indices = new int[lists * capacity];
            products = new float[lists * capacity];
            smallest = new float[lists];
            Arrays.fill(products, Float.NEGATIVE_INFINITY);
            Arrays.fill(smallest, Float.NEGATIVE_INFINITY);
        }

        void offer(int list, int index, float product) {
            if (product > smallest[list]) {
                replaceSmallest(list, index, product);
            }
        }

        /** Offers products of rows {@code start} to {@code end} with rows {@code start} to {@code size}, both ways. */
        void offerBlock(float[] dots, int start, int end, int size) {
            int stride = size - start;
            for (int i = start; i < end; i++) {
                int base = (i - start) * stride - start;
                float own = smallest[i];
                for (int j = i + 1; j < size; j++) {
                    float dot = dots[base + j];
                    if (dot > own) {
                        replaceSmallest(i, j, dot);
                        own = smallest[i];
                    }
                    if (dot > smallest[j]) {
                        replaceSmallest(j, i, dot);
                    }
                }
            }
        }

        private void replaceSmallest(int list, int index, float product) {
            int base = list * capacity;
            int at = 0;
            while (true) {
                int child = 2 * at + 1;
                if (child >= capacity) {
                    break;
                }
                if (child + 1 < capacity && below(base + child + 1, base + child)) {
                    child++;
                }
                float childProduct = products[base + child];
                if (childProduct > product || (childProduct == product && indices[base + child] <= index)) {
                    break;
                }
                products[base + at] = childProduct;
                indices[base + at] = indices[base + child];
                at = child;
            }
            products[base + at] = product;
            indices[base + at] = index;
            smallest[list] = products[base];
        }

        /** Among equal products the larger number is the one to go first. */
        private boolean below(int a, int b) {
            return products[a] < products[b] || (products[a] == products[b] && indices[a] > indices[b]);
        }

        int[] candidates(int list) {
            int[] sorted = Arrays.copyOfRange(indices, list * capacity, (list + 1) * capacity);
            Arrays.sort(sorted);
            return sorted;
        }
    }

    /** Equality by content for a hash table of rows. */
    private static final class RowKey {
        private final float[] values;
        private final int from;
        private final int to;
        private final int hash;

        RowKey(float[] values, int from, int to) {
            this.values = values;
            this.from = from;
            this.to = to;
            int sum = 1;
            for (int f = from; f < to; f++) {
                // Adding zero makes -0 and 0 alike.
                sum = 31 * sum + Float.floatToIntBits(values[f] + 0f);
            }
            hash = sum;
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            if (!(other instanceof RowKey key) || key.to - key.from != to - from) {
                return false;
            }
            for (int f = 0; f < to - from; f++) {
                if (values[from + f] != key.values[key.from + f]) {
                    return false;
                }
            }
            return true;
        }
    }
}
