package org.apmae.models.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.pattern.PatternClustererContract;
import org.junit.jupiter.api.Test;

class HdbscanTest extends PatternClustererContract {
    @Override
    protected PatternClusterer clusterer() {
        return new Hdbscan(10, 25, true);
    }

    @Test
    void looksAtDistancesAndNotAtDirections() {
        // Two groups in one direction, which by cosine would be one.
        float[][] rows = new float[100][4];
        for (int i = 0; i < rows.length; i++) {
            for (int f = 0; f < 4; f++) {
                rows[i][f] = (i < 50 ? 1 : 9) + 0.001f * ((i * 31 + f * 17) % 13);
            }
        }
        int[] labels = clusterer().fit(rows, 1).labels();
        for (int i = 0; i < rows.length; i++) {
            assertThat(labels[i]).isEqualTo(i < 50 ? 0 : 1);
        }
    }

    @Test
    void refusesSettingsOutOfRange() {
        assertThatThrownBy(() -> new Hdbscan(0, 25, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Hdbscan(20, 1, true)).isInstanceOf(IllegalArgumentException.class);
    }
}
