package org.apmae.models.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Rows scaled to length 1, so that the cosine distance of two rows is half their squared Euclidean distance. A row of zeros
 * stays zero: at distance 0 from other zero rows and 1 from all others.
 */
final class UnitRows {
    /** Candidates taken beyond the wanted neighbours, since the fast pass ranks them in single precision only. */
    private static final int MARGIN = 8;

    /** Columns of a tile: a strip of four features of them (4 KiB) stays in the first-level cache. */
    private static final int TILE_COLUMNS = 256;

    private static final int TILE_ROWS = 128;

    private final float[] values;
    private final int size;
    private final int width;

    private UnitRows(float[] values, int size, int width) {
        this.values = values;
        this.size = size;
        this.width = width;
    }

    static UnitRows of(float[][] rows) {
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
            normalize(rows[i], i, values, i * width);
        }
        return new UnitRows(values, rows.length, width);
    }

    private static void normalize(float[] row, int number, float[] target, int offset) {
        double squares = 0;
        for (int f = 0; f < row.length; f++) {
            if (!Float.isFinite(row[f])) {
                throw new IllegalArgumentException("encoding " + number + " has the value " + row[f] + " in column " + f
                        + ", allowed are finite numbers; drop the row or encode it again");
            }
            squares += (double) row[f] * row[f];
        }
        double scale = squares == 0 ? 0 : 1 / Math.sqrt(squares);
        for (int f = 0; f < row.length; f++) {
            target[offset + f] = (float) (row[f] * scale);
        }
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

    /** Scales rows of the caller to length 1 and checks that they fit these. */
    UnitRows unitLike(float[][] rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != width) {
                throw new IllegalArgumentException("encoding " + i + " has " + rows[i].length
                        + " numbers, but the clusters were fitted on encodings of " + width);
            }
        }
        return of(rows);
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

    UnitRows select(int[] rows) {
        float[] chosen = new float[rows.length * width];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, rows[i] * width, chosen, i * width, width);
        }
        return new UnitRows(chosen, rows.length, width);
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

    /** Returns the cosine distance, exact to double precision also for rows that are almost equal. */
    float distance(int row, UnitRows other, int otherRow) {
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
        if (lengthA == 0 || lengthB == 0) {
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
    Neighbours nearestTo(UnitRows other, int row, int count) {
        int k = Math.min(count, size);
        Best best = new Best(1, Math.min(size, k + MARGIN));
        for (int i = 0; i < size; i++) {
            best.offer(0, i, dot(i, other.values, row * width));
        }
        int[] indices = new int[k];
        float[] distances = new float[k];
        refine(best, 0, other, row, k, indices, distances, 0);
        return new Neighbours(indices, distances, k);
    }

    /**
     * Finds the nearest other rows of every row by comparing all pairs.
     *
     * @param count how many, at most {@code size() - 1}
     */
    Neighbours neighbours(int count) {
        Best best = new Best(size, Math.min(size - 1, count + MARGIN));
        float[] strip = new float[width * TILE_COLUMNS];
        float[][] tile = new float[TILE_ROWS][TILE_COLUMNS];
        // Tiles on and right of the diagonal only, each used for its rows and its columns. Rows are offered to every
        // list in
        // ascending order, so that the lower number wins between equals.
        for (int rowStart = 0; rowStart < size; rowStart += TILE_ROWS) {
            int rowEnd = Math.min(size, rowStart + TILE_ROWS);
            for (int columnStart = rowStart - rowStart % TILE_COLUMNS;
                    columnStart < size;
                    columnStart += TILE_COLUMNS) {
                int columnEnd = Math.min(size, columnStart + TILE_COLUMNS);
                transpose(columnStart, columnEnd, strip);
                multiply(rowStart, rowEnd, strip, tile);
                for (int i = rowStart; i < rowEnd; i++) {
                    float[] dots = tile[i - rowStart];
                    for (int j = Math.max(columnStart, i + 1); j < columnEnd; j++) {
                        float dot = dots[j - columnStart];
                        best.offer(i, j, dot);
                        best.offer(j, i, dot);
                    }
                }
            }
        }
        int[] indices = new int[size * count];
        float[] distances = new float[size * count];
        for (int i = 0; i < size; i++) {
            refine(best, i, this, i, count, indices, distances, i * count);
        }
        return new Neighbours(indices, distances, count);
    }

    private void transpose(int start, int end, float[] strip) {
        for (int j = start; j < end; j++) {
            for (int f = 0; f < width; f++) {
                strip[f * TILE_COLUMNS + j - start] = values[j * width + f];
            }
        }
    }

    private void multiply(int rowStart, int rowEnd, float[] strip, float[][] tile) {
        for (float[] dots : tile) {
            Arrays.fill(dots, 0);
        }
        float[] x = new float[16];
        for (int f = 0; f < width; f += 4) {
            int[] offsets = rowOffsets(f);
            for (int i = rowStart; i < rowEnd; i += 4) {
                for (int r = 0; r < 4; r++) {
                    int row = Math.min(i + r, rowEnd - 1);
                    for (int c = 0; c < 4; c++) {
                        x[4 * r + c] = f + c < width ? values[row * width + f + c] : 0;
                    }
                }
                int t = i - rowStart;
                fourByFour(tile[t], tile[t + 1], tile[t + 2], tile[t + 3], strip, x, offsets);
            }
        }
    }

    private int[] rowOffsets(int f) {
        int last = width - 1;
        return new int[] {
            f * TILE_COLUMNS,
            Math.min(f + 1, last) * TILE_COLUMNS,
            Math.min(f + 2, last) * TILE_COLUMNS,
            Math.min(f + 3, last) * TILE_COLUMNS
        };
    }

    /**
     * Adds four features of four rows to the products with all columns. Written as sums along the columns because the just-in-time
     * compiler turns such loops into vector instructions, and not those that sum within a row.
     */
    private static void fourByFour(
            float[] p, float[] q, float[] r, float[] s, float[] strip, float[] x, int[] offsets) {
        float a0 = x[0];
        float a1 = x[1];
        float a2 = x[2];
        float a3 = x[3];
        float b0 = x[4];
        float b1 = x[5];
        float b2 = x[6];
        float b3 = x[7];
        float c0 = x[8];
        float c1 = x[9];
        float c2 = x[10];
        float c3 = x[11];
        float d0 = x[12];
        float d1 = x[13];
        float d2 = x[14];
        float d3 = x[15];
        int o0 = offsets[0];
        int o1 = offsets[1];
        int o2 = offsets[2];
        int o3 = offsets[3];
        for (int j = 0; j < TILE_COLUMNS; j++) {
            float t0 = strip[o0 + j];
            float t1 = strip[o1 + j];
            float t2 = strip[o2 + j];
            float t3 = strip[o3 + j];
            p[j] = Math.fma(a0, t0, Math.fma(a1, t1, Math.fma(a2, t2, Math.fma(a3, t3, p[j]))));
            q[j] = Math.fma(b0, t0, Math.fma(b1, t1, Math.fma(b2, t2, Math.fma(b3, t3, q[j]))));
            r[j] = Math.fma(c0, t0, Math.fma(c1, t1, Math.fma(c2, t2, Math.fma(c3, t3, r[j]))));
            s[j] = Math.fma(d0, t0, Math.fma(d1, t1, Math.fma(d2, t2, Math.fma(d3, t3, s[j]))));
        }
    }

    private void refine(
            Best best, int list, UnitRows other, int row, int count, int[] indices, float[] distances, int offset) {
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
