package org.apmae.models.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ValidityTest {
    /** Worked by hand: on a line, two clusters of three points. */
    @Test
    void equalsTheDefinitionOnALine() {
        double[][] axes = {{0, 1, 2, 10, 12, 14}};
        int[] labels = {0, 0, 0, 1, 1, 1};
        // Core distances in one dimension are harmonic means: ends 2 / (1 + 1/2) = 4/3 and middle 1 in the first
        // cluster, twice
        // that in the second. Each tree is a path with one inner node, so sparseness is its longest edge: 4/3 and 8/3.
        // The
        // inner nodes lie 11 apart.
        double first = (11 - 4.0 / 3) / 11;
        double second = (11 - 8.0 / 3) / 11;
        assertThat(Validity.of(axes, labels, 2)).isCloseTo((first + second) / 2, offset(1e-12));
        int[] withNoise = {0, 0, 0, 1, 1, 1, -1, -1};
        assertThat(Validity.of(new double[][] {{0, 1, 2, 10, 12, 14, 5, 6}}, withNoise, 2))
                .isCloseTo((first + second) / 2 * 6 / 8, offset(1e-12));
    }

    @Test
    void isHighForClustersApartLowForCutsThroughOneAndMissingForOne() {
        Random random = new Random(4);
        double[][] axes = new double[8][200];
        int[] apart = new int[200];
        int[] cut = new int[200];
        for (int i = 0; i < 200; i++) {
            apart[i] = i % 2;
            cut[i] = i / 2 % 2;
            for (int d = 0; d < 8; d++) {
                axes[d][i] = random.nextGaussian() + 20 * apart[i];
            }
        }
        assertThat(Validity.of(axes, apart, 2)).isGreaterThan(0.8);
        assertThat(Validity.of(axes, cut, 2)).isLessThan(0);
        assertThat(Validity.of(axes, new int[200], 1)).isNaN();
    }

    @Test
    void takesPointsInOnePlaceAndManyDimensions() {
        double[][] axes = new double[512][60];
        int[] labels = new int[60];
        for (int i = 0; i < 60; i++) {
            labels[i] = i % 2;
            for (double[] axis : axes) {
                axis[i] = 3 * labels[i];
            }
        }
        assertThat(Validity.of(axes, labels, 2)).isEqualTo(1);
        axes[7][0] = 1e-3;
        axes[9][1] = 3.001;
        assertThat(Validity.of(axes, labels, 2)).isBetween(0.9, 1.0);
    }
}
