package org.apmae.models.cluster.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.Random;
import org.apmae.models.cluster.Hdbscan;
import org.apmae.models.cluster.KMeans;
import org.junit.jupiter.api.Test;

class MeasuresTest {
    @Test
    void agreementEqualsPublishedValues() {
        // The examples in scikit-learn's documentation of these two measures.
        assertThat(Agreement.adjustedRand(new int[] {0, 0, 1, 2}, new int[] {0, 0, 1, 1}))
                .isCloseTo(0.5714285714285714, offset(1e-12));
        assertThat(Agreement.adjustedRand(new int[] {0, 0, 1, 1}, new int[] {0, 1, 0, 1}))
                .isCloseTo(-0.5, offset(1e-12));
        assertThat(Agreement.adjustedRand(new int[] {0, 0, 1, 1}, new int[] {7, 7, -1, -1}))
                .isEqualTo(1);
        assertThat(Agreement.adjustedRand(new int[] {3, 3}, new int[] {1, 1})).isEqualTo(1);
        assertThat(Agreement.normalizedMutualInformation(new int[] {0, 0, 1, 1}, new int[] {1, 1, 0, 0}))
                .isCloseTo(1, offset(1e-12));
        assertThat(Agreement.normalizedMutualInformation(new int[] {0, 0, 1, 1}, new int[] {0, 1, 0, 1}))
                .isCloseTo(0, offset(1e-12));
        assertThat(Agreement.normalizedMutualInformation(new int[] {0, 0, 1, 1}, new int[] {0, 0, 1, 2}))
                .isCloseTo(0.8, offset(1e-12));
        assertThat(Agreement.normalizedMutualInformation(new int[3], new int[3]))
                .isZero();
        assertThatThrownBy(() -> Agreement.adjustedRand(new int[2], new int[3]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void associationTellsWhatChanceWouldGive() {
        Random random = new Random(3);
        int[] labels = new int[400];
        int[] same = new int[400];
        int[] other = new int[400];
        for (int i = 0; i < 400; i++) {
            labels[i] = random.nextInt(20) - 1;
            same[i] = random.nextInt(5) == 0 ? random.nextInt(20) : labels[i];
            other[i] = random.nextInt(20);
        }
        Association real = Association.of(labels, same, 99, 1);
        assertThat(real.information()).isGreaterThan(0.5).isGreaterThan(real.high());
        assertThat(real.probability()).isCloseTo(0.01, offset(1e-12));
        // Twenty classes of twenty rows share information by chance alone.
        Association none = Association.of(labels, other, 99, 1);
        assertThat(none.baseline()).isGreaterThan(0.1).isCloseTo(none.information(), offset(0.03));
        assertThat(none.probability()).isGreaterThan(0.05);
        assertThat(Association.of(labels, other, 99, 1)).isEqualTo(none);
        assertThatThrownBy(() -> Association.of(labels, other, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void stabilityIsHighForGroupsApartAndLowForNone() {
        Random random = new Random(8);
        float[][] groups = new float[300][6];
        float[][] cloud = new float[300][6];
        for (int i = 0; i < 300; i++) {
            for (int f = 0; f < 6; f++) {
                groups[i][f] = (float) (0.2 * random.nextGaussian() + (f % 3 == i % 3 ? 4 : 0));
                cloud[i][f] = (float) random.nextGaussian();
            }
        }
        Hdbscan hdbscan = new Hdbscan(10, 25, false);
        Stability good = Stability.of(hdbscan, groups, hdbscan.fit(groups, 1).labels(), 5, 2);
        assertThat(good.acrossSeeds()).isEqualTo(1);
        assertThat(good.acrossSubsamples()).isGreaterThan(0.9);
        KMeans means = new KMeans(6);
        int[] labels = means.fit(cloud, 1).labels();
        Stability bad = Stability.of(means, cloud, labels, 5, 2);
        assertThat(bad.acrossSeeds()).isLessThan(0.8);
        assertThat(bad.acrossSubsamples()).isLessThan(0.8);
        assertThat(Stability.of(means, cloud, labels, 5, 2)).isEqualTo(bad);
        assertThatThrownBy(() -> Stability.of(means, cloud, new int[3], 5, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Stability.of(means, cloud, labels, 5, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
