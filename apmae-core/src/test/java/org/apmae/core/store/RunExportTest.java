package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Filters, and that what is exported is what the readers read. */
class RunExportTest {
    private static final int SCENARIOS = 12;
    private static final int WIDTH = 5;
    private static final List<HeadId> HEADS = List.of(new HeadId(0, 0), new HeadId(3, 5));
    private static final HeadId HEAD = HEADS.get(1);
    private static final List<CompletionTask> TASKS =
            List.of(CompletionTask.RANDOM, CompletionTask.IDENTIFIERS, CompletionTask.CLOSING_BRACKET);

    @TempDir
    Path folder;

    private static String id(int scenario) {
        return String.format(Locale.ROOT, "%024x", scenario + 1);
    }

    /** Task by turns of 3, right at even numbers, file by turns of 4; stored from the last to the second. */
    @BeforeEach
    void write() {
        Random random = new Random(3);
        List<ScenarioRow> rows = new ArrayList<>();
        List<Verdict> verdicts = new ArrayList<>();
        List<String> stored = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            String path = "a/" + (i % 4 < 2 ? "lang" : "util") + "/C" + i % 4 + ".java";
            rows.add(new ScenarioRow(
                    id(i), TASKS.get(i % 3), "c", path, i, i + 1, "x,\n\"y\"", List.of(1, 2), 5, "", ""));
            verdicts.add(new Verdict(id(i), i % 2 == 0 ? 5 : 6, 5, 0.5, 0.25, 1.5, 0.125));
            if (i > 0) {
                stored.add(0, id(i));
            }
        }
        try (RunFolder run = RunFolder.create(folder.resolve("run"))) {
            try (StageWriter writer = run.begin(Stage.MINE)) {
                RunTables.writeScenarios(writer, rows);
                writer.commit(Provenance.seeded(1));
            }
            try (StageWriter writer = run.begin(Stage.RECORD)) {
                RunTables.writeVerdicts(writer, verdicts);
                writer.commit(Provenance.seeded(1));
            }
            try (StageWriter writer = run.begin(Stage.TRAIN)) {
                writer.metrics(Map.of());
                writer.commit(Provenance.seeded(1));
            }
            try (StageWriter writer = run.resume(Stage.ENCODE, "key")) {
                EncodingStore.Writer store = EncodingStore.writer(writer, HEADS, WIDTH);
                EncodingBlock block = store.block(stored);
                for (HeadId head : HEADS) {
                    for (int row = 0; row < stored.size(); row++) {
                        float[] values = new float[WIDTH];
                        for (int i = 0; i < WIDTH; i++) {
                            values[i] = (float) random.nextGaussian();
                        }
                        block.put(head, row, values, 0);
                    }
                }
                store.append(block);
                store.finish();
                writer.commit(Provenance.seeded(1));
            }
        }
    }

    private List<Integer> found(ScenarioFilter filter) {
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            return filter.find(run).stream()
                    .map(scenario -> Integer.parseInt(scenario.row().id(), 16) - 1)
                    .toList();
        }
    }

    @Test
    void filtersByTaskOutcomeAndFile() {
        ScenarioFilter all = ScenarioFilter.all();
        assertThat(found(all)).hasSize(SCENARIOS);
        assertThat(found(all.withTasks(List.of(CompletionTask.IDENTIFIERS)))).containsExactly(1, 4, 7, 10);
        assertThat(found(all.withOutcome(true))).containsExactly(0, 2, 4, 6, 8, 10);
        assertThat(found(all.withOutcome(false))).containsExactly(1, 3, 5, 7, 9, 11);
        assertThat(found(all.withFiles("a/lang/*.java"))).containsExactly(0, 1, 4, 5, 8, 9);
        assertThat(found(all.withFiles("**/C3.java"))).containsExactly(3, 7, 11);
        assertThat(found(all.withFiles("*.java"))).isEmpty();
        assertThat(found(all.withTasks(List.of(CompletionTask.IDENTIFIERS, CompletionTask.CLOSING_BRACKET))
                        .withOutcome(true)
                        .withFiles("**/lang/*")))
                .containsExactly(4, 8);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.withTasks(List.of()))
                .withMessageContaining("no task is named");
    }

    @Test
    void npyCsvAndReadersAgree() throws IOException {
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            EncodingStore store = EncodingStore.open(run);
            ScenarioFilter filter = ScenarioFilter.all().withOutcome(true);
            RunExport export = RunExport.of(run, filter);
            List<String> ids = filter.ids(run, store);
            assertThat(ids).containsExactly(id(10), id(8), id(6), id(4), id(2));
            assertThat(export.scenarios())
                    .extracting(scenario -> scenario.row().id())
                    .isEqualTo(ids);
            float[][] expected = store.head(HEAD, ids);
            float[][] all = store.head(HEAD);
            for (int row = 0; row < expected.length; row++) {
                assertThat(expected[row]).isEqualTo(all[store.scenarioIds().indexOf(ids.get(row))]);
            }

            ByteBuffer npy = ByteBuffer.wrap(Files.readAllBytes(export.npy(HEAD, folder.resolve("out"))))
                    .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(npy.getLong(0)).isEqualTo(0x0001_5950_4d55_4e93L);
            int header = npy.getShort(8);
            assertThat((10 + header) % 64).isZero();
            assertThat(new String(npy.array(), 10, header, StandardCharsets.US_ASCII))
                    .startsWith("{'descr': '<f2', 'fortran_order': False, 'shape': (5, 5), }")
                    .endsWith("\n");
            assertThat(npy.capacity()).isEqualTo(10 + header + 5 * WIDTH * Short.BYTES);

            List<String> csv = Files.readAllLines(export.csv(HEAD, folder.resolve("out")));
            assertThat(csv.get(0)).isEqualTo("id,f0,f1,f2,f3,f4");
            assertThat(csv).hasSize(6);
            for (int row = 0; row < expected.length; row++) {
                String[] cells = csv.get(row + 1).split(",", -1);
                assertThat(cells[0]).isEqualTo(ids.get(row));
                for (int i = 0; i < WIDTH; i++) {
                    assertThat(Float.parseFloat(cells[i + 1])).isEqualTo(expected[row][i]);
                    assertThat(Half.toFloat(npy.getShort(10 + header + (row * WIDTH + i) * Short.BYTES)))
                            .isEqualTo(expected[row][i]);
                }
            }
            assertThat(export.tables(folder.resolve("out"))).hasSize(1);
            assertThat(Files.readString(folder.resolve("out/scenarios.csv"))).contains("\"x,\n\"\"y\"\"\"");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RunExport.of(run, ScenarioFilter.all().withFiles("none")))
                    .withMessageContaining("passes the filter");
        }
    }
}
