package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apmae.core.pattern.PatchGrid;

/**
 * Scaled patterns in memory, each with the number of the head it comes from. Above the diagonal, where a scaled pattern has
 * one and the same value everywhere, only that value is kept: 129 KiB for a pattern of 256. Thread-safe for reading, not
 * while patterns are added.
 */
public final class PatternSet {
    private final PatchGrid grid;
    private final List<float[]> triangles = new ArrayList<>();
    private final List<Integer> heads = new ArrayList<>();

    /**
     * Starts an empty set.
     *
     * @param grid size of the patterns and patches
     */
    public PatternSet(PatchGrid grid) {
        this.grid = grid;
    }

    /**
     * Returns the size of the patterns.
     *
     * @return the grid
     */
    public PatchGrid grid() {
        return grid;
    }

    /**
     * Returns the number of patterns.
     *
     * @return 0 at the start
     */
    public int size() {
        return triangles.size();
    }

    /**
     * Adds a batch of patterns.
     *
     * @param headIndices the head of each pattern, any numbering
     * @param scaled as many patterns in a shape (N, 1, S, S) or (B, h, S, S), float32; copied
     * @throws IllegalArgumentException if the patterns have another size or number
     */
    public void add(int[] headIndices, NDArray scaled) {
        Shape shape = scaled.getShape();
        int side = grid.patternSize();
        if (shape.dimension() != 4
                || shape.get(2) != side
                || shape.get(3) != side
                || shape.get(0) * shape.get(1) != headIndices.length) {
            throw new IllegalArgumentException(
                    "patterns of the shape " + shape + " with " + headIndices.length + " heads do not fit a set of "
                            + side + " x " + side + "; give one head for each pattern of that size");
        }
        FloatBuffer pixels =
                scaled.toByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
        for (int n = 0; n < headIndices.length; n++) {
            float[] triangle = new float[side * (side + 1) / 2 + 1];
            int next = 0;
            for (int row = 0; row < side; row++) {
                pixels.get((n * side + row) * side, triangle, next, row + 1);
                next += row + 1;
            }
            triangle[next] = side == 1 ? 0 : pixels.get(n * side * side + 1);
            triangles.add(triangle);
            heads.add(headIndices[n]);
        }
    }

    /**
     * Returns the head of a pattern.
     *
     * @param index the pattern
     * @return the number it was added with
     */
    public int head(int index) {
        return heads.get(index);
    }

    /**
     * Returns a pattern.
     *
     * @param index the pattern
     * @return S S pixels, row by row; a new array
     */
    public float[] pattern(int index) {
        int side = grid.patternSize();
        float[] pixels = new float[side * side];
        copy(index, FloatBuffer.wrap(pixels), 0);
        return pixels;
    }

    void copy(int index, FloatBuffer target, int start) {
        int side = grid.patternSize();
        float[] triangle = triangles.get(index);
        float above = triangle[triangle.length - 1];
        int next = 0;
        for (int row = 0; row < side; row++) {
            int begin = start + row * side;
            target.put(begin, triangle, next, row + 1);
            next += row + 1;
            for (int column = row + 1; column < side; column++) {
                target.put(begin + column, above);
            }
        }
    }

    /**
     * Returns some patterns as one array.
     *
     * @param owner owner of the result
     * @param indices which patterns
     * @return shape (N, 1, S, S), float32
     */
    public NDArray batch(NDManager owner, int... indices) {
        return fill(owner, buffer(indices.length), indices);
    }

    private ByteBuffer buffer(int patterns) {
        int side = grid.patternSize();
        long bytes = 4L * patterns * side * side;
        return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
    }

    private NDArray fill(NDManager owner, ByteBuffer buffer, int[] indices) {
        int side = grid.patternSize();
        FloatBuffer pixels = buffer.asFloatBuffer();
        for (int n = 0; n < indices.length; n++) {
            copy(indices[n], pixels, n * side * side);
        }
        return owner.create(pixels, new Shape(indices.length, 1, side, side));
    }

    /**
     * Serves the patterns in random order, each once before any comes again.
     *
     * @param batch patterns in a batch, 1 or more
     * @param seed the same seed gives the same order
     * @return batches without end; one thread at a time
     * @throws IllegalArgumentException if the set is empty or the batch below 1
     */
    public PatternBatches shuffled(int batch, long seed) {
        if (triangles.isEmpty() || batch < 1) {
            throw new IllegalArgumentException("batches of " + batch + " cannot be drawn from " + triangles.size()
                    + " patterns; both must be 1 or more");
        }
        int size = triangles.size();
        // One buffer for all batches: a batch need be valid until the next only.
        ByteBuffer buffer = buffer(batch);
        long[] round = {-1};
        int[] order = new int[size];
        return (owner, step) -> {
            int[] chosen = new int[batch];
            for (int i = 0; i < batch; i++) {
                long position = (long) step * batch + i;
                if (position / size != round[0]) {
                    round[0] = position / size;
                    ShuffledOrder.fill(order, seed, round[0]);
                }
                chosen[i] = order[(int) (position % size)];
            }
            return fill(owner, buffer, chosen);
        };
    }
}
