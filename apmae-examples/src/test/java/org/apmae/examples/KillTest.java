package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.Segments;
import org.apmae.core.run.Stage;
import org.apmae.models.pipeline.EncodingPass;
import org.apmae.models.pipeline.VerdictPass;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills the real commands {@code record} and {@code encode} with {@code kill -9} at random moments, from the start of the
 * process to its commit, and begins them again until both are done: the folder is then that of an undisturbed run, byte for
 * byte. Meanwhile a reader looks at the segments. {@code train} is killed likewise.
 *
 * <p>By hand with fifty kills of 6,600 verdicts and 2,000 encoded scenarios: {@code mvn -pl apmae-examples -am test -Dtest=KillTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dapmae.kills=50 -Dapmae.kill.scenarios=1000}.
 */
class KillTest {
    private static final int KILLS = Integer.getInteger("apmae.kills", 3);
    private static final int SCENARIOS = Integer.getInteger("apmae.kill.scenarios", 64);
    /** Lines that the passes write for each batch, to count what was computed twice. */
    private static final String DEBUG = "-Dorg.slf4j.simpleLogger.log.org.apmae.models.pipeline=debug";

    private final Random random = new Random(17);
    private double startMillis = 2000;
    private double segmentMillis = 100;
    private int kills;
    private int looks;
    private int mostRepeated;
    private int repeated;

    @TempDir
    private Path folder;

    private static void command(String... arguments) {
        Outcome outcome = Outcome.of(arguments);
        assertThat(outcome.code()).as(outcome.err()).isZero();
    }

