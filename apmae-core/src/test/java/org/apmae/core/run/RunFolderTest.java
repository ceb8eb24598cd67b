package org.apmae.core.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    private static final Provenance PROVENANCE = Provenance.seeded(7)
            .withSeed("split", 8)
            .withSoftware("djl", "0.35.1")
            .withFact("model", "tiny");

    @TempDir
    Path folder;

    private Path run() {
        return folder.resolve("run");
    }

    private static void commit(RunFolder run, Stage stage, String... namesAndTexts) {
        try (StageWriter writer = run.begin(stage)) {
            for (int i = 0; i < namesAndTexts.length; i += 2) {
                Files.writeString(writer.file(namesAndTexts[i]), namesAndTexts[i + 1]);
            }
            writer.metrics(Map.of("files", namesAndTexts.length / 2));
            writer.timing("all", 0.5);
            writer.commit(PROVENANCE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, String> content(Path folder) {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                String name = folder.relativize(file).toString();
                if (!name.equals(FolderLock.NAME)) {
                    content.put(name, Files.isRegularFile(file) ? Disk.hash(file) : "folder");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return content;
    }

    private static void assertOneSentence(Throwable thrown) {
        assertThat(thrown.getMessage())
                .doesNotContain("\n")
                .doesNotContain("Exception")
                .hasSizeBetween(20, 500);
    }

    @Test
    void keepsWhatWasCommitted() throws IOException {
        try (RunFolder run = RunFolder.create(run())) {
            assertThat(run.stages()).isEmpty();
            assertThat(run.metrics()).isEmpty();
            commit(run, Stage.MINE, "scenarios.jsonl", "{}\n", "sub/deep/x.bin", "x");
            assertThat(Files.readString(run.file(Stage.MINE, "sub/deep/x.bin"))).isEqualTo("x");
        }
        try (RunFolder run = RunFolder.open(run())) {
            StageEntry entry = run.require(Stage.MINE);
            assertThat(entry.provenance()).isEqualTo(PROVENANCE);
            assertThat(entry.files())
                    .extracting(StageEntry.Item::name)
                    .containsExactly("metrics/mine.json", "scenarios.jsonl", "sub/deep/x.bin");
            assertThat(entry.file("scenarios.jsonl").orElseThrow().size()).isEqualTo(3);
            assertThat(entry.file("scenarios.jsonl").orElseThrow().sha256())
                    .isEqualTo("ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356");
            assertThat(run.metrics()).isEqualTo(Map.of("mine", Map.of("files", 2L)));
            assertThat(run.timings()).isEqualTo(Map.of("mine", Map.of("all", 0.5)));
            assertThat(run.verify()).isEqualTo(4);
        }
        assertThat(content(run()).keySet())
                .containsExactly(
                        "",
                        "manifest.json",
                        "metrics",
                        "metrics.json",
                        "metrics/mine.json",
                        "scenarios.jsonl",
                        "sub",
                        "sub/deep",
                        "sub/deep/x.bin",
                        "timings.json");
    }

    @Test
    void isUnchangedByAStageThatFails() {
        try (RunFolder run = RunFolder.create(run())) {
            commit(run, Stage.MINE, "scenarios.jsonl", "old");
            Map<String, String> before = content(run());
            assertThatThrownBy(() -> {
                        try (StageWriter writer = run.begin(Stage.MINE)) {
                            Files.writeString(writer.file("scenarios.jsonl"), "new");
                            throw new IllegalStateException("interrupted");
                        }
                    })
                    .hasMessage("interrupted");
            assertThat(content(run())).isEqualTo(before);
            try (StageWriter writer = run.begin(Stage.RECORD)) {
                writer.json("a.json", Map.of());
            }
            assertThat(content(run())).isEqualTo(before);
            assertThat(run.has(Stage.RECORD)).isFalse();
        }
    }

    @Test
    void closingTheFolderDiscardsAnOpenStage() {
        RunFolder run = RunFolder.create(run());
        StageWriter writer = run.begin(Stage.MINE);
        writer.json("a.json", Map.of());
        run.close();
        run.close();
        assertThat(content(run()).keySet()).containsExactly("", "manifest.json");
        assertThatIllegalStateException().isThrownBy(() -> writer.json("b.json", 1));
        assertThatIllegalStateException()
                .isThrownBy(() -> run.begin(Stage.MINE))
                .withMessageContaining("closed");
    }

    @Test
    void removesWhatAKilledStageLeft() throws IOException {
        try (RunFolder run = RunFolder.create(run())) {
            commit(run, Stage.MINE, "scenarios.jsonl", "old");
        }
        Map<String, String> before = content(run());
        Files.createDirectories(run().resolve(".tmp-record/files/sub"));
        Files.writeString(run().resolve(".tmp-record/files/sub/half"), "written");
        try (RunFolder reader = RunFolder.openReadOnly(run())) {
            assertThat(reader.has(Stage.RECORD)).isFalse();
            assertThat(run().resolve(".tmp-record")).exists();
        }
        RunFolder.open(run()).close();
        assertThat(content(run())).isEqualTo(before);
    }

    @Test
    void startsAgainWhereCreateWasKilledBeforeTheManifest() throws IOException {
        Files.createDirectories(run().resolve(".tmp-manifest.json"));
        Files.writeString(run().resolve(".lock"), "process 1");
        Files.delete(run().resolve(".tmp-manifest.json"));
        Files.writeString(run().resolve(".tmp-manifest.json"), "{");
        try (RunFolder run = RunFolder.create(run())) {
            commit(run, Stage.MINE, "a", "1");
        }
        assertThat(RunFolder.openReadOnly(run()).has(Stage.MINE)).isTrue();
    }

    @Test
    void finishesACommitThatStoppedHalfWay() throws IOException {
        RunFolder run = RunFolder.create(run());
        commit(run, Stage.MINE, "a", "old a", "b", "old b", "gone", "x");
        StageWriter writer = run.begin(Stage.MINE);
        Files.writeString(writer.file("a"), "new a");
        Files.writeString(writer.file("c"), "new c");
        // A folder where a file must go stops the commit after 'a' has been replaced, as a kill would.
        Files.createDirectories(run().resolve("c/obstacle"));
        assertThatThrownBy(() -> writer.commit(PROVENANCE))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("half-way")
                .hasMessageContaining("opening the folder again finishes it");
        assertThat(run().resolve("a")).hasContent("new a");
        try (RunFolder reader = RunFolder.openReadOnly(run())) {
            assertThatThrownBy(() -> reader.file(Stage.MINE, "a"))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("was changed by another process");
        }
        Files.delete(run().resolve("c/obstacle"));
        Files.delete(run().resolve("c"));
        try (RunFolder again = RunFolder.open(run())) {
            assertThat(again.require(Stage.MINE).files())
                    .extracting(StageEntry.Item::name)
                    .containsExactly("a", "c");
            assertThat(again.verify()).isEqualTo(2);
        }
        assertThat(content(run()).keySet()).containsExactly("", "a", "c", "manifest.json", "timings.json");
    }

    @Test
    void dropsWhatWasMadeFromAStageThatRunsAgain() {
        try (RunFolder run = RunFolder.create(run())) {
            commit(run, Stage.MINE, "scenarios.jsonl", "1");
            commit(run, Stage.RECORD, "verdicts.jsonl", "2");
            commit(run, Stage.TRAIN, "models/ap-mae/model.safetensors", "3");
            commit(run, Stage.ENCODE, "encodings/ids.json", "{}");
            commit(run, Stage.RECORD, "verdicts.jsonl", "4");
            assertThat(run.stages().keySet()).containsExactly(Stage.MINE, Stage.RECORD);
            assertThat(run.metrics()).containsOnlyKeys("mine", "record");
            assertThat(run.timings()).containsOnlyKeys("mine", "record");
            assertThat(run().resolve("models")).doesNotExist();
            assertThat(run().resolve("encodings")).doesNotExist();
            assertThat(run().resolve("scenarios.jsonl")).hasContent("1");
            run.verify();
        }
    }

    @Test
    void saysWhichCommandToRunFirst() {
        try (RunFolder run = RunFolder.create(run())) {
            assertThatThrownBy(() -> run.begin(Stage.ENCODE))
                    .isInstanceOf(MissingStageException.class)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("`apmae mine --run " + run() + "`")
                    .satisfies(e ->
                            assertThat(((MissingStageException) e).missing()).isEqualTo(Stage.MINE));
            commit(run, Stage.MINE, "a", "1");
            commit(run, Stage.RECORD, "b", "1");
            assertThatThrownBy(() -> run.require(Stage.CLUSTER)).hasMessageContaining("`apmae train --run");
            assertThatThrownBy(() -> run.file(Stage.SWEEP, "x")).isInstanceOf(MissingStageException.class);
        }
    }

    @Test
    void tellsAFlippedByteInEveryKindOfFile() throws IOException {
        try (RunFolder run = RunFolder.create(run())) {
            commit(
                    run,
                    Stage.MINE,
                    "scenarios.jsonl",
                    "{\"id\":\"a\"}\n",
                    "figure.png",
                    "pixels",
                    "x.json",
                    "{\"a\":1}");
        }
        for (String name : List.of("scenarios.jsonl", "figure.png", "x.json", "metrics/mine.json", "metrics.json")) {
            Path file = run().resolve(name);
            byte[] good = Files.readAllBytes(file);
            byte[] bad = good.clone();
            bad[bad.length / 2] ^= 4;
            Files.write(file, bad);
            try (RunFolder run = RunFolder.open(run())) {
                assertThatThrownBy(run::verify)
                        .isInstanceOf(RunFolderException.class)
                        .hasMessageContaining(file + " is damaged")
                        .satisfies(RunFolderTest::assertOneSentence);
                assertThatThrownBy(() -> {
                            if (name.equals("metrics.json")) {
                                run.metrics();
                            } else {
                                run.file(Stage.MINE, name);
                            }
                        })
                        .isInstanceOf(RunFolderException.class)
                        .hasMessageContaining(name);
            }
            Files.write(file, new byte[0]);
            try (RunFolder run = RunFolder.open(run())) {
                assertThatThrownBy(run::verify)
                        .hasMessageContaining("has 0 bytes where the manifest says " + good.length);
            }
            Files.delete(file);
            try (RunFolder run = RunFolder.open(run())) {
                assertThatThrownBy(run::verify).hasMessageContaining(file + " is missing");
            }
            Files.write(file, good);
        }
        try (RunFolder run = RunFolder.open(run())) {
            assertThat(run.verify()).isEqualTo(5);
        }
        Files.writeString(run().resolve("timings.json"), "{\"mine\":[]}");
        try (RunFolder run = RunFolder.open(run())) {
            assertThatThrownBy(run::timings)
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("timings.json is damaged");
        }
    }

    @Test
    void refusesADamagedManifestAndOtherVersions() throws IOException {
        try (RunFolder run = RunFolder.create(run())) {
            commit(run, Stage.MINE, "a", "1");
        }
        Path manifest = run().resolve("manifest.json");
        String good = Files.readString(manifest);
        Map<String, String> cases = new TreeMap<>();
        cases.put(good.substring(0, good.length() / 2), "damaged");
        cases.put("", "damaged");
        cases.put("[]", "not a JSON object");
        cases.put(good.replace("\"apmae-run\"", "\"other\""), "its format is 'other'");
        cases.put(good.replace("\"version\": 1", "\"version\": 2"), "format version 2");
        cases.put(good.replace("\"version\": 1", "\"version\": \"1\""), "'version'");
        cases.put(good.replace("\"a\": {", "\"../a\": {"), "'../a'");
        cases.put(good.replace("\"size\": 1", "\"size\": -1"), "size -1");
        cases.put(good.replace("\"mine\"", "\"bake\""), "no stage 'bake'");
        cases.put(good.replace("\"size\": 1", "\"size\": 3"), "does not have its own SHA-256");
        cases.forEach((text, part) -> {
            assertThat(text).isNotEqualTo(good);
            try {
                Files.writeString(manifest, text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            for (int way = 0; way < 3; way++) {
                int chosen = way;
                assertThatThrownBy(() -> {
                            if (chosen == 0) {
                                RunFolder.open(run()).close();
                            } else if (chosen == 1) {
                                RunFolder.create(run()).close();
                            } else {
                                RunFolder.openReadOnly(run()).close();
                            }
                        })
                        .isInstanceOf(RunFolderException.class)
                        .hasMessageContaining(part)
                        .satisfies(RunFolderTest::assertOneSentence);
            }
        });
        Files.writeString(manifest, good);
        RunFolder.open(run()).close();
    }

    @Test
    void refusesFoldersThatAreNone() throws IOException {
        assertThatThrownBy(() -> RunFolder.open(run()))
                .isInstanceOf(RunFolderException.class)
                .hasMessageContaining("there is no run folder");
        Files.createDirectories(run());
        assertThatThrownBy(() -> RunFolder.open(run())).hasMessageContaining("no manifest.json");
        assertThat(run()).isEmptyDirectory();
        Files.writeString(run().resolve("thesis.tex"), "years of work");
        assertThatThrownBy(() -> RunFolder.create(run()))
                .isInstanceOf(RunFolderException.class)
                .hasMessageContaining("thesis.tex");
        assertThat(content(run()).keySet()).containsExactly("", "thesis.tex");
        assertThatThrownBy(() -> RunFolder.create(run().resolve("thesis.tex")))
                .isInstanceOf(RunFolderException.class)
                .hasMessageContaining("is a file");
    }

    @Test
    void refusesAReadOnlyFileSystem() {
        Path image = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/run");
        assertThatThrownBy(() -> RunFolder.create(image))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot be written: the file system is read-only")
                .satisfies(RunFolderTest::assertOneSentence);
    }

    @Test
    void refusesAFolderWithoutPermission() throws IOException {
        RunFolder.create(run()).close();
        Files.delete(run().resolve(FolderLock.NAME));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Files.setPosixFilePermissions(run(), PosixFilePermissions.fromString("r-xr-xr-x"));
        Files.setPosixFilePermissions(empty, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            assumeThat(Files.isWritable(run()))
                    .as("the user may write anywhere (root)")
                    .isFalse();
            for (Path each : List.of(run(), empty, empty.resolve("new"))) {
                assertThatThrownBy(() -> RunFolder.create(each))
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining(each + " cannot be written: permission denied")
                        .satisfies(RunFolderTest::assertOneSentence);
            }
            try (RunFolder reader = RunFolder.openReadOnly(run())) {
                assertThat(reader.stages()).isEmpty();
            }
        } finally {
            Files.setPosixFilePermissions(run(), PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(empty, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void letsOneWriterIn() {
        try (RunFolder run = RunFolder.create(run())) {
            assertThatThrownBy(() -> RunFolder.open(run()))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("already open for writing in this process");
            assertThatThrownBy(() -> RunFolder.open(folder.resolve("run/../run")))
                    .hasMessageContaining("already open");
            commit(run, Stage.MINE, "a", "1");
            try (RunFolder reader = RunFolder.openReadOnly(run())) {
                assertThat(reader.has(Stage.MINE)).isTrue();
                assertThatIllegalStateException().isThrownBy(() -> reader.begin(Stage.MINE));
            }
            try (StageWriter writer = run.begin(Stage.RECORD)) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> run.begin(Stage.RECORD))
                        .withMessageContaining("still being written");
                assertThat(writer.stage()).isEqualTo(Stage.RECORD);
            }
        }
        RunFolder.open(run()).close();
    }

    @Test
    void refusesASecondProcessAndNamesTheFirst() throws Exception {
        Process holder = fork("hold");
        try {
            assertThat(holder.getInputStream().read()).isEqualTo('r');
            assertThatThrownBy(() -> RunFolder.open(run()))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("is in use by process " + holder.pid())
                    .satisfies(RunFolderTest::assertOneSentence);
        } finally {
            holder.destroyForcibly().waitFor();
        }
        RunFolder.open(run()).close();
    }

    @Test
    void isWholeAfterEveryKill() throws Exception {
        Random random = new Random(5);
        List<Integer> rounds = new ArrayList<>();
        for (int kill = 0; kill < 6; kill++) {
            Process writer = fork("write");
            assertThat(writer.getInputStream().read()).isEqualTo('r');
            if (kill % 2 == 1) {
                // half of the kills come after the first commit, however slow the machine is
                assertThat(writer.getInputStream().read()).isEqualTo('c');
            }
            TimeUnit.MILLISECONDS.sleep(20 + random.nextInt(150));
            writer.destroyForcibly().waitFor();
            try (RunFolder run = RunFolder.open(run())) {
                run.verify();
                if (run.has(Stage.MINE)) {
                    // All files of a stage are of the same round: never a mixture of two commits.
                    String round = Files.readString(run.file(Stage.MINE, "part0"));
                    for (int i = 1; i < 5; i++) {
                        assertThat(Files.readString(run.file(Stage.MINE, "part" + i)))
                                .isEqualTo(round);
                    }
                    rounds.add(round.length());
                }
                try (Stream<Path> files = Files.list(run())) {
                    assertThat(files.map(file -> file.getFileName().toString()))
                            .noneMatch(name -> name.startsWith(".tmp") || name.startsWith(".commit"));
                }
            }
        }
        assertThat(rounds).as("some kill must come after a commit").isNotEmpty();
    }

    private Process fork(String what) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        what,
                        run().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Runs in a process of its own until it is killed. */
    static final class OtherProcess {
        private OtherProcess() {}

        public static void main(String[] args) throws Exception {
            try (RunFolder run = RunFolder.create(Path.of(args[1]))) {
                System.out.write('r');
                System.out.flush();
                if (args[0].equals("hold")) {
                    TimeUnit.MINUTES.sleep(1);
                }
                for (int round = 1; round < 100_000; round++) {
                    String text = "x".repeat(round);
                    commit(run, Stage.MINE, "part0", text, "part1", text, "part2", text, "part3", text, "part4", text);
                    if (round == 1) {
                        System.out.write('c');
                        System.out.flush();
                    }
                    commit(run, Stage.RECORD, "verdicts", text);
                }
            }
        }
    }

    @Test
    void refusesNamesThatLeaveTheFolderOrClash() {
        try (RunFolder run = RunFolder.create(run())) {
            commit(run, Stage.MINE, "scenarios.jsonl", "1");
            try (StageWriter writer = run.begin(Stage.RECORD)) {
                for (String name : List.of(
                        "../x",
                        "/etc/passwd",
                        "a//b",
                        "a/../b",
                        ".hidden",
                        "a/.b",
                        "",
                        "a b",
                        "a\\b",
                        "C:x",
                        "manifest.json",
                        "metrics.json",
                        "timings.json",
                        "metrics/mine.json",
                        "x/",
                        "-x")) {
                    assertThatIllegalArgumentException()
                            .as(name)
                            .isThrownBy(() -> writer.file(name))
                            .withMessageContaining("'" + name + "'");
                }
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> writer.file("scenarios.jsonl"))
                        .withMessageContaining("already a file of the stage 'mine'");
                assertThatIllegalStateException()
                        .isThrownBy(() -> writer.commit(PROVENANCE))
                        .withMessageContaining("no file");
                assertThatIllegalArgumentException().isThrownBy(() -> writer.timing("x", Double.NaN));
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run.file(Stage.MINE, "other"))
                    .withMessageContaining("scenarios.jsonl");
        }
    }

    @Test
    void givesTheSameMetricsBytesForTheSameResults() throws IOException {
        List<String> bytes = new ArrayList<>();
        for (String name : List.of("one", "two")) {
            try (RunFolder run = RunFolder.create(folder.resolve(name))) {
                commit(run, Stage.MINE, "a", "1");
                commit(run, Stage.RECORD, "b", "1");
                bytes.add(Files.readString(run.path().resolve("metrics.json")));
            }
        }
        assertThat(bytes.get(0))
                .isEqualTo("{\n  \"mine\": {\n    \"files\": 1\n  },\n  \"record\": {\n    \"files\": 1\n  }\n}\n")
                .isEqualTo(bytes.get(1));
    }
}
