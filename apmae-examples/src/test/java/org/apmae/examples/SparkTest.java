package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apmae.core.run.Stage;
import org.apmae.examples.spark.WorkerProcesses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same study on threads, on Spark with two separate workers whose executors are killed, and half on each. */
class SparkTest {
    @TempDir
    private Path folder;

    private List<String> discover(Path run) {
        return TinyStudy.command(
                "discover",
                folder,
                run,
                "--tasks=identifiers,closing_bracket",
                "--per-outcome=24",
                "--pool=160",
                "--training-steps=4",
                "--sweep-scenarios=4",
                "--json");
    }

    private static Outcome run(List<String> before, List<String> command) {
        Outcome outcome =
                Outcome.of(Stream.of(before, command).flatMap(List::stream).toArray(String[]::new));
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome;
    }

    /** All files but those in which times or the manifest's own form stand. */
    private static Map<String, byte[]> content(Path run) throws IOException {
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = run.relativize(file).toString().replace('\\', '/');
                if (!List.of(".lock", "timings.json", "manifest.json", "report.html")
                        .contains(name)) {
                    content.put(name, Files.readAllBytes(file));
                }
            }
        }
        return content;
    }

    private static void assertSame(Path found, Path expected) throws IOException {
        Map<String, byte[]> wanted = content(expected);
        Map<String, byte[]> there = content(found);
        assertThat(wanted)
                .containsKeys(
                        "metrics.json", "scenarios.jsonl", "verdicts.jsonl", "encodings/c.15.0.0", "labels.jsonl");
        assertThat(there.keySet()).isEqualTo(wanted.keySet());
        wanted.forEach((name, bytes) -> assertThat(there.get(name)).as(name).isEqualTo(bytes));
    }

    /** Kills one executor with {@code kill -9} in each of some stages, once the stage has begun and before its commit. */
    private static final class Killer extends Thread {
        private final WorkerProcesses workers;
        private final Path run;
        private final Map<Stage, String> signs;
        private final Map<Stage, String> killed = new TreeMap<>();
        private volatile boolean finished;

        Killer(WorkerProcesses workers, Path run, Map<Stage, String> signs) {
            this.workers = workers;
            this.run = run;
            this.signs = new TreeMap<>(signs);
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                for (Map.Entry<Stage, String> each : signs.entrySet()) {
                    Path sign = run.resolve(each.getValue());
                    while (!finished && (!Files.exists(sign) || (Files.isRegularFile(sign) && Files.size(sign) == 0))) {
                        TimeUnit.MILLISECONDS.sleep(2);
                    }
                    if (finished) {
                        return;
                    }
                    ProcessHandle victim = victim();
                    victim.destroyForcibly();
                    victim.onExit().join();
                    killed.put(each.getKey(), Files.exists(sign) ? "in the middle" : "too late");
                }
            } catch (IOException e) {
                killed.put(Stage.MINE, e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private ProcessHandle victim() throws InterruptedException {
            List<ProcessHandle> running = workers.executors();
            while (running.isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(2);
                running = workers.executors();
            }
            return running.get(0);
        }
    }

    @Test
    @Timeout(1800)
    void theStudyOnTwoWorkersIsThatOfOneMachineThoughExecutorsAreKilled() throws Exception {
        TinyStudy.sources(folder.resolve("sources"), 40, 1);
        TinyStudy.model(folder.resolve("model"), 120);
        Path alone = folder.resolve("alone");
        Outcome expected = run(List.of(), discover(alone));

        Path spread = folder.resolve("spread");
        try (WorkerProcesses workers = WorkerProcesses.start(2)) {
            Map<String, String> settings = workers.settings(2);
            Killer killer = new Killer(
                    workers,
                    spread,
                    Map.of(
                            Stage.RECORD, ".partial-record/journal.jsonl",
                            Stage.ENCODE, ".partial-encode/journal.jsonl",
                            Stage.CLUSTER, ".tmp-cluster"));
            killer.start();
            settings.forEach(System::setProperty);
            try {
                Outcome found = run(List.of("spark", "--master", workers.master()), discover(spread));
                assertThat(found.out()).isEqualTo(expected.out());
            } finally {
                settings.keySet().forEach(System::clearProperty);
            }
            killer.finished = true;
            killer.join();
            assertThat(killer.killed)
                    .isEqualTo(new TreeMap<>(Map.of(
                            Stage.RECORD, "in the middle",
                            Stage.ENCODE, "in the middle",
                            Stage.CLUSTER, "in the middle")));
        }
        assertThat(spread.resolve("metrics.json")).hasSameBinaryContentAs(alone.resolve("metrics.json"));
        assertSame(spread, alone);

        // a stage again, in this process, on what the workers left
        run(List.of("spark", "--master", "local[2]"), List.of("cluster", "--run", spread.toString(), "--quiet"));
        for (String name : List.of("labels.jsonl", "models/clusters.json", "metrics/cluster.json")) {
            assertThat(spread.resolve(name)).hasSameBinaryContentAs(alone.resolve(name));
        }
    }

    @Test
    void saysWhatIsMissingWithoutSpark() throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.contains("spark-core"))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                Apmae.class.getName()));
        command.addAll(List.of("spark", "mine", "--run", folder.resolve("run").toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(said)
                .startsWith("apmae: Apache Spark is not on the class path; ")
                .contains("docs/scale.md");
    }

    @Test
    void saysWhichOptionsDoNotGoTogether() {
        Outcome both = Outcome.of("spark", "--master=local[1]", "--workers=1", "mine");
        assertThat(both.sentence()).contains("not both");
        Outcome device = Outcome.of("spark", "--master=local[1]", "--device=tpu", "mine");
        assertThat(device.sentence()).contains("'tpu'; give cpu or gpu");
    }
}
