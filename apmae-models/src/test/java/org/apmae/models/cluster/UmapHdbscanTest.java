package org.apmae.models.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.pattern.PatternClustererContract;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UmapHdbscanTest extends PatternClustererContract {
    @Override
    protected PatternClusterer clusterer() {
        return new UmapHdbscan(UmapHdbscan.Options.paper());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void recoversBlobsAmongNoise(long seed) {
        Synthetic.Sample sample = Synthetic.blobs(1500, 64, 12, 0.1, 0.5, seed);
        Clusters clusters = clusterer().fit(sample.rows(), seed);
        double found = Synthetic.adjustedRand(sample.truth(), clusters.labels());
        System.out.printf("seed %d: %d clusters, adjusted Rand %.3f%n", seed, clusters.count(), found);
        assertThat(found).isGreaterThanOrEqualTo(0.9);
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 3000})
    void keepsNeighboursTogether(int n) {
        Synthetic.Sample sample = Synthetic.blobs(n, 128, 20, 0, 0.5, 3);
        long start = System.nanoTime();
        clusterer().fit(sample.rows(), 3);
        double seconds = (System.nanoTime() - start) * 1e-9;
        double trust = trust(sample, n);
        double withNoise = trust(Synthetic.blobs(n, 128, 20, 0.1, 0.5, 3), n);
        System.out.printf(
                "%d x 128, 500 epochs: %.2f s, trustworthiness %.4f, with a tenth of noise %.4f%n",
                n, seconds, trust, withNoise);
        assertThat(trust).isGreaterThanOrEqualTo(0.975);
        assertThat(withNoise).isGreaterThanOrEqualTo(0.975);
    }

    private static double trust(Synthetic.Sample sample, int n) {
        float[] layout = Umap.embed(Rows.unit(sample.rows()), 8, 20, new Curve(0.05), 500, true, 3);
        return Synthetic.trustworthiness(sample.rows(), layout, Umap.STRIDE, 15, n / 100);
    }

    @Test
    void exactNeighboursEqualThoseOfTheDefinition() {
        float[][] raw = Synthetic.blobs(613, 37, 5, 0.2, 0.6, 8).rows();
        Rows rows = Rows.unit(raw);
        Neighbours found;
        try (NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            found = rows.neighbours(manager.create(rows.values(), new Shape(613, 37)), 19);
        }
        for (int i = 0; i < raw.length; i++) {
            double[] distances = new double[raw.length];
            for (int j = 0; j < raw.length; j++) {
                distances[j] = i == j ? Double.POSITIVE_INFINITY : cosineDistance(raw[i], raw[j]);
            }
            double[] sorted = distances.clone();
            Arrays.sort(sorted);
            for (int p = 0; p < 19; p++) {
                assertThat(found.distance(i, p)).isCloseTo((float) sorted[p], offset(1e-6f));
                assertThat(distances[found.index(i, p)]).isCloseTo(sorted[p], offset(1e-6));
            }
        }
    }

    private static double cosineDistance(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int f = 0; f < a.length; f++) {
            ab += (double) a[f] * b[f];
            aa += (double) a[f] * a[f];
            bb += (double) b[f] * b[f];
        }
        return 1 - ab / Math.sqrt(aa * bb);
    }

    @Test
    void curveEqualsThePublishedConstants() {
        // umap-learn's find_ab_params(1, 0.1); tolerance for the last digits of another optimiser.
        Curve curve = new Curve(0.1);
        assertThat(curve.a()).isCloseTo(1.5769434603113077, offset(1e-5));
        assertThat(curve.b()).isCloseTo(0.8950608779109733, offset(1e-5));
        for (double squared : new double[] {1e-7, 3e-3, 0.77, 1, 42.5, 9e4}) {
            double power = Math.pow(squared, curve.b());
            double pull = -2 * curve.a() * curve.b() * power / squared / (curve.a() * power + 1);
            double push = 2 * curve.b() / ((0.001 + squared) * (curve.a() * power + 1));
            assertThat(curve.attraction((float) squared) / pull).isCloseTo(1, offset(2e-4));
            assertThat(curve.repulsion((float) squared) / push).isCloseTo(1, offset(2e-4));
        }
    }

    @Test
    void groupsOfEqualRowsAreClustersAndShareALabel() {
        float[][] rows = new float[120][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new float[] {i % 2, 1 - i % 2, 0.5f};
        }
        Clusters clusters = clusterer().fit(rows, 1);
        assertThat(clusters.count()).isEqualTo(2);
        for (int i = 0; i < rows.length; i++) {
            assertThat(clusters.labels()[i]).isEqualTo(i % 2);
        }
        // 30 copies of one row among others: the copies share their label.
        float[][] mixed = Synthetic.blobs(400, 16, 4, 0, 0.4, 2).rows();
        for (int i = 0; i < 30; i++) {
            mixed[i * 3] = mixed[0].clone();
        }
        int[] labels = clusterer().fit(mixed, 1).labels();
        for (int i = 0; i < 30; i++) {
            assertThat(labels[i * 3]).isEqualTo(labels[0]);
        }
        assertThat(labels[0]).isNotEqualTo(Clusters.NOISE);
    }

    @Test
    void fewerRowsThanAClusterAreNoiseOrTheOneCluster() {
        // As scikit-learn: without core distances nothing is dense; with them all leave the root at once.
        assertThat(clusterer()
                        .fit(Synthetic.blobs(19, 8, 1, 0, 0.1, 1).rows(), 1)
                        .labels())
                .containsOnly(Clusters.NOISE);
        assertThat(clusterer()
                        .fit(Synthetic.blobs(24, 8, 1, 0, 0.1, 1).rows(), 1)
                        .labels())
                .containsOnly(0);
        UmapHdbscan several = new UmapHdbscan(UmapHdbscan.Options.paper().withSingleCluster(false));
        assertThat(several.fit(Synthetic.blobs(24, 8, 1, 0, 0.1, 1).rows(), 1).labels())
                .containsOnly(Clusters.NOISE);
    }

    @Test
    void embedsEqualDirectionsAtEqualPlacesAndRepeatsItself() {
        float[][] rows = Synthetic.blobs(300, 16, 3, 0.1, 0.4, 2).rows();
        for (int f = 0; f < 16; f++) {
            rows[7][f] = 2 * rows[250][f];
        }
        UmapHdbscan clusterer = new UmapHdbscan(UmapHdbscan.Options.paper().withComponents(5));
        float[][] places = clusterer.embed(rows, 3);
        assertThat(places).hasDimensions(300, 5);
        assertThat(places[7]).isEqualTo(places[250]);
        assertThat(clusterer.embed(rows, 3)).isDeepEqualTo(places);
        assertThat(clusterer.embed(rows, 4)[0]).isNotEqualTo(places[0]);
    }

    @Test
    void refusesOptionsOutOfRange() {
        UmapHdbscan.Options paper = UmapHdbscan.Options.paper();
        assertThatThrownBy(() -> paper.withComponents(9)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> paper.withNeighbours(1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> paper.withEpochs(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> paper.withDensity(20, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
