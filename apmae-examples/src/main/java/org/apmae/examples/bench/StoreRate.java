package org.apmae.examples.bench;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.store.EncodingBlock;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.pipeline.EncodingPass;
import org.apmae.models.pipeline.RecordingEstimate;

/**
 * The store at the size of the paper's study of the 3B model: writing the encodings of all heads, segment by segment and
 * through the commit, and reading one head's matrix, each beside plain sequential writing and reading of the same disk.
 */
final class StoreRate implements Benchmark {
    private static final int SCENARIOS = 5000;
    private static final int LAYERS = 30;
    private static final int HEADS = 24;
    private static final int WIDTH = 512;
    private static final int WINDOW = 256;
    private static final int CHUNK = 8 << 20;
    private static final int READS = 32;
    private static final int WARM_UP = 24;
    /** Plain reading is measured on pieces of so many heads' size. */
    private static final int PLAIN_PIECE = 4;

    private static final int POSIX_FADV_DONTNEED = 4;

    @Override
    public Map<String, Object> run(Settings settings) {
        long bytes = (long) SCENARIOS * LAYERS * HEADS * WIDTH * Short.BYTES;
        Path folder;
        try {
            Files.createDirectories(settings.folder());
            new RecordingEstimate(SCENARIOS, LAYERS * HEADS, 0, 0, bytes * 21 / 10).requireRoom(settings.folder());
            folder = Files.createTempDirectory(settings.folder(), "apmae-bench-store");
        } catch (IOException e) {
            throw new UncheckedIOException(
                    settings.folder() + " cannot be written: " + e.getMessage() + "; choose another folder with --dir",
                    e);
        }
        try {
            return measure(folder, bytes, settings);
        } catch (IOException e) {
            throw new UncheckedIOException("the measurement in " + folder + " failed: " + e.getMessage(), e);
        } finally {
            delete(folder);
        }
    }

    private static Map<String, Object> measure(Path folder, long bytes, Settings settings) throws IOException {
        Path run = folder.resolve("run");
        // before and after, because a disk's rate drifts within minutes
        List<Path> plain = List.of(folder.resolve("plain-before"), folder.resolve("plain-after"));
        double first = writePlain(plain.get(0), bytes / 4);
        prepare(run);
        double seconds;
        try (Progress.Stage progress = settings.progress().start("writing", SCENARIOS, "scenarios")) {
            seconds = write(run, settings.threads(), progress);
        }
        long stored = size(run);
        double second = writePlain(plain.get(1), bytes / 4);
        double plainWrite = bytes / 4 * 2 / (first + second);

        boolean cold = evictAll(folder);
        double plainRead;
        double storeRead;
        try (RunFolder opened = RunFolder.openReadOnly(run)) {
            EncodingStore store = EncodingStore.open(opened);
            Reads reads = read(store, plain);
            plainRead = reads.plain();
            storeRead = reads.store();
        }
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("scenarios", SCENARIOS);
        figures.put("heads", LAYERS * HEADS);
        figures.put("width", WIDTH);
        figures.put("plain_write_mb_per_s", rounded(plainWrite / 1e6));
        figures.put("write_mb_per_s", rounded(bytes / seconds / 1e6));
        figures.put("write_ratio", rounded(bytes / seconds / plainWrite));
        figures.put("plain_read_mb_per_s", rounded(plainRead / 1e6));
        figures.put("read_mb_per_s", rounded(storeRead / 1e6));
        figures.put("read_ratio", rounded(storeRead / plainRead));
        figures.put("read_from", cold ? "disk" : "page cache");
        figures.put("peak_heap_mb", peakHeap() / 1_000_000);
        figures.put("bytes_per_scenario", stored / SCENARIOS);
        return figures;
    }