    private void mine(Path run, int trainingSteps) throws IOException {
        TinyStudy.sources(folder.resolve("sources"), 20 + SCENARIOS / 12, 1);
        TinyStudy.model(folder.resolve("model"), 120);
        command(TinyStudy.command(
                        "mine",
                        folder,
                        run,
                        "--tasks=identifiers,closing_bracket,boolean_literals",
                        "--per-outcome=" + SCENARIOS / 2,
                        "--pool=" + SCENARIOS * 2,
                        "--training-steps=" + trainingSteps)
                .toArray(String[]::new));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    /** Everything but the lock, the times taken and what a training kept to go on from. */
    private static Map<String, byte[]> content(Path run) throws IOException {
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith(".lock")
                        && !file.endsWith("timings.json")
                        && !file.startsWith(run.resolve(".training"))) {
                    content.put(run.relativize(file).toString(), Files.readAllBytes(file));
                }
            }
        }
        return content;
    }

    @Test
    void theFolderIsThatOfAnUndisturbedRun() throws Exception {
        Path mined = folder.resolve("mined");
        mine(mined, 2);
        Path calm = folder.resolve("calm");
        copy(mined, calm);
        for (String stage : List.of("record", "train", "encode")) {
            command(stage, "--run", calm.toString(), "--threads=1", "--quiet");
        }
        long recorded = lines(calm.resolve("verdicts.jsonl"));
        long encoded = lines(calm.resolve("selection.jsonl"));
        assertThat(recorded).isGreaterThanOrEqualTo(SCENARIOS);
        for (int round = 0; kills < KILLS; round++) {
            Path run = folder.resolve("killed" + round);
            copy(mined, run);
            killed(run, Stage.RECORD, recorded, VerdictPass.ROUND, kills + (KILLS - kills + 1) / 2);
            command("train", "--run", run.toString(), "--threads=1", "--quiet");
            // as a kill between the commit of train and its clearing up leaves it
            Files.createDirectories(run.resolve(".training/of-before"));
            killed(run, Stage.ENCODE, encoded, EncodingPass.SEGMENT, KILLS);
            assertThat(run.resolve(".training")).doesNotExist();
            assertSame(calm, run);
        }
        System.err.printf(
                "%d kills of %d verdicts and %d encoded scenarios; %d looks at whole segments meanwhile; computed twice:"
                        + " %d scenarios in all, at most %d after one kill%n",
                kills, recorded, encoded, looks, repeated, mostRepeated);
    }

    /** The first kill comes as soon as there is a state on disk, the others at any moment. */
    @Test
    void theAutoencoderIsThatOfAnUndisturbedTraining() throws Exception {
        Path recorded = folder.resolve("recorded");
        mine(recorded, 250);
        command("record", "--run", recorded.toString(), "--threads=1", "--quiet");
        Path calm = folder.resolve("calm");
        copy(recorded, calm);
        Path log = folder.resolve("log.txt");
        long started = System.nanoTime();
        assertThat(start(calm, Stage.TRAIN, log).waitFor())
                .as(Files.readString(log))
                .isZero();
        double whole = millisSince(started);
        int resumed = 0;
        for (int round = 0; kills < KILLS; round++) {
            Path run = folder.resolve("killed" + round);
            copy(recorded, run);
            while (!committed(run, Stage.TRAIN)) {
                resumed += hasState(run) ? 1 : 0;
                Process process = start(run, Stage.TRAIN, log);
                if (kills == 0) {
                    watch(process, run, Stage.TRAIN, () -> hasState(run));
                    process.destroyForcibly();
                } else if (kills < KILLS) {
                    process.waitFor((long) (random.nextDouble() * whole), TimeUnit.MILLISECONDS);
                    process.destroyForcibly();
                }
                int exit = process.waitFor();
                assertThat(exit).as(Files.readString(log)).isIn(0, 128 + 9);
                kills += exit == 0 ? 0 : 1;
            }
            assertSame(calm, run);
        }
        assertThat(resumed).isPositive();
        System.err.printf("%d kills of a training of %.1f s; %d times it went on%n", kills, whole / 1000, resumed);
    }

    private static boolean hasState(Path run) throws IOException {
        if (!Files.isDirectory(run.resolve(".training"))) {
            return false;
        }
        try (Stream<Path> files = Files.walk(run.resolve(".training"))) {
            return files.anyMatch(file -> file.endsWith("state.safetensors"));
        }
    }

    private void assertSame(Path calm, Path run) throws IOException {
        Map<String, byte[]> expected = content(calm);
        Map<String, byte[]> found = content(run);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, bytes) ->
                assertThat(found.get(name)).as("%s after %d kills", name, kills).isEqualTo(bytes));
        try (RunFolder opened = RunFolder.openReadOnly(run)) {
            assertThat(opened.verify()).isEqualTo(expected.size() - 1);
        }
    }

    private static long lines(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        }
    }

    /** Runs a stage's command again and again until it is done. */
    private void killed(Path run, Stage stage, long scenarios, int segment, int until) throws Exception {
        int all = Math.toIntExact((scenarios + segment - 1) / segment);
        while (true) {
            State before = look(run, stage);
            Path log = folder.resolve("log.txt");
            Process process = start(run, stage, log);
            if (kills >= until) {
                assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
                assertThat(process.exitValue()).as(Files.readString(log)).isZero();
                return;
            }
            // One in four while the process starts; the others spread over what is left, so that all fall into one
            // recording.
            boolean early = random.nextInt(4) == 0;
            double patience = random.nextDouble() * startMillis;
            long started = System.nanoTime();
            watch(process, run, stage, () -> early ? millisSince(started) >= patience : computed(log) > 0);
            if (!early) {
                startMillis = (startMillis + millisSince(started)) / 2;
            }
            int left = Math.max(1, 2 * (all - before.segments()) / (until - kills + 1));
            long working = System.nanoTime();
            double wait = early ? 0 : random.nextDouble() * left * segmentMillis;
            watch(process, run, stage, () -> millisSince(working) >= wait);
            process.destroyForcibly().waitFor();
            if (process.exitValue() == 0) {
                return;
            }
            kills++;
            boolean committed = committed(run, stage);
            long after = committed ? scenarios : look(run, stage).scenarios();
            assertThat(after).as("what was whole stays whole").isGreaterThanOrEqualTo(before.scenarios());
            int lost = (int) (computed(log) - (after - before.scenarios()));
            mostRepeated = Math.max(mostRepeated, lost);
            repeated += lost;
            if (after > before.scenarios() && !committed) {
                double segments = (after - before.scenarios()) / (double) segment;
                segmentMillis = (segmentMillis + millisSince(working) / Math.max(1, segments)) / 2;
            }
            if (committed) {
                return;
            }
        }
    }

    /** Something to be waited for. */
    private interface Condition {
        boolean holds() throws IOException;
    }

    private static double millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e6;
    }

    /** Reads what is whole, again and again, until the condition holds or the process has ended. */
    private void watch(Process process, Path run, Stage stage, Condition condition) throws Exception {
        while (process.isAlive() && !condition.holds()) {
            look(run, stage);
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    private static boolean committed(Path run, Stage stage) {
        try (RunFolder opened = RunFolder.open(run)) {
            return opened.has(stage);
        }
    }

    /** What is whole. */
    private record State(int segments, long scenarios) {}

    /** What a reader sees: segments whose bytes have their checksums. */
    private State look(Path run, Stage stage) {
        try (RunFolder opened = RunFolder.openReadOnly(run)) {
            Optional<Segments.Snapshot> found = Segments.look(opened, stage);
            if (found.isEmpty()) {
                return new State(0, 0);
            }
            List<Object> notes = found.get().notes();
            List<String> names = new ArrayList<>(found.get().names());
            if (!names.isEmpty()) {
                try {
                    found.get().read(names.get(random.nextInt(names.size())));
                    looks++;
                } catch (RunFolderException e) {
                    assertThat(e).hasMessageContaining("is gone");
                }
            }
            return new State(
                    notes.size(), notes.stream().mapToLong(KillTest::scenarios).sum());
        }
    }

    private static long scenarios(Object note) {
        Map<?, ?> map = (Map<?, ?>) note;
        return map.get("ids") instanceof List<?> ids ? ids.size() : (Long) map.get("verdicts");
    }

    /** Scenarios that a process has computed for segments, by its own account. */
    private static int computed(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(" scenarios computed"))
                    .mapToInt(line -> Integer.parseInt(line.replaceAll(".* (\\d+) scenarios computed.*", "$1")))
                    .sum();
        }
    }

    private static Process start(Path run, Stage stage, Path log) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        DEBUG,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Apmae.class.getName(),
                        stage.command(),
                        "--run",
                        run.toString(),
                        "--threads=1",
                        "--quiet")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }
}
