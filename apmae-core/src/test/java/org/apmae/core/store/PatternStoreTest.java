package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PatternStoreTest {
    private static final HeadId HEAD = new HeadId(1, 2);

    @TempDir
    Path folder;

    private static PatternTriangle triangle(String id, float first) {
        return PatternTriangle.of(id, HEAD, 3, new float[] {9, 1, 0, 0, first, 1 - first, 0, 0.2f, 0.3f, 0.5f}, 1);
    }

    @Test
    void keepsLowerTrianglesOverSegments() throws IOException {
        try (RunFolder run = RunFolder.create(folder)) {
            for (Stage stage : List.of(Stage.MINE, Stage.RECORD, Stage.TRAIN)) {
                try (StageWriter writer = run.begin(stage)) {
                    writer.metrics(Map.of());
                    writer.commit(Provenance.seeded(1));
                }
            }
            try (StageWriter writer = run.resume(Stage.ENCODE, "key")) {
                List<PatternTriangle> first = List.of(triangle("b", 0.25f), triangle("a", 0.5f));
                writer.segments().append(PatternStore.pieces(writer.segments(), first), Map.of());
                writer.segments()
                        .append(PatternStore.pieces(writer.segments(), List.of(triangle("c", 0.125f))), Map.of());
                assertThat(PatternStore.pieces(writer.segments(), List.of())).isEmpty();
                writer.commit(Provenance.seeded(1));
            }
            Path file = folder.resolve("patterns/L1H2.f16");
            assertThat(file).hasSize(3 * 6 * 2);
            PatternStore store = PatternStore.open(run);
            assertThat(store.scenarioIds()).containsExactly("a", "b", "c");
            assertThat(store.heads("b")).containsExactly(HEAD);
            float[][] weights = store.read("c", HEAD).orElseThrow().weights();
            assertThat(weights[1]).containsExactly(0.125f, 0.875f, 0);
            assertThat(weights[2][0]).isCloseTo(0.2f, within(1e-4f));
            assertThat(weights[0]).containsExactly(1, 0, 0);
            assertThat(store.read("c", new HeadId(0, 0))).isEmpty();

            byte[] bytes = Files.readAllBytes(file);
            bytes[14] ^= 1;
            Files.write(file, bytes);
            assertThat(store.read("a", HEAD)).isPresent();
            assertThatThrownBy(() -> store.read("b", HEAD))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("L1H2.f16 is damaged");
        }
    }

    @Test
    void refusesWhatIsNoPattern() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternTriangle.of("a", HEAD, 2, new float[] {1, 0, Float.NaN, 1}, 0))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternTriangle.of("a", HEAD, 2, new float[3], 0))
                .withMessageContaining("2 tokens");
    }
}
