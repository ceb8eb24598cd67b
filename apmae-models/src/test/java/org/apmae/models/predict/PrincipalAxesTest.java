package org.apmae.models.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PrincipalAxesTest {
    @Test
    void findsTheDirectionsOfLargestVarianceInOrder() {
        Random random = new Random(4);
        float[][] rows = new float[2000][6];
        double[] scale = {0.1, 5, 0.1, 2, 0.1, 0.1};
        for (float[] row : rows) {
            for (int f = 0; f < row.length; f++) {
                row[f] = (float) (3 + scale[f] * random.nextGaussian());
            }
        }
        PrincipalAxes axes = PrincipalAxes.fit(rows, 2, 1);
        double[] variance = new double[2];
        for (float[] row : rows) {
            double[] scores = axes.project(row);
            variance[0] += scores[0] * scores[0] / rows.length;
            variance[1] += scores[1] * scores[1] / rows.length;
        }
        assertThat(Math.sqrt(variance[0])).isCloseTo(5, within(0.3));
        assertThat(Math.sqrt(variance[1])).isCloseTo(2, within(0.15));
        float[] moved = {3, 8, 3, 3, 3, 3};
        assertThat(Math.abs(axes.project(moved)[0])).isCloseTo(5, within(0.3));
    }

    @Test
    void rowsThatDoNotVaryHaveNoDirection() {
        float[][] rows = {{1, 2, 3}, {1, 2, 3}, {1, 2, 3}};
        assertThat(PrincipalAxes.fit(rows, 2, 1).project(new float[] {1, 2, 3})).containsExactly(0, 0);
    }

    @Test
    void mistakesAreNamed() {
        assertThatThrownBy(() -> PrincipalAxes.fit(new float[0][], 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PrincipalAxes.fit(new float[2][3], 4, 1)).hasMessageContaining("1 to 3");
        assertThatThrownBy(() -> PrincipalAxes.fit(new float[][] {{1, 2}}, 1, 1).project(new float[3]))
                .hasMessageContaining("3 numbers");
    }
}
