package org.apmae.core.store;

import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;

/**
 * Writes results of a run in the forms that other programs read: NumPy's {@code .npy} and CSV. Immutable and thread-safe.
 *
 * <p>The rows of all files of one export stand in the same order, that of {@code scenarios.csv}.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the NPY format</a>
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180, CSV</a>
 */
public final class RunExport {
    private static final String SCENARIO_COLUMNS = "id,task,corpus,path,start,end,target,target_token,predicted_token,"
            + "correct,top_probability,margin,entropy,target_loss";

    private final RunFolder run;
    private final EncodingStore store;
    private final List<RecordedScenario> scenarios;

    private RunExport(RunFolder run, EncodingStore store, List<RecordedScenario> scenarios) {
        this.run = run;
        this.store = store;
        this.scenarios = scenarios;
    }

    /**
     * Prepares an export of the scenarios whose encodings are stored.
     *
     * @param run a run folder with encodings; to be kept open meanwhile
     * @param filter which scenarios
     * @return the export
     * @throws IllegalArgumentException if no scenario passes
     * @throws org.apmae.core.run.MissingStageException if there are no encodings yet
     * @throws java.io.UncheckedIOException if a table is missing, damaged or cannot be read
     */
    public static RunExport of(RunFolder run, ScenarioFilter filter) {
        EncodingStore store = EncodingStore.open(run);
        Map<String, RecordedScenario> found = new HashMap<>();
        filter.find(run).forEach(scenario -> found.put(scenario.row().id(), scenario));
        List<RecordedScenario> scenarios = store.scenarioIds().stream()
                .filter(found::containsKey)
                .map(found::get)
                .toList();
        if (scenarios.isEmpty()) {
            throw new IllegalArgumentException(
                    "none of the " + store.scenarioIds().size() + " scenarios with encodings in " + run.path()
                            + " passes the filter; ask for less");
        }
        return new RunExport(run, store, scenarios);
    }

    /**
     * Returns the scenarios that are exported.
     *
     * @return scenarios in the order of the rows
     */
    public List<RecordedScenario> scenarios() {
        return scenarios;
    }

    /**
     * Writes {@code scenarios.csv}, and {@code labels.csv} if the run has labels.
     *
     * @param folder where to; made if it is not there, files in it are replaced
     * @return the files written
     * @throws java.io.UncheckedIOException if a file cannot be written
     */
    public List<Path> tables(Path folder) {
        List<Path> files = new ArrayList<>();
        files.add(csv(
                folder.resolve("scenarios.csv"),
                SCENARIO_COLUMNS,
                scenarios.stream().map(RunExport::cells).toList()));
        if (run.has(Stage.CLUSTER)) {
            PatternLabels labels = RunTables.labels(run);
            Map<String, Integer> rows = new HashMap<>();
            labels.scenarioIds().forEach(id -> rows.put(id, rows.size()));
            List<List<String>> lines = new ArrayList<>();
            for (RecordedScenario scenario : scenarios) {
                String id = scenario.row().id();
                if (rows.containsKey(id)) {
                    List<String> cells = new ArrayList<>(List.of(id));
                    for (int label : labels.row(id)) {
                        cells.add(String.valueOf(label));
                    }
                    lines.add(cells);
                }
            }
            files.add(csv(
                    folder.resolve("labels.csv"),
                    "id," + labels.heads().stream().map(HeadId::toString).collect(Collectors.joining(",")),
                    lines));
        }
        return files;
    }

    private static List<String> cells(RecordedScenario scenario) {
        ScenarioRow row = scenario.row();
        Verdict verdict = scenario.verdict();
        return List.of(
                row.id(),
                row.task().wireName(),
                row.corpus(),
                row.path(),
                String.valueOf(row.start()),
                String.valueOf(row.end()),
                row.target(),
                String.valueOf(verdict.targetToken()),
                String.valueOf(verdict.predictedToken()),
                String.valueOf(verdict.correct()),
                String.valueOf(verdict.topProbability()),
                String.valueOf(verdict.margin()),
                String.valueOf(verdict.entropy()),
                Double.isNaN(verdict.targetLoss()) ? "" : String.valueOf(verdict.targetLoss()));
    }

    /**
     * Writes one head's encodings as {@code L3H5.npy}: 16-bit floats, little-endian, shape (n, F).
     *
     * @param head the head
     * @param folder where to; made if it is not there
     * @return the file
     * @throws IllegalArgumentException if the head is not stored
     * @throws java.io.UncheckedIOException if a file is damaged or cannot be written
     */
    public Path npy(HeadId head, Path folder) {
        float[][] rows = rows(head);
        String description =
                "{'descr': '<f2', 'fortran_order': False, 'shape': (" + rows.length + ", " + store.width() + "), }";
        // Magic and lengths take 10 bytes; the data shall start at a multiple of 64.
        String header = description + " ".repeat(63 - (10 + description.length()) % 64) + "\n";
        ByteBuffer start = ByteBuffer.allocate(10 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
        start.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) header.length())
                .put(header.getBytes(StandardCharsets.US_ASCII));
        Path file = folder.resolve(head + ".npy");
        ByteBuffer line = ByteBuffer.allocate(store.width() * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try {
            Files.createDirectories(folder);
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
                out.write(start.array());
                for (float[] row : rows) {
                    line.clear();
                    for (float value : row) {
                        line.putShort(Half.of(value));
                    }
                    out.write(line.array());
                }
            }
        } catch (IOException e) {
            throw unwritable(file, e);
        }
        return file;
    }

    /**
     * Writes one head's encodings as {@code L3H5.csv}: the scenario's id and F numbers in each row.
     *
     * @param head the head
     * @param folder where to; made if it is not there
     * @return the file
     * @throws IllegalArgumentException if the head is not stored
     * @throws java.io.UncheckedIOException if a file is damaged or cannot be written
     */
    public Path csv(HeadId head, Path folder) {
        float[][] rows = rows(head);
        List<List<String>> lines = new ArrayList<>();
        for (int i = 0; i < rows.length; i++) {
            List<String> cells = new ArrayList<>();
            cells.add(scenarios.get(i).row().id());
            for (float value : rows[i]) {
                cells.add(Float.toString(value));
            }
            lines.add(cells);
        }
        String columns =
                "id," + IntStream.range(0, store.width()).mapToObj(i -> "f" + i).collect(Collectors.joining(","));
        return csv(folder.resolve(head + ".csv"), columns, lines);
    }

    private float[][] rows(HeadId head) {
        return store.head(
                head, scenarios.stream().map(scenario -> scenario.row().id()).toList());
    }

    private static Path csv(Path file, String columns, List<List<String>> lines) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try (BufferedWriter out = Files.newBufferedWriter(file)) {
                out.write(columns);
                out.write("\r\n");
                for (List<String> cells : lines) {
                    out.write(cells.stream().map(RunExport::quoted).collect(Collectors.joining(",")));
                    out.write("\r\n");
                }
            }
            return file;
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static String quoted(String cell) {
        boolean plain = Arrays.stream(new String[] {",", "\"", "\r", "\n"}).noneMatch(cell::contains);
        return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
    }

    private static RunFolderException unwritable(Path file, IOException e) {
        return new RunFolderException(
                file + " cannot be written: " + e.getMessage() + "; make room or choose another folder", e);
    }
}
