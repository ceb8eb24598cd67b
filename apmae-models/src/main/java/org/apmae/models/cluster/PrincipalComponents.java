package org.apmae.models.cluster;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Random;

/** The leading principal components of rows, by a few rounds of subspace iteration: accurate enough for a start layout. */
final class PrincipalComponents {
    private static final int ROUNDS = 5;

    private PrincipalComponents() {}

    /**
     * Projects rows onto their leading components.
     *
     * @param matrix rows, (N, F); borrowed
     * @param stride numbers for each row of the result, at least {@code components}; the rest stays 0
     * @return N rows of {@code stride} numbers
     */
    static double[] project(NDArray matrix, int components, int stride, long seed) {
        int width = (int) matrix.getShape().get(1);
        Random random = new Random(seed);
        double[] basis = new double[width * stride];
        for (int f = 0; f < width; f++) {
            for (int c = 0; c < components; c++) {
                basis[f * stride + c] = random.nextGaussian();
            }
        }
        try (NDManager scratch = matrix.getManager().newSubManager()) {
            NDArray rows = matrix.get(scratch, new NDIndex(":"));
            NDArray centred = rows.sub(rows.mean(new int[] {0}, true));
            for (int round = 0; ; round++) {
                orthonormalize(basis, width, components, stride);
                NDArray scores = centred.matMul(scratch.create(floats(basis), new Shape(width, stride)));
                if (round == ROUNDS - 1) {
                    return doubles(scores.toFloatArray());
                }
                basis = doubles(centred.transpose().matMul(scores).toFloatArray());
            }
        }
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }

    private static double[] doubles(float[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = values[i];
        }
        return result;
    }

    /** Gram-Schmidt; a column that depends on the earlier ones becomes 0. */
    private static void orthonormalize(double[] basis, int width, int components, int stride) {
        for (int c = 0; c < components; c++) {
            double before = norm(basis, width, c, stride);
            for (int earlier = 0; earlier < c; earlier++) {
                double dot = 0;
                for (int f = 0; f < width; f++) {
                    dot += basis[f * stride + c] * basis[f * stride + earlier];
                }
                for (int f = 0; f < width; f++) {
                    basis[f * stride + c] -= dot * basis[f * stride + earlier];
                }
            }
            double length = norm(basis, width, c, stride);
            double scale = length > 1e-5 * before ? 1 / length : 0;
            for (int f = 0; f < width; f++) {
                basis[f * stride + c] *= scale;
            }
        }
    }

    private static double norm(double[] basis, int width, int column, int stride) {
        double squares = 0;
        for (int f = 0; f < width; f++) {
            squares += basis[f * stride + column] * basis[f * stride + column];
        }
        return Math.sqrt(squares);
    }
}
