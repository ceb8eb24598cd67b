package org.apmae.models.cluster;

/** What two rows of a layout do to each other. Rows begin at multiples of {@link Umap#STRIDE}. Immutable. */
final class Forces {
    /** The longest step of one coordinate, before the rate. */
    static final float LIMIT = 4;

    private static final int STRIDE = Umap.STRIDE;

    private final Curve curve;

    Forces(Curve curve) {
        this.curve = curve;
    }

    /** Draws two rows together, each by the same way. */
    void pull(float[] y, int a, int b, float rate) {
        float d0 = y[a] - y[b];
        float d1 = y[a + 1] - y[b + 1];
        float d2 = y[a + 2] - y[b + 2];
        float d3 = y[a + 3] - y[b + 3];
        float d4 = y[a + 4] - y[b + 4];
        float d5 = y[a + 5] - y[b + 5];
        float d6 = y[a + 6] - y[b + 6];
        float d7 = y[a + 7] - y[b + 7];
        float squared = ((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7));
        if (squared == 0) {
            return;
        }
        float step = curve.attraction(squared);
        // Each coordinate is limited by itself; where even the whole step is short no coordinate can be long.
        if (step * step * squared > LIMIT * LIMIT) {
            d0 = limit(step * d0);
            d1 = limit(step * d1);
            d2 = limit(step * d2);
            d3 = limit(step * d3);
            d4 = limit(step * d4);
            d5 = limit(step * d5);
            d6 = limit(step * d6);
            d7 = limit(step * d7);
            step = 1;
        }
        step *= rate;
        d0 *= step;
        d1 *= step;
        d2 *= step;
        d3 *= step;
        d4 *= step;
        d5 *= step;
        d6 *= step;
        d7 *= step;
        y[a] += d0;
        y[a + 1] += d1;
        y[a + 2] += d2;
        y[a + 3] += d3;
        y[a + 4] += d4;
        y[a + 5] += d5;
        y[a + 6] += d6;
        y[a + 7] += d7;
        y[b] -= d0;
        y[b + 1] -= d1;
        y[b + 2] -= d2;
        y[b + 3] -= d3;
        y[b + 4] -= d4;
        y[b + 5] -= d5;
        y[b + 6] -= d6;
        y[b + 7] -= d7;
    }

    private static float limit(float step) {
        return step > LIMIT ? LIMIT : step < -LIMIT ? -LIMIT : step;
    }

    /** Pushes two rows apart, each by the same way. */
    void push(float[] y, int a, int b, float rate) {
        float squared = 0;
        for (int c = 0; c < STRIDE; c++) {
            float difference = y[a + c] - y[b + c];
            squared += difference * difference;
        }
        if (squared == 0) {
            return;
        }
        float step = curve.repulsion(squared);
        for (int c = 0; c < STRIDE; c++) {
            float way = rate * limit(step * (y[a + c] - y[b + c]));
            y[a + c] += way;
            y[b + c] -= way;
        }
    }
}
