package org.apmae.models.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.SerializingRunner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeadClusteringTest {
    private static final PatternClusterer PAPER =
            new UmapHdbscan(UmapHdbscan.Options.paper().withEpochs(50));

    private static List<float[][]> heads(int count) {
        List<float[][]> heads = new ArrayList<>();
        for (int h = 0; h < count; h++) {
            heads.add(Synthetic.blobs(200 + 10 * h, 16, 3, 0.1, 0.4, h).rows());
        }
        return heads;
    }

    @Test
    void resultDoesNotDependOnThreads() {
        List<float[][]> heads = heads(6);
        List<Integer> reported = new ArrayList<>();
        List<Clusters> one = HeadClustering.fitAll(heads, PAPER, 11, 1, done -> {});
        List<Clusters> three = HeadClustering.fitAll(heads, PAPER, 11, 3, reported::add);
        assertThat(reported).containsExactly(1, 2, 3, 4, 5, 6);
        for (int h = 0; h < 6; h++) {
            assertThat(three.get(h).labels()).isEqualTo(one.get(h).labels());
            assertThat(three.get(h).strengths()).isEqualTo(one.get(h).strengths());
            assertThat(three.get(h).medoids()).isEqualTo(one.get(h).medoids());
        }
        assertThat(HeadClustering.fitAll(List.of(), PAPER, 1, 2, done -> {})).isEmpty();
    }

    @Test
    void equalHeadsGetSeedsOfTheirOwn() {
        float[][] rows = Synthetic.blobs(200, 16, 1, 0.5, 1, 1).rows();
        List<Clusters> fitted = HeadClustering.fitAll(List.of(rows, rows), PAPER, 11, 1, done -> {});
        assertThat(fitted.get(0).strengths()).isNotEqualTo(fitted.get(1).strengths());
    }

    @Test
    void namesTheHeadWhoseRowsAreNotAllowed() {
        List<float[][]> heads = heads(3);
        heads.get(1)[4][2] = Float.NaN;
        assertThatThrownBy(() -> HeadClustering.fitAll(heads, PAPER, 1, 2, done -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("head number 1")
                .hasMessageContaining("encoding 4");
        assertThatThrownBy(() -> HeadClustering.fitAll(heads, PAPER, 1, 0, done -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void savedClustersComeBackWhole(@TempDir Path folder) {
        List<float[][]> heads = heads(3);
        Path file = folder.resolve("clusters.json");
        for (PatternClusterer clusterer : List.of(PAPER, new KMeans(4), new Hdbscan(10, 15, true))) {
            List<Clusters> fitted = HeadClustering.fitAll(heads, clusterer, 11, 2, done -> {});
            ClustersJson.write(file, fitted);
            List<Clusters> read = ClustersJson.read(file, heads);
            float[][] fresh = Synthetic.blobs(50, 16, 3, 0.3, 0.6, 77).rows();
            for (int h = 0; h < 3; h++) {
                assertThat(read.get(h).count()).isEqualTo(fitted.get(h).count());
                assertThat(read.get(h).labels()).isEqualTo(fitted.get(h).labels());
                assertThat(read.get(h).strengths()).isEqualTo(fitted.get(h).strengths());
                assertThat(read.get(h).medoids()).isEqualTo(fitted.get(h).medoids());
                assertThat((Double) read.get(h).validity())
                        .isEqualTo((Double) fitted.get(h).validity());
                assertThat(read.get(h).assign(fresh)).isEqualTo(fitted.get(h).assign(fresh));
            }
        }
    }

    @Test
    void clustersTravelWithoutTheirRows(@TempDir Path folder) throws IOException {
        List<float[][]> heads = heads(2);
        List<Clusters> fitted = HeadClustering.fitAll(heads, PAPER, 3, 1, done -> {});
        List<Clusters> arrived = new ArrayList<>();
        try (PieceRunner runner = new SerializingRunner();
                PieceResults<Clusters> results = runner.map(
                        heads.iterator(),
                        one -> HeadClustering.fit(Collections.singletonList(one), new KMeans(2), 3, 0))) {
            results.forEachRemaining(arrived::add);
        }
        assertThat(arrived).hasSize(2);
        for (int h = 0; h < 2; h++) {
            Clusters here = HeadClustering.fit(heads.subList(h, h + 1), new KMeans(2), 3, 0);
            assertThat(arrived.get(h).labels()).isEqualTo(here.labels());
            assertThat(arrived.get(h).strengths()).isEqualTo(here.strengths());
            assertThat(arrived.get(h).medoids()).isEqualTo(here.medoids());
            assertThat((Double) arrived.get(h).validity()).isEqualTo((Double) here.validity());
        }
        assertThat(HeadClustering.fit(heads, PAPER, 3, 1).labels())
                .isEqualTo(fitted.get(1).labels());
        assertThatThrownBy(() -> arrived.get(0).assign(heads.get(0)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("came without their encodings");
        Path file = folder.resolve("clusters.json");
        ClustersJson.write(file, arrived);
        assertThat(ClustersJson.read(file, heads).get(0).assign(heads.get(0)))
                .isEqualTo(arrived.get(0).labels());
    }

    @Test
    void refusesDamagedFilesAndOtherEncodings(@TempDir Path folder) throws IOException {
        List<float[][]> heads = heads(2);
        Path file = folder.resolve("clusters.json");
        ClustersJson.write(file, HeadClustering.fitAll(heads, new KMeans(2), 1, 1, done -> {}));
        List<Clusters> swapped = ClustersJson.read(file, List.of(heads.get(1), heads.get(0)));
        assertThatThrownBy(() -> swapped.get(0).assign(heads.get(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("other encodings");
        assertThatThrownBy(() -> ClustersJson.read(file, heads.subList(0, 1)))
                .isInstanceOf(IllegalArgumentException.class);
        String whole = Files.readString(file);
        for (String damaged : List.of(
                "",
                "[]",
                "{}",
                whole.substring(0, whole.length() - 3),
                whole.replace("\"version\":2", "\"version\":1"),
                whole.replace("\"rule\":\"CENTRES\"", "\"rule\":\"X\""),
                whole.replace("\"labels\":[0", "\"labels\":[99999"),
                whole.replace("\"medoids\":[", "\"medoids\":[-1,"),
                whole.replace("\"rows\":200", "\"rows\":2000000000"),
                whole.replace("\"strengths\":[", "\"strengths\":[7,"))) {
            Files.writeString(file, damaged);
            assertThatThrownBy(() -> ClustersJson.read(file, heads))
                    .as("%.60s", damaged)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("clusters.json cannot be used");
        }
        assertThatThrownBy(() -> ClustersJson.read(folder.resolve("none.json"), heads))
                .isInstanceOf(UncheckedIOException.class);
    }
}
