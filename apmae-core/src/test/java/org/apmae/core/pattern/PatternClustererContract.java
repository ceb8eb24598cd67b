package org.apmae.core.pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What every {@link PatternClusterer} must do. */
public abstract class PatternClustererContract {
    private static final int WIDTH = 12;

    /**
     * Makes the clusterer under test, set to find at most a handful of clusters of 25 rows or more.
     *
     * @return a clusterer
     */
    protected abstract PatternClusterer clusterer();

    /**
     * Says whether the clusters under test know their validity.
     *
     * @return true; override where {@link Clusters#validity()} is always NaN
     */
    protected boolean measuresValidity() {
        return true;
    }

    private static float[][] threeBlobs(int each) {
        Random random = new Random(5);
        float[][] rows = new float[3 * each][WIDTH];
        for (int i = 0; i < rows.length; i++) {
            for (int f = 0; f < WIDTH; f++) {
                rows[i][f] = (f % 3 == i % 3 ? 3 : 0) + 0.3f * (float) random.nextGaussian();
            }
        }
        return rows;
    }

    @Test
    void findsWellSeparatedBlobsAndNumbersThemByFirstMember() {
        float[][] rows = threeBlobs(60);
        Clusters clusters = clusterer().fit(rows, 1);
        int[] labels = clusters.labels();
        int[] expected = new int[labels.length];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = i % 3;
        }
        // A density method may call a few rows at the rim noise; the first ones decide the numbering.
        int same = 0;
        for (int i = 0; i < labels.length; i++) {
            assertThat(labels[i]).isBetween(Clusters.NOISE, clusters.count() - 1);
            same += labels[i] == expected[i] ? 1 : 0;
        }
        assertThat(clusters.count()).isEqualTo(3);
        assertThat(same).isGreaterThanOrEqualTo((int) (0.9 * labels.length));
        int next = 0;
        for (int label : labels) {
            assertThat(label).isLessThanOrEqualTo(next);
            next = Math.max(next, label + 1);
        }
    }

    @Test
    void strengthsAndMedoidsFitTheLabels() {
        Clusters clusters = clusterer().fit(threeBlobs(60), 2);
        int[] labels = clusters.labels();
        float[] strengths = clusters.strengths();
        assertThat(strengths).hasSameSizeAs(labels);
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] == Clusters.NOISE) {
                assertThat(strengths[i]).isZero();
            } else {
                assertThat(strengths[i]).isGreaterThan(0).isLessThanOrEqualTo(1);
            }
        }
        if (measuresValidity()) {
            assertThat(clusters.validity()).isBetween(0.0, 1.0);
        } else {
            assertThat(clusters.validity()).isNaN();
        }
        long noise = Arrays.stream(labels).filter(l -> l == Clusters.NOISE).count();
        assertThat(clusters.noiseShare()).isEqualTo((double) noise / labels.length);
        int[] medoids = clusters.medoids();
        assertThat(medoids).hasSize(clusters.count());
        for (int c = 0; c < medoids.length; c++) {
            assertThat(labels[medoids[c]]).isEqualTo(c);
        }
    }

    @Test
    void sameSeedGivesTheSameAlsoFromManyThreads() throws Exception {
        PatternClusterer shared = clusterer();
        float[][] rows = threeBlobs(40);
        Clusters expected = shared.fit(rows, 7);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<Clusters> fit = () -> shared.fit(rows, 7);
            for (Future<Clusters> future : threads.invokeAll(List.of(fit, fit, fit, fit))) {
                assertThat(future.get().labels()).isEqualTo(expected.labels());
                assertThat(future.get().strengths()).isEqualTo(expected.strengths());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void leavesItsArgumentsAndItsResultAlone() {
        float[][] rows = threeBlobs(40);
        float[][] before = Arrays.stream(rows).map(float[]::clone).toArray(float[][]::new);
        Clusters clusters = clusterer().fit(rows, 3);
        assertThat(rows).isDeepEqualTo(before);
        int[] labels = clusters.labels();
        int[] assigned = clusters.assign(before);
        clusters.labels()[0] = 99;
        clusters.strengths()[0] = 99;
        clusters.medoids()[0] = 99;
        for (float[] row : rows) {
            Arrays.fill(row, 1);
        }
        assertThat(clusters.labels()).isEqualTo(labels);
        assertThat(clusters.strengths()[0]).isLessThanOrEqualTo(1);
        assertThat(clusters.medoids()[0]).isLessThan(99);
        assertThat(clusters.assign(before)).isEqualTo(assigned);
    }

    @Test
    void assignsFittedRowsTheirLabelsAndNewRowsThoseOfTheirBlob() {
        float[][] rows = threeBlobs(60);
        Clusters clusters = clusterer().fit(rows, 4);
        assertThat(clusters.assign(rows)).isEqualTo(clusters.labels());
        float[][] fresh = new float[3][WIDTH];
        for (int i = 0; i < 3; i++) {
            for (int f = 0; f < WIDTH; f++) {
                fresh[i][f] = f % 3 == i ? 3 : 0;
            }
        }
        assertThat(clusters.assign(fresh)).containsExactly(0, 1, 2);
        assertThat(clusters.assign(new float[0][])).isEmpty();
    }

    @Test
    void takesNoRowOneRowAndFewRows() {
        Clusters none = clusterer().fit(new float[0][], 1);
        assertThat(none.count()).isZero();
        assertThat(none.labels()).isEmpty();
        assertThat(none.medoids()).isEmpty();
        for (int size : new int[] {1, 2, 5, 19, 24}) {
            float[][] rows = Arrays.copyOf(threeBlobs(60), size);
            Clusters few = clusterer().fit(rows, 1);
            assertThat(few.labels()).hasSize(size);
            assertThat(few.assign(rows)).isEqualTo(few.labels());
        }
    }

    @Test
    void takesRowsThatAreAllEqualAndRowsOfZeros() {
        for (float value : new float[] {0.25f, 0}) {
            float[][] rows = new float[80][WIDTH];
            for (float[] row : rows) {
                Arrays.fill(row, value);
            }
            Clusters clusters = clusterer().fit(rows, 1);
            assertThat(clusters.count()).isEqualTo(1);
            assertThat(clusters.validity()).isNaN();
            assertThat(clusters.labels()).containsOnly(0);
            assertThat(clusters.assign(rows)).containsOnly(0);
        }
    }

    @Test
    void refusesRowsThatAreNotFiniteOrDifferInWidth() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[][] rows = threeBlobs(40);
            rows[17][3] = bad;
            assertThatThrownBy(() -> clusterer().fit(rows, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("17");
        }
        float[][] ragged = threeBlobs(40);
        ragged[5] = new float[WIDTH + 1];
        assertThatThrownBy(() -> clusterer().fit(ragged, 1)).isInstanceOf(IllegalArgumentException.class);
        Clusters clusters = clusterer().fit(threeBlobs(40), 1);
        assertThatThrownBy(() -> clusters.assign(new float[][] {new float[WIDTH - 1]}))
                .isInstanceOf(IllegalArgumentException.class);
        float[] notANumber = new float[WIDTH];
        notANumber[0] = Float.NaN;
        assertThatThrownBy(() -> clusters.assign(new float[][] {notANumber}))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
