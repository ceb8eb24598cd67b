package org.apmae.core.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentsTest {
    private static final int SEGMENTS = 63;
    private static final int SCENARIOS = 32;
    private static final int FILES = 5;

    @TempDir
    Path folder;

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A segment of 32 scenarios: a line of each, and bytes in some files. */
    private static Map<String, ByteBuffer> segment(int number) {
        Map<String, ByteBuffer> added = new TreeMap<>();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < SCENARIOS; i++) {
            lines.append("scenario ").append(number * SCENARIOS + i).append('\n');
        }
        added.put("table.jsonl", bytes(lines.toString()));
        for (int file = 0; file < FILES; file++) {
            byte[] noise = new byte[SCENARIOS * 64];
            new Random(number * 31L + file).nextBytes(noise);
            added.put("part/" + file, ByteBuffer.wrap(noise));
        }
        return added;
    }

    /** Does what is left of the work and commits. */
    private static void work(Path folder, int until, long pause) {
        try (RunFolder run = RunFolder.create(folder)) {
            try (StageWriter stage = run.resume(Stage.MINE, "key")) {
                Segments segments = stage.segments();
                for (int next = segments.notes().size(); next < until; next++) {
                    segments.append(segment(next), Map.of("number", next));
                    TimeUnit.MILLISECONDS.sleep(pause);
                }
                if (until == SEGMENTS) {
                    stage.metrics(Map.of("segments", until));
                    stage.commit(Provenance.seeded(1));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Map<String, String> content(Path folder) throws IOException {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.getFileName().toString().equals(FolderLock.NAME)) {
                    content.put(folder.relativize(file).toString(), Disk.hash(file));
                }
            }
        }
        return content;
    }

    @Test
    void isTheSameAfterFiftyKills() throws Exception {
        Path calm = folder.resolve("calm");
        work(calm, SEGMENTS, 0);
        Path run = folder.resolve("run");
        Random random = new Random(11);
        int kills = 0;
        int before = 0;
        for (; kills < 50; kills++) {
            Process writer = fork(run);
            assertThat(writer.getInputStream().read()).isEqualTo('r');
            Optional<Segments.Snapshot> seen = Optional.empty();
            for (long end = System.nanoTime() + random.nextInt(60) * 1_000_000L; System.nanoTime() < end; ) {
                seen = look(run);
            }
            writer.destroyForcibly().waitFor();
            if (Files.exists(run.resolve("table.jsonl"))) {
                break;
            }
            int now = look(run).map(snapshot -> snapshot.notes().size()).orElse(0);
            assertThat(now).as("what was whole stays whole").isGreaterThanOrEqualTo(before);
            assertThat(seen.map(snapshot -> snapshot.notes().size()).orElse(0)).isLessThanOrEqualTo(now);
            before = now;
        }
        assertThat(kills)
                .as("the work must not be done before it is killed often")
                .isGreaterThan(10);
        work(run, SEGMENTS, 0);
        assertThat(content(run)).isEqualTo(content(calm));
        try (RunFolder opened = RunFolder.openReadOnly(run)) {
            assertThat(opened.verify()).isEqualTo(FILES + 3);
        }
    }

    /** What a reader sees meanwhile: whole segments, one after another, none torn. */
    private static Optional<Segments.Snapshot> look(Path folder) {
        if (!Files.exists(folder.resolve("manifest.json"))) {
            return Optional.empty();
        }
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            Optional<Segments.Snapshot> found = Segments.look(run, Stage.MINE);
            if (found.isPresent() && !found.get().notes().isEmpty()) {
                int count = found.get().notes().size();
                assertThat(found.get().notes().get(count - 1)).isEqualTo(Map.of("number", count - 1L));
                try {
                    assertThat(found.get().read("table.jsonl"))
                            .endsWith(segment(count - 1).get("table.jsonl").array());
                    assertThat(found.get().read("part/3"))
                            .hasSize(count * SCENARIOS * 64)
                            .endsWith(segment(count - 1).get("part/3").array());
                } catch (RunFolderException e) {
                    assertThat(e).hasMessageContaining("is gone");
                }
            }
            return found;
        }
    }

    private static Process fork(Path run) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        run.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Runs in a process of its own until it is killed. */
    static final class OtherProcess {
        private OtherProcess() {}

        public static void main(String[] args) {
            System.out.write('r');
            System.out.flush();
            work(Path.of(args[0]), SEGMENTS, 10);
        }
    }

    @Test
    void makesAgainWhatIsDamagedAndOnlyThat() throws IOException {
        Path calm = folder.resolve("calm");
        work(calm, SEGMENTS, 0);
        for (String name : List.of("files/part/2", "files/table.jsonl", "journal.jsonl")) {
            Path run = folder.resolve("run-" + name.replace('/', '-'));
            work(run, 20, 0);
            Path file = run.resolve(".partial-mine").resolve(name);
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length * 3 / 4] ^= 4;
            Files.write(file, bytes);
            try (RunFolder opened = RunFolder.open(run);
                    StageWriter stage = opened.resume(Stage.MINE, "key")) {
                assertThat(stage.segments().notes()).hasSizeBetween(14, 16);
            }
            work(run, SEGMENTS, 0);
            assertThat(content(run)).isEqualTo(content(calm));
        }
    }

    @Test
    void aDamagedKeyCostsNothing() throws IOException {
        Path run = folder.resolve("run");
        work(run, 20, 0);
        Path key = run.resolve(".partial-mine/key");
        byte[] bytes = Files.readAllBytes(key);
        for (int at : new int[] {0, 40, 64, 65, 100, bytes.length - 1}) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 4;
            Files.write(key, damaged);
            try (RunFolder opened = RunFolder.open(run);
                    StageWriter stage = opened.resume(Stage.MINE, "key")) {
                assertThat(stage.segments().notes()).as("byte %d", at).hasSize(20);
            }
        }
    }

    @Test
    void damagedTimingsCostNothingElse() throws IOException {
        Path run = folder.resolve("run");
        work(run, SEGMENTS, 0);
        Files.writeString(run.resolve("timings.json"), "{\"mine\"");
        try (RunFolder opened = RunFolder.open(run)) {
            try (StageWriter stage = opened.begin(Stage.RECORD)) {
                stage.metrics(Map.of());
                stage.timing("all", 2);
                stage.commit(Provenance.seeded(1));
            }
            assertThat(opened.timings()).containsEntry("record", Map.of("all", 2.0));
            opened.verify();
        }
    }

    @Test
    void ignoresWhatWasWrittenWithoutACommit() throws IOException {
        Path run = folder.resolve("run");
        work(run, 5, 0);
        Path partial = run.resolve(".partial-mine");
        Map<String, String> sound = content(partial);
        Files.writeString(partial.resolve("files/part/1"), "half a segment", StandardOpenOption.APPEND);
        Files.writeString(partial.resolve("files/part/new"), "half a segment");
        Files.writeString(partial.resolve("journal.jsonl"), "{\"crc32c\":\"0000", StandardOpenOption.APPEND);
        work(run, 5, 0);
        assertThat(content(partial)).isEqualTo(sound);
    }

    @Test
    void beginsAnewWhereThingsChanged() throws IOException {
        Path root = folder.resolve("run");
        work(root, 5, 0);
        try (RunFolder run = RunFolder.open(root)) {
            try (StageWriter stage = run.resume(Stage.MINE, "other key")) {
                assertThat(stage.segments().notes()).isEmpty();
                stage.metrics(Map.of());
                stage.commit(Provenance.seeded(1));
            }
            try (StageWriter stage = run.resume(Stage.RECORD, "key")) {
                stage.segments().append(Map.of("verdicts", bytes("x")), Map.of());
            }
            try (StageWriter stage = run.resume(Stage.RECORD, "key")) {
                assertThat(stage.segments().read("verdicts")).containsExactly('x');
            }
            Path aside = folder.resolve("aside");
            Path partial = root.resolve(".partial-record");
            copy(partial, aside);
            try (StageWriter stage = run.begin(Stage.MINE)) {
                assertThatIllegalStateException().isThrownBy(stage::segments);
                stage.metrics(Map.of("changed", true));
                stage.commit(Provenance.seeded(1));
            }
            assertThat(partial).doesNotExist();
            copy(aside, partial);
            try (StageWriter stage = run.resume(Stage.RECORD, "key")) {
                assertThat(stage.segments().notes())
                        .as("what it was made from has changed")
                        .isEmpty();
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> all = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(from)) {
            all.addAll(paths.toList());
        }
        for (Path path : all) {
            Files.copy(path, to.resolve(from.relativize(path).toString()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Test
    void aFailedAppendLeavesTheSegmentsBefore() {
        Path root = folder.resolve("run");
        try (RunFolder run = RunFolder.create(root);
                StageWriter stage = run.resume(Stage.MINE, "key")) {
            Segments segments = stage.segments();
            segments.append(segment(0), Map.of("number", 0));
            // A folder where a file should be is as good as a disk that refuses.
            Files.createDirectories(root.resolve(".partial-mine/files/blocked"));
            assertThatThrownBy(() -> segments.append(Map.of("blocked", bytes("y")), Map.of()))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("its 1 whole segments are kept")
                    .hasMessageContaining("apmae mine");
            assertThatIllegalStateException().isThrownBy(() -> segments.append(segment(1), Map.of()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        work(root, SEGMENTS, 0);
    }
}
