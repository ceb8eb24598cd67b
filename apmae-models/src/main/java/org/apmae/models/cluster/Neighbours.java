package org.apmae.models.cluster;

/**
 * The nearest rows of N rows. Owned by its maker: the arrays are shared, never written after construction.
 */
final class Neighbours {
    private final int[] indices;
    private final float[] distances;
    private final int count;

    /**
     * Takes over the arrays.
     *
     * @param indices N times {@code count} row numbers, nearest first
     * @param distances the cosine distances to them, ascending
     * @param count neighbours of each row
     */
    Neighbours(int[] indices, float[] distances, int count) {
        this.indices = indices;
        this.distances = distances;
        this.count = count;
    }

    int index(int row, int place) {
        return indices[row * count + place];
    }

    float distance(int row, int place) {
        return distances[row * count + place];
    }

    int count() {
        return count;
    }
}
