package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.Segments;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are full or read-only: file systems in memory, which only root may mount. */
class SmallDiskTest {
    private static final int SEGMENTS = 100;
    private static final int ROWS = 32;
    private static final int WIDTH = 64;
    private static final List<HeadId> HEADS =
            IntStream.range(0, 4).mapToObj(head -> new HeadId(0, head)).toList();
    private static final Provenance PROVENANCE = Provenance.seeded(1);

    @TempDir
    Path folder;

    private Path disk;

    private static boolean run(String... command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            if (!process.waitFor(1, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                return false;
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private void mount(String size) throws IOException, InterruptedException {
        Path place = Files.createDirectory(folder.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=" + size, "apmae-test", place.toString()))
                .as("this user may not mount a file system in memory")
                .isTrue();
        disk = place;
    }

    private void remount(String options) throws InterruptedException {
        assertThat(run("mount", "-o", "remount," + options, disk.toString())).isTrue();
    }

    @AfterEach
    void unmount() throws InterruptedException {
        if (disk != null) {
            assertThat(run("umount", disk.toString())).isTrue();
        }
    }

    private static void prepare(Path path) {
        try (RunFolder run = RunFolder.create(path)) {
            for (Stage stage : List.of(Stage.MINE, Stage.RECORD, Stage.TRAIN)) {
                try (StageWriter writer = run.begin(stage)) {
                    writer.metrics(Map.of());
                    writer.commit(PROVENANCE);
                }
            }
        }
    }

    private static String id(int scenario) {
        return String.format(Locale.ROOT, "%024x", scenario);
    }

    private static EncodingBlock block(EncodingStore.Writer store, int segment) {
        EncodingBlock block = store.block(IntStream.range(segment * ROWS, (segment + 1) * ROWS)
                .mapToObj(SmallDiskTest::id)
                .toList());
        Random random = new Random(segment);
        float[] values = new float[WIDTH];
        for (HeadId head : HEADS) {
            for (int row = 0; row < ROWS; row++) {
                for (int i = 0; i < WIDTH; i++) {
                    values[i] = (float) random.nextGaussian();
                }
                block.put(head, row, values, 0);
            }
        }
        return block;
    }

    /** Goes on to the end; what happens on the way is thrown. */
    private static void write(Path path, Runnable beforeCommit) {
        try (RunFolder run = RunFolder.open(path);
                StageWriter stage = run.resume(Stage.ENCODE, "key")) {
            EncodingStore.Writer store = EncodingStore.writer(stage, HEADS, WIDTH);
            for (int next = store.scenarioIds().size() / ROWS; next < SEGMENTS; next++) {
                store.append(block(store, next));
            }
            beforeCommit.run();
            store.finish();
            stage.commit(PROVENANCE);
        }
    }

    private static Map<String, byte[]> content(Path run) throws IOException {
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith(".lock")) {
                    content.put(run.relativize(file).toString(), Files.readAllBytes(file));
                }
            }
        }
        return content;
    }

    private static void assertSame(Path found, Path expected) throws IOException {
        Map<String, byte[]> one = content(found);
        Map<String, byte[]> other = content(expected);
        assertThat(one.keySet()).isEqualTo(other.keySet());
        other.forEach((name, bytes) -> assertThat(one.get(name)).as(name).isEqualTo(bytes));
    }

    private static void assertOneSentence(Throwable thrown) {
        assertThat(thrown).isInstanceOf(UncheckedIOException.class);
        assertThat(thrown.getMessage()).doesNotContain("\n").contains("No space left on device");
    }

    /** Takes all room that is left. */
    private void fill() {
        Path filler = disk.resolve("filler");
        ByteBuffer page = ByteBuffer.allocate(4096);
        try (FileChannel channel = FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            while (channel.write(page.rewind()) > 0) {
                assertThat(channel.size()).isLessThan(1L << 30);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    @Test
    void goesOnAfterTheDiskWasFull() throws Exception {
        Path calm = folder.resolve("calm");
        prepare(calm);
        write(calm, () -> {});

        mount("1m");
        Path path = disk.resolve("run");
        prepare(path);
        assertThatThrownBy(() -> write(path, () -> {}))
                .satisfies(SmallDiskTest::assertOneSentence)
                .hasMessageContaining("whole segments are kept: make room and run `apmae encode --run " + path);
        int kept;
        try (RunFolder reader = RunFolder.openReadOnly(path)) {
            Segments.Snapshot seen = Segments.look(reader, Stage.ENCODE).orElseThrow();
            kept = seen.notes().size();
            assertThat(kept).isBetween(40, 70);
            assertThat(seen.read("encodings/c.3.0.0")).hasSize(kept * ROWS * WIDTH * Short.BYTES);
            assertThat(reader.verify()).as("what is whole stays so").isEqualTo(4);
        }
        assertThatThrownBy(() -> write(path, () -> {})).satisfies(SmallDiskTest::assertOneSentence);

        remount("size=8m");
        try (RunFolder run = RunFolder.open(path);
                StageWriter stage = run.resume(Stage.ENCODE, "key")) {
            assertThat(EncodingStore.writer(stage, HEADS, WIDTH).scenarioIds())
                    .hasSizeGreaterThanOrEqualTo(kept * ROWS);
        }
        write(path, () -> {});
        assertSame(path, calm);
    }

    @Test
    void theCommitFindsTheDiskFull() throws Exception {
        Path calm = folder.resolve("calm");
        prepare(calm);
        write(calm, () -> {});

        mount("8m");
        Path path = disk.resolve("run");
        prepare(path);
        assertThatThrownBy(() -> write(path, this::fill)).satisfies(SmallDiskTest::assertOneSentence);
        try (RunFolder reader = RunFolder.openReadOnly(path)) {
            assertThat(reader.has(Stage.ENCODE)).isFalse();
            assertThat(Segments.look(reader, Stage.ENCODE).orElseThrow().notes())
                    .hasSize(SEGMENTS);
        }
        assertThatThrownBy(() -> RunFolder.create(disk.resolve("another"))).satisfies(SmallDiskTest::assertOneSentence);
        Files.delete(disk.resolve("filler"));
        write(path, () -> assertThat(path).isDirectory());
        assertSame(path, calm);
    }

    @Test
    void readsWhatCannotBeWritten() throws Exception {
        mount("8m");
        Path path = disk.resolve("run");
        prepare(path);
        write(path, () -> {});
        Map<String, byte[]> before = content(path);
        remount("ro");
        List<Path> refused = new ArrayList<>(List.of(path, disk.resolve("new")));
        for (Path each : refused) {
            assertThatThrownBy(() -> RunFolder.create(each))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining(each + " cannot be written")
                    .hasMessageContaining("Read-only file system")
                    .hasMessageContaining("choose another folder");
        }
        try (RunFolder reader = RunFolder.openReadOnly(path)) {
            assertThat(EncodingStore.open(reader).head(HEADS.get(1))).hasNumberOfRows(SEGMENTS * ROWS);
        }
        assertThat(content(path).keySet()).isEqualTo(before.keySet());
    }
}
