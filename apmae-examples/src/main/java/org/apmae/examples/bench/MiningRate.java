package org.apmae.examples.bench;

import com.github.javaparser.JavaParser;
import com.github.javaparser.ParseStart;
import com.github.javaparser.ParserConfiguration;
import com.github.javaparser.ParserConfiguration.LanguageLevel;
import com.github.javaparser.Providers;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apmae.core.progress.Progress;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.SourceFile;
import org.apmae.mining.Corpora;
import org.apmae.mining.Corpus;
import org.apmae.mining.CorpusMiner;
import org.apmae.mining.JavaParserMiner;
import org.apmae.mining.MiningSummary;

/**
 * How fast all tasks are mined from the sources of guava, spring-core and lucene-core, with one thread and with two, beside
 * JavaParser's bare parse of the same files in the same run; and the heap of a process that mines them.
 *
 * <p>Whatever else the machine does meets both alike: files are parsed and mined in turn in small portions, by a pool of one
 * thread or of two, and the figures are sums over all portions of the later rounds. The bare parse has the miner's settings, which
 * are the fastest.
 */
final class MiningRate implements Benchmark {
    private static final int ROUNDS = 7;

    /** While the compiler still works it takes the second core, which would count against two threads. */
    private static final int WARM_UP = 3;

    private static final int PORTION_CHARACTERS = 5_000_000;
    private static final int HEAP_MB = 512;
    private static final MiningOptions EVERYTHING = MiningOptions.everything(1);
    private static final List<String> ARTIFACTS =
            List.of("com/google/guava/guava", "org/springframework/spring-core", "org/apache/lucene/lucene-core");

    @Override
    public Map<String, Object> run(Settings settings) {
        List<String> coordinates = coordinates();
        List<SourceFile> files = new ArrayList<>();
        try (Stream<SourceFile> stream = sources().files()) {
            stream.forEach(files::add);
        }
        long bytes = files.stream()
                .mapToLong(file -> file.text().getBytes(StandardCharsets.UTF_8).length)
                .sum();
        int count = files.size();
        // large and small files in every portion
        Collections.shuffle(files, new Random(1));
        List<List<SourceFile>> portions = portions(files);
        double[] seconds = new double[3];
        try (Progress.Stage progress =
                settings.progress().start("mining", (long) ROUNDS * portions.size(), "portions")) {
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < portions.size(); i++) {
                    for (int turn = 0; turn < 3; turn++) {
                        int way = (turn + i + round) % 3;
                        double taken = way == 0 ? parse(portions.get(i)) : mine(portions.get(i), way);
                        seconds[way] += round < WARM_UP ? 0 : taken;
                    }
                    progress.step(1);
                }
            }
        }
        int measured = ROUNDS - WARM_UP;
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("java", System.getProperty("java.version"));
        figures.put("sources", String.join(",", coordinates));
        figures.put("files", count);
        figures.put("mb", bytes / 1e6);
        figures.put("mb_per_s", measured * bytes / 1e6 / seconds[1]);
        figures.put("files_per_s", measured * count / seconds[1]);
        figures.put("mb_per_s_2_threads", measured * bytes / 1e6 / seconds[2]);
        figures.put("files_per_s_2_threads", measured * count / seconds[2]);
        figures.put("bare_parse_mb_per_s", measured * bytes / 1e6 / seconds[0]);
        figures.put("parse_ratio", seconds[1] / seconds[0]);
        figures.put("speedup_2_threads", seconds[1] / seconds[2]);
        JsonObject heap = heap(coordinates);
        figures.put("peak_heap_mb", heap.get("peak_mb").getAsDouble());
        figures.put("largest_file_characters", heap.get("largest").getAsLong());
        figures.put("heap_limit_mb", HEAP_MB);
        return figures;
    }

    private static List<String> coordinates() {
        return ARTIFACTS.stream().map(MiningRate::newest).toList();
    }

    /** The sources that are measured with. */
    static Corpus sources() {
        return Corpora.maven(coordinates(), repository());
    }

    private static Path repository() {
        return Path.of(System.getProperty(
                "maven.repo.local",
                Path.of(System.getProperty("user.home"), ".m2", "repository").toString()));
    }

    /** The coordinates of the newest version whose sources are in the local repository. */
    private static String newest(String artifact) {
        Path folder = repository().resolve(artifact);
        String group = artifact.substring(0, artifact.lastIndexOf('/')).replace('/', '.');
        String name = artifact.substring(artifact.lastIndexOf('/') + 1);
        Optional<String> version = Optional.empty();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> versions = Files.list(folder)) {
                version = versions.map(path -> path.getFileName().toString())
                        .filter(each ->
                                Files.isRegularFile(folder.resolve(each).resolve(name + "-" + each + "-sources.jar")))
                        .max(Comparators.VERSION);
            } catch (IOException e) {
                throw new UncheckedIOException("the folder " + folder + " cannot be listed", e);
            }
        }
        return group + ":" + name + ":"
                + version.orElseThrow(() -> new IllegalArgumentException("the local Maven repository " + repository()
                        + " has no sources jar of " + group + ":" + name
                        + "; fetch one with mvn dependency:get -Dartifact="
                        + group + ":" + name + ":VERSION:jar:sources"));
    }

    /** Orders versions by their numbers. */
    private static final class Comparators {
        private static final Comparator<String> VERSION = (a, b) -> Arrays.compare(numbers(a), numbers(b));

        private Comparators() {}

        private static int[] numbers(String version) {
            return Arrays.stream(version.split("\\D+", -1))
                    .filter(part -> !part.isEmpty() && part.length() < 9)
                    .mapToInt(Integer::parseInt)
                    .toArray();
        }
    }

    private static List<List<SourceFile>> portions(List<SourceFile> files) {
        List<List<SourceFile>> portions = new ArrayList<>();
        List<SourceFile> portion = new ArrayList<>();
        long characters = 0;
        for (SourceFile file : files) {
            portion.add(file);
            characters += file.text().length();
            if (characters >= PORTION_CHARACTERS) {
                portions.add(List.copyOf(portion));
                portion.clear();
                characters = 0;
            }
        }
        portions.add(List.copyOf(portion));
        return portions;
    }

    private static double parse(List<SourceFile> files) {
        ParserConfiguration configuration = new ParserConfiguration()
                .setLanguageLevel(LanguageLevel.BLEEDING_EDGE)
                .setAttributeComments(false)
                .setDetectOriginalLineSeparator(false)
                .setPreprocessUnicodeEscapes(false)
                .setTabSize(1);
        long started = System.nanoTime();
        Thread thread = new Thread(
                null,
                () -> files.forEach(file -> new JavaParser(configuration)
                        .parse(ParseStart.COMPILATION_UNIT, Providers.provider(file.text()))),
                "bare-parse",
                512L << 20);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the measurement was interrupted", e);
        }
        return (System.nanoTime() - started) / 1e9;
    }

    private static double mine(List<SourceFile> files, int threads) {
        long started = System.nanoTime();
        MiningSummary summary = new CorpusMiner(new JavaParserMiner(), threads)
                .mine(Corpora.of("memory", files), EVERYTHING, scenario -> {});
        if (summary.total() == 0) {
            throw new IllegalStateException("no scenario was found in " + summary.files() + " files");
        }
        return (System.nanoTime() - started) / 1e9;
    }

    /** Mines the same files, and the largest that is accepted, in a process that has no more heap than allowed. */
    private static JsonObject heap(List<String> coordinates) {
        return BoundedHeap.run(
                HEAP_MB, MiningHeap.class, done -> {}, repository().toString(), String.join(",", coordinates));
    }
}
