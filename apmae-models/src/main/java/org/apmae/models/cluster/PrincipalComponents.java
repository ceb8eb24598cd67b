package org.apmae.models.cluster;

import java.util.Arrays;
import java.util.Random;

/** The leading principal components of rows, by a few rounds of subspace iteration: accurate enough for a start layout. */
final class PrincipalComponents {
    private static final int ROUNDS = 5;

    private PrincipalComponents() {}

    /**
     * Projects rows onto their leading components.
     *
     * @param stride numbers for each row of the result, at least {@code components}; the rest stays 0
     * @return N rows of {@code stride} numbers
     */
    static double[] project(UnitRows rows, int components, int stride, long seed) {
        int n = rows.size();
        int width = rows.width();
        float[] values = rows.values();
        double[] mean = new double[width];
        for (int i = 0; i < n; i++) {
            for (int f = 0; f < width; f++) {
                mean[f] += values[i * width + f];
            }
        }
        for (int f = 0; f < width; f++) {
            mean[f] /= n;
        }
        Random random = new Random(seed);
        double[] basis = new double[width * stride];
        for (int f = 0; f < width; f++) {
            for (int c = 0; c < components; c++) {
                basis[f * stride + c] = random.nextGaussian();
            }
        }
        double[] scores = new double[n * stride];
        for (int round = 0; round < ROUNDS; round++) {
            orthonormalize(basis, width, components, stride);
            project(rows, mean, basis, stride, scores);
            if (round == ROUNDS - 1) {
                break;
            }
            Arrays.fill(basis, 0);
            for (int i = 0; i < n; i++) {
                for (int f = 0; f < width; f++) {
                    double x = values[i * width + f];
                    for (int c = 0; c < stride; c++) {
                        basis[f * stride + c] += x * scores[i * stride + c];
                    }
                }
            }
        }
        return scores;
    }

    private static void project(UnitRows rows, double[] mean, double[] basis, int stride, double[] scores) {
        float[] values = rows.values();
        int width = rows.width();
        double[] sum = new double[stride];
        for (int i = 0; i < rows.size(); i++) {
            Arrays.fill(sum, 0);
            for (int f = 0; f < width; f++) {
                double x = values[i * width + f] - mean[f];
                for (int c = 0; c < stride; c++) {
                    sum[c] += x * basis[f * stride + c];
                }
            }
            System.arraycopy(sum, 0, scores, i * stride, stride);
        }
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
            double scale = length > 1e-9 * before ? 1 / length : 0;
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
