package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apmae.core.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input ends in one sentence, and leaves nothing that a later run would take for whole. */
class BadInputTest {
    @TempDir
    private static Path shared;

    private static Path sources;
    private static Path sound;

    @TempDir
    private Path folder;

    private Path run;
    private Path model;

    @BeforeAll
    static void make() throws IOException {
        sources = shared.resolve("sources");
        sound = shared.resolve("model");
        TinyStudy.sources(sources, 3, 1);
        TinyStudy.model(sound, 0);
    }

    @BeforeEach
    void copyModel() throws IOException {
        run = folder.resolve("run");
        model = Files.createDirectory(folder.resolve("model"));
        try (Stream<Path> files = Files.list(sound)) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
    }

    private Outcome discover(Path from) {
        return discover(from, "--window=64");
    }

    private Outcome discover(Path from, String... options) {
        List<String> all = new ArrayList<>(
                List.of("discover", from.toString(), "--model", model.toString(), "--run", run.toString(), "--quiet"));
        all.addAll(Arrays.asList(options));
        return Outcome.of(all.toArray(String[]::new));
    }

    /** The run folder, if one was made, has no stage and no leftovers. */
    private void nothingHalfWritten() throws IOException {
        if (!Files.exists(run)) {
            return;
        }
        try (RunFolder opened = RunFolder.openReadOnly(run)) {
            assertThat(opened.stages()).isEmpty();
        }
        try (Stream<Path> files = Files.list(run)) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .allMatch(name -> List.of("manifest.json", ".lock").contains(name));
        }
    }

    @Test
    void namesItsVersion() {
        for (String[] arguments : new String[][] {{"--version"}, {"mine", "-V"}}) {
            Outcome outcome = Outcome.of(arguments);
            assertThat(outcome.code()).isZero();
            assertThat(outcome.out()).contains("apmae ", "java " + System.getProperty("java.version"));
        }
    }

    @Test
    void aFolderWithoutSources() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(discover(empty).sentence()).contains(empty.toString()).contains("no *.java file");
        nothingHalfWritten();
        assertThat(discover(folder.resolve("none")).sentence()).contains("does not exist");
        nothingHalfWritten();
    }

    @Test
    void aJarWithoutSources() throws IOException {
        Path jar = folder.resolve("classes.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry("a/B.class"));
            zip.write(new byte[] {1, 2, 3});
            zip.closeEntry();
        }
        assertThat(discover(jar).sentence()).contains("no *.java entry");
        Path text = Files.writeString(folder.resolve("text.jar"), "this is no zip");
        assertThat(discover(text).sentence()).contains("text.jar");
        nothingHalfWritten();
    }

    @Test
    void sourcesThatDoNotParse() throws IOException {
        Path broken = Files.createDirectory(folder.resolve("broken"));
        Files.writeString(broken.resolve("A.java"), "class A { int x = ; }}}} (");
        Files.writeString(broken.resolve("B.java"), "((((".repeat(5000));
        Files.write(broken.resolve("C.java"), new byte[] {0, (byte) 0xff, 3, (byte) 0xfe});
        assertThat(discover(broken).sentence()).contains("do not parse");
        nothingHalfWritten();
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json"})
    void aModelWithAMissingFile(String name) throws IOException {
        Files.delete(model.resolve(name));
        assertThat(discover(sources).sentence()).contains(name);
        nothingHalfWritten();
        assertThat(Outcome.of("doctor", "--model", model.toString()).sentence()).contains(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json"})
    void aModelWithATruncatedFile(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(model.resolve(name));
        Files.write(model.resolve(name), Arrays.copyOf(bytes, bytes.length / 2));
        assertThat(discover(sources).sentence()).contains(name);
        nothingHalfWritten();
        assertThat(Outcome.of("doctor", "--model", model.toString()).sentence()).contains(name);
    }

    @Test
    void aModelOfAnotherShape() throws IOException {
        String config = Files.readString(model.resolve("config.json"));
        Files.writeString(
                model.resolve("config.json"),
                config.replace("\"intermediate_size\": 128", "\"intermediate_size\": 96"),
                StandardCharsets.UTF_8);
        assertThat(discover(sources).sentence()).contains("c_fc").contains("96");
        nothingHalfWritten();
        assertThat(Outcome.of("doctor", "--model", model.toString(), "--json").sentence())
                .contains("c_fc");
    }

    @Test
    void aModelFolderThatIsNotThere() {
        assertThat(Outcome.of("doctor", "--model", folder.resolve("none").toString())
                        .sentence())
                .contains("config.json");
    }

    @Test
    void aRunFolderBelowAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        run = file.resolve("run");
        assertThat(discover(sources).sentence()).contains(file.toString());
        run = file;
        assertThat(discover(sources).sentence()).contains(file.toString());
        assertThat(file).hasContent("x");
    }

    @Test
    void aRunFolderThatCannotBeWritten() throws IOException {
        Path closed = Files.createDirectory(
                folder.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        assumeThat(Files.isWritable(closed))
                .as("this user may write everywhere, so nothing is read-only")
                .isFalse();
        run = closed.resolve("run");
        assertThat(discover(sources).sentence()).contains(closed.toString());
        assertThat(closed).isEmptyDirectory();
    }

    @Test
    void aFolderThatHoldsOtherThings() throws IOException {
        Files.createDirectory(run);
        Path letter = Files.writeString(run.resolve("letter.txt"), "dear");
        assertThat(discover(sources).sentence()).contains("letter.txt");
        assertThat(letter).hasContent("dear");
    }

    @Test
    void aRunFolderOfAnotherVersion() throws IOException {
        RunFolder.create(run).close();
        Path manifest = run.resolve("manifest.json");
        String text = Files.readString(manifest);
        String other = text.replaceFirst("\"version\":(\\s*)" + RunFolder.FORMAT_VERSION, "\"version\":$199");
        assertThat(other).isNotEqualTo(text);
        Files.writeString(manifest, other);
        assertThat(discover(sources).sentence()).contains("version").contains("99");
        assertThat(Outcome.of("record", "--run", run.toString()).sentence()).contains("99");
        assertThat(manifest).hasContent(other);
        Files.writeString(manifest, text.substring(0, text.length() / 2));
        assertThat(Outcome.of("record", "--run", run.toString()).sentence()).contains("manifest.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"record", "train", "encode", "cluster", "predict", "sweep", "report"})
    void aStageWithoutTheOneBefore(String stage) throws IOException {
        assertThat(Outcome.of(stage, "--run", run.toString()).sentence()).contains(run.toString());
        assertThat(run).doesNotExist();
        RunFolder.create(run).close();
        assertThat(Outcome.of(stage, "--run", run.toString(), "--quiet").sentence())
                .contains("apmae mine");
        nothingHalfWritten();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--threads=0",
                "--window=20",
                "--per-outcome=0",
                "--pool=-1",
                "--apmae-width=100",
                "--training-batch=0",
                "--training-rate=0"
            })
    void optionsOutOfRange(String option) throws IOException {
        assertThat(discover(sources, option).sentence()).isNotBlank();
        nothingHalfWritten();
    }

    @Test
    void anAutoencoderThatDoesNotFitTheStudy() throws IOException {
        assertThat(discover(sources, "--apmae=embedded", "--window=64").sentence())
                .contains("256", "64", "--window 256", "--apmae train");
        assertThat(discover(sources, "--apmae=embedded", "--decoder=REFERENCE").sentence())
                .contains("--decoder", "--apmae embedded", "leave one of them out");
        assertThat(discover(sources, "--apmae=embedded", "--training-rate=1e-4").sentence())
                .contains("--training-rate", "give --training-steps");
        assertThat(discover(sources, "--training-steps=0").sentence()).contains("steps is 0");
        Path none = folder.resolve("none");
        assertThat(discover(sources, "--apmae=" + none).sentence()).contains(none.toString());
        nothingHalfWritten();
    }

    @Test
    void aParityFolderThatIsNone() {
        assertThat(Outcome.of("parity", folder.resolve("none").toString(), "--quiet")
                        .sentence())
                .isNotBlank();
    }

    @Test
    void theStackTraceIsThereForWhoAsks() {
        Outcome outcome = Outcome.of("record", "--run", run.toString(), "--verbose");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err()).contains("\tat ");
    }
}
