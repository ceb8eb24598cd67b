package org.apmae.models.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.pattern.PatternClustererContract;
import org.junit.jupiter.api.Test;

class KMeansTest extends PatternClustererContract {
    @Override
    protected PatternClusterer clusterer() {
        return new KMeans(3);
    }

    @Test
    void looksAtDirectionsOnly() {
        float[][] rows = Synthetic.blobs(300, 16, 3, 0, 0.2, 9).rows();
        float[][] scaled = new float[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            scaled[i] = rows[i].clone();
            for (int f = 0; f < scaled[i].length; f++) {
                scaled[i][f] *= i % 2 == 0 ? 2 : 8;
            }
        }
        assertThat(new KMeans(3).fit(scaled, 1).labels())
                .isEqualTo(new KMeans(3).fit(rows, 1).labels());
    }

    @Test
    void findsFewerClustersThanAskedWhereRowsRepeat() {
        float[][] rows = new float[30][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new float[] {i % 2, 1 - i % 2};
        }
        Clusters clusters = new KMeans(5).fit(rows, 3);
        assertThat(clusters.count()).isEqualTo(2);
        assertThatThrownBy(() -> new KMeans(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
