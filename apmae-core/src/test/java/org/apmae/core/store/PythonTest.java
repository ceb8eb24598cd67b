package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the Python of docs/run-folder.md, which uses nothing of ours. */
class PythonTest {
    private static final int SCENARIOS = 7;
    private static final int WIDTH = 6;
    private static final HeadId HEAD = new HeadId(3, 5);

    @TempDir
    Path folder;

    private String python(String script) throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve("script.py"), script);
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder("python3", file.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(2, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IllegalStateException("python3 did not end");
        }
        String text = Files.readString(output);
        if (process.exitValue() != 0) {
            throw new IllegalStateException(text);
        }
        return text;
    }

    private boolean hasNumpy() throws InterruptedException {
        try {
            return !python("import numpy\nprint(numpy.__version__)\n").isBlank();
        } catch (IOException | IllegalStateException e) {
            return false;
        }
    }

    private void write() {
        Random random = new Random(3);
        List<ScenarioRow> rows = new ArrayList<>();
        List<Verdict> verdicts = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            String id = String.format(Locale.ROOT, "%024x", i + 1);
            rows.add(new ScenarioRow(
                    id, CompletionTask.RANDOM, "c", "a/é" + i % 2 + ".java", 1, 2, "a,\"b\"", List.of(1), 5, "", ""));
            verdicts.add(new Verdict(id, i % 3 == 0 ? 5 : 6, 5, 0.5, 0.25, 1.5, 0.125));
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
                List<HeadId> heads = List.of(new HeadId(0, 0), HEAD);
                EncodingStore.Writer store = EncodingStore.writer(writer, heads, WIDTH);
                EncodingBlock block =
                        store.block(rows.stream().map(ScenarioRow::id).toList());
                for (HeadId head : heads) {
                    for (int row = 0; row < SCENARIOS; row++) {
                        float[] values = new float[WIDTH];
                        for (int i = 0; i < WIDTH; i++) {
                            values[i] = (float) random.nextGaussian();
                        }
                        block.put(head, row, values, 0);
                    }
                }
                float[] weights = {1, 0, 0, 0.25f, 0.75f, 0, 0.5f, 0.125f, 0.375f};
                store.append(
                        block,
                        PatternStore.pieces(
                                writer.segments(),
                                List.of(PatternTriangle.of(rows.get(2).id(), HEAD, 3, weights, 0))));
                store.finish();
                writer.commit(Provenance.seeded(1));
            }
        }
    }

    @Test
    void theScriptOfTheDocumentationAgreesWithJava() throws Exception {
        assumeThat(hasNumpy()).as("python3 with numpy is not installed").isTrue();
        write();
        String page = Files.readString(Path.of("..", "docs", "run-folder.md"), StandardCharsets.UTF_8);
        int from = page.indexOf("```python\n") + "```python\n".length();
        String script = page.substring(from, page.indexOf("```", from));
        assertThat(script.lines().count()).isLessThanOrEqualTo(10);
        String output = python(script);
        assertThat(output).contains("(" + SCENARIOS + ", " + WIDTH + ")").contains(String.valueOf(3.0 / SCENARIOS));

        String more = """
                import sys
                assert [correct[i] for i in ids] == [n % 3 == 0 for n in range(7)]
                sys.stdout.write(' '.join(str(float(x)) for x in matrix.ravel()))
                """;
        String numbers = python(script + more);
        numbers = numbers.substring(numbers.lastIndexOf('\n') + 1);
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            float[][] expected = EncodingStore.open(run).head(HEAD);
            String[] cells = numbers.strip().split(" ", -1);
            assertThat(cells).hasSize(SCENARIOS * WIDTH);
            for (int i = 0; i < cells.length; i++) {
                assertThat(Float.parseFloat(cells[i])).isEqualTo(expected[i / WIDTH][i % WIDTH]);
            }
        }
    }

    @Test
    void exportsWhatNumpyAndCsvReadersRead() throws Exception {
        assumeThat(hasNumpy()).as("python3 with numpy is not installed").isTrue();
        write();
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            RunExport export =
                    RunExport.of(run, ScenarioFilter.all().withOutcome(false).withFiles("a/*1.java"));
            assertThat(export.scenarios()).hasSize(2);
            export.npy(HEAD, folder);
            export.csv(HEAD, folder);
            assertThat(export.tables(folder)).hasSize(1);
            float[][] expected = EncodingStore.open(run).head(HEAD);
            String output = python("""
                    import csv, numpy as np
                    a = np.load('L3H5.npy')
                    b = [row for row in csv.DictReader(open('L3H5.csv', encoding='utf-8'))]
                    c = [row for row in csv.DictReader(open('scenarios.csv', encoding='utf-8'))]
                    assert a.dtype == np.float16 and a.shape == (2, 6)
                    assert np.array_equal(a, np.array([[float(r['f%d' % i]) for i in range(6)] for r in b], 'f2'))
                    assert [r['id'] for r in b] == [r['id'] for r in c]
                    assert c[0]['target'] == 'a,"b"' and c[0]['correct'] == 'false'
                    print(float(a[0, 0]), float(a[1, 5]))
                    """);
            assertThat(output.strip()).isEqualTo((double) expected[1][0] + " " + (double) expected[5][5]);
        }
    }
}