    private static double rounded(double value) {
        return Double.parseDouble(String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value));
    }

    private static List<HeadId> heads() {
        return IntStream.range(0, LAYERS * HEADS)
                .mapToObj(i -> new HeadId(i / HEADS, i % HEADS))
                .toList();
    }

    private static String id(int scenario) {
        return String.format(Locale.ROOT, "%024x", scenario * 0x9E3779B97F4A7C15L);
    }

    /** The stages before, with the tables that scenarios of this size have. */
    private static void prepare(Path folder) {
        Random random = new Random(1);
        String text = "x".repeat(ScenarioRow.SNIPPET);
        List<ScenarioRow> rows = new ArrayList<>();
        List<Verdict> verdicts = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            List<Integer> ids = random.ints(WINDOW, 0, 49_152).boxed().toList();
            rows.add(new ScenarioRow(
                    id(i), CompletionTask.RANDOM, "corpus", "a/B" + i + ".java", 1, 9, "a target", ids, 7, text, text));
            verdicts.add(new Verdict(
                    id(i), 7, 7, random.nextDouble(), random.nextDouble(), random.nextDouble(), random.nextDouble()));
        }
        try (RunFolder run = RunFolder.create(folder)) {
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
        }
    }

    private static double write(Path folder, int threads, Progress.Stage progress) {
        List<HeadId> heads = heads();
        float[] noise = noise();
        try (RunFolder run = RunFolder.open(folder)) {
            long started = System.nanoTime();
            try (StageWriter stage = run.resume(Stage.ENCODE, "bench")) {
                EncodingStore.Writer store = EncodingStore.writer(stage, heads, WIDTH);
                BlockingQueue<EncodingBlock> full = new ArrayBlockingQueue<>(1);
                int blocks = (SCENARIOS + EncodingPass.SEGMENT - 1) / EncodingPass.SEGMENT;
                Thread producer = new Thread(
                        () -> {
                            for (int block = 0; block < blocks; block++) {
                                put(full, fill(store, block, heads, noise, threads));
                            }
                        },
                        "apmae-bench");
                producer.setDaemon(true);
                producer.start();
                for (int block = 0; block < blocks; block++) {
                    EncodingBlock next = take(full);
                    store.append(next);
                    progress.step(next.scenarioIds().size());
                }
                store.finish();
                stage.commit(Provenance.seeded(1));
            }
            return (System.nanoTime() - started) / 1e9;
        }
    }

    /** More numbers than one scenario needs, so that each scenario can start elsewhere and none equals another. */
    private static float[] noise() {
        Random random = new Random(2);
        float[] noise = new float[2 * LAYERS * HEADS * WIDTH];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) random.nextGaussian();
        }
        return noise;
    }

    private static EncodingBlock fill(
            EncodingStore.Writer store, int block, List<HeadId> heads, float[] noise, int threads) {
        int first = block * EncodingPass.SEGMENT;
        List<String> ids = IntStream.range(first, Math.min(SCENARIOS, first + EncodingPass.SEGMENT))
                .mapToObj(StoreRate::id)
                .toList();
        EncodingBlock filled = store.block(ids);
        List<Thread> workers = new ArrayList<>();
        for (int worker = 0; worker < threads; worker++) {
            int own = worker;
            Thread thread = new Thread(
                    () -> {
                        for (int head = own; head < heads.size(); head += threads) {
                            for (int row = 0; row < ids.size(); row++) {
                                filled.put(heads.get(head), row, noise, head * WIDTH + 64 * (first + row));
                            }
                        }
                    },
                    "apmae-bench");
            thread.setDaemon(true);
            thread.start();
            workers.add(thread);
        }
        workers.forEach(StoreRate::join);
        return filled;
    }

    private static double writePlain(Path file, long bytes) throws IOException {
        byte[] random = new byte[CHUNK];
        new Random(3).nextBytes(random);
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK).put(random).flip();
        long started = System.nanoTime();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long done = 0; done < bytes; done += buffer.capacity()) {
                buffer.clear();
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
            channel.force(true);
        }
        return (System.nanoTime() - started) / 1e9;
    }

    /** Bytes a second. */
    private record Reads(double plain, double store) {}

    /** Heads and pieces of the plain files in turn, each read for the first time, so that both see the same disk. */
    private static Reads read(EncodingStore store, List<Path> plain) throws IOException {
        List<HeadId> heads = heads();
        long piece = (long) store.scenarioIds().size() * WIDTH * Short.BYTES * PLAIN_PIECE / CHUNK * CHUNK;
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
        // Both sides read into memory that they keep, as a loop over heads does.
        float[][] rows = new float[store.scenarioIds().size()][WIDTH];
        for (int i = 0; i < WARM_UP; i++) {
            // Neither is read again below.
            store.head(heads.get(heads.size() - 1 - i), rows);
            readPlain(plain.get(i % 2), (READS / 2 + i / 2) * piece, piece, buffer);
        }
        double plainSeconds = 0;
        double storeSeconds = 0;
        long plainBytes = 0;
        long storeBytes = 0;
        for (int i = 0; i < READS; i++) {
            long started = System.nanoTime();
            plainBytes += readPlain(plain.get(i % 2), i / 2 * piece, piece, buffer);
            plainSeconds += (System.nanoTime() - started) / 1e9;
            HeadId head = heads.get(i * (heads.size() - WARM_UP - 1) / READS);
            started = System.nanoTime();
            store.head(head, rows);
            storeSeconds += (System.nanoTime() - started) / 1e9;
            storeBytes += (long) rows.length * rows[0].length * Short.BYTES;
        }
        return new Reads(plainBytes / plainSeconds, storeBytes / storeSeconds);
    }

    /** Reads a part of a file, less where the file ends before; returns the number of bytes. */
    private static long readPlain(Path file, long from, long bytes, ByteBuffer buffer) throws IOException {
        long done = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (done < bytes) {
                int read = channel.read(buffer.clear(), from + done);
                if (read < 0) {
                    break;
                }
                done += read;
            }
        }
        return done;
    }

    /** Makes the system forget a file that is on the disk, so that reading it reads the disk; Linux only. */
    private static boolean evict(Path file) {
        if (!Platform.isLinux()) {
            return false;
        }
        try {
            NativeLibrary libc = NativeLibrary.getInstance("c");
            int handle = libc.getFunction("open").invokeInt(new Object[] {file.toString(), 0});
            if (handle < 0) {
                return false;
            }
            int failed =
                    libc.getFunction("posix_fadvise").invokeInt(new Object[] {handle, 0L, 0L, POSIX_FADV_DONTNEED});
            libc.getFunction("close").invokeInt(new Object[] {handle});
            return failed == 0;
        } catch (LinkageError e) {
            return false;
        }
    }

    private static boolean evictAll(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                files.add(file);
                return FileVisitResult.CONTINUE;
            }
        });
        return files.stream().allMatch(StoreRate::evict);
    }

    private static long size(Path folder) throws IOException {
        long[] total = new long[1];
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                total[0] += attributes.size();
                return FileVisitResult.CONTINUE;
            }
        });
        return total[0];
    }

    static void delete(Path folder) {
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                    Files.delete(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be removed: " + e.getMessage() + "; remove it", e);
        }
    }

    /** The sum of the pools' peaks, which is the true peak or more. */
    private static long peakHeap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getPeakUsage)
                .mapToLong(usage -> usage.getUsed())
                .sum();
    }

    private static void put(BlockingQueue<EncodingBlock> queue, EncodingBlock block) {
        try {
            queue.put(block);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static EncodingBlock take(BlockingQueue<EncodingBlock> queue) {
        try {
            return queue.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the measurement was interrupted", e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the measurement was interrupted", e);
        }
    }
}
