package org.apmae.models.cluster;

/**
 * The curve 1 / (1 + a d^(2b)) of UMAP that turns a distance in the embedding into a similarity, fitted to fall from 1 at
 * {@code minDist} with spread 1, and tables of the forces along it.
 */
final class Curve {
    /** Six bits of the mantissa with linear interpolation: relative error below 1e-4, and both tables fit the first-level cache. */
    private static final int MANTISSA_BITS = 6;

    private static final int SHIFT = 23 - MANTISSA_BITS;
    private static final int LOWEST = Float.floatToIntBits(0x1p-26f) >>> SHIFT;
    private static final int HIGHEST = Float.floatToIntBits(0x1p20f) >>> SHIFT;
    private static final float STEP = 1f / (1 << SHIFT);
    private static final int SAMPLES = 300;

    private final double a;
    private final double b;
    private final float[] attraction = new float[HIGHEST - LOWEST + 2];
    private final float[] repulsion = new float[HIGHEST - LOWEST + 2];

    Curve(double minDist) {
        double[] fitted = fit(minDist);
        a = fitted[0];
        b = fitted[1];
        for (int i = 0; i < attraction.length; i++) {
            double squared = Float.intBitsToFloat((LOWEST + i) << SHIFT);
            // StrictMath, because these values shape every embedding and must be the same on every machine.
            double power = StrictMath.pow(squared, b);
            attraction[i] = (float) (-2 * a * b * power / squared / (a * power + 1));
            repulsion[i] = (float) (2 * b / ((0.001 + squared) * (a * power + 1)));
        }
    }

    double a() {
        return a;
    }

    double b() {
        return b;
    }

    float attraction(float squaredDistance) {
        return look(attraction, squaredDistance);
    }

    float repulsion(float squaredDistance) {
        return look(repulsion, squaredDistance);
    }

    private static float look(float[] table, float squaredDistance) {
        int bits = Float.floatToRawIntBits(squaredDistance);
        int at = (bits >>> SHIFT) - LOWEST;
        if (at < 0) {
            return table[0];
        }
        if (at >= HIGHEST - LOWEST) {
            return table[HIGHEST - LOWEST];
        }
        float part = (bits & ((1 << SHIFT) - 1)) * STEP;
        return table[at] + part * (table[at + 1] - table[at]);
    }

    /** Least squares over 300 points of [0, 3] by Levenberg-Marquardt. */
    private static double[] fit(double minDist) {
        double a = 1;
        double b = 1;
        double damping = 1e-3;
        double error = squares(a, b, minDist);
        for (int round = 0; round < 200; round++) {
            double aa = 0;
            double ab = 0;
            double bb = 0;
            double ga = 0;
            double gb = 0;
            for (int i = 1; i < SAMPLES; i++) {
                double x = 3.0 * i / (SAMPLES - 1);
                double power = StrictMath.pow(x, 2 * b);
                double value = 1 / (1 + a * power);
                double byA = -power * value * value;
                double byB = -2 * a * power * StrictMath.log(x) * value * value;
                double rest = target(x, minDist) - value;
                aa += byA * byA;
                ab += byA * byB;
                bb += byB * byB;
                ga += byA * rest;
                gb += byB * rest;
            }
            double p = aa * (1 + damping);
            double q = bb * (1 + damping);
            double determinant = p * q - ab * ab;
            double nextA = a + (q * ga - ab * gb) / determinant;
            double nextB = b + (p * gb - ab * ga) / determinant;
            double nextError = nextA > 0 && nextB > 0 ? squares(nextA, nextB, minDist) : Double.POSITIVE_INFINITY;
            if (nextError < error) {
                a = nextA;
                b = nextB;
                error = nextError;
                damping /= 10;
            } else {
                damping *= 10;
            }
        }
        return new double[] {a, b};
    }

    private static double squares(double a, double b, double minDist) {
        double sum = 0;
        for (int i = 0; i < SAMPLES; i++) {
            double x = 3.0 * i / (SAMPLES - 1);
            double rest = target(x, minDist) - 1 / (1 + a * StrictMath.pow(x, 2 * b));
            sum += rest * rest;
        }
        return sum;
    }

    private static double target(double x, double minDist) {
        return x < minDist ? 1 : StrictMath.exp(minDist - x);
    }
}
