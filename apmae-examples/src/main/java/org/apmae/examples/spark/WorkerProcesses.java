package org.apmae.examples.spark;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A small Spark cluster on this machine, from the class path of this process and no installation of Spark: a master and workers
 * of one core, each a process of its own, each of which starts executors in further processes. They end with this process,
 * however it ends. Thread-safe.
 */
public final class WorkerProcesses implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final int SECONDS_TO_START = 180;

    /** A process that died is known by its connection; one that only stands still, as with the machine asleep, is waited for. */
    private static final int SECONDS_OF_SILENCE = 900;

    private final Path home;
    private final int port;
    private final List<Process> processes = new ArrayList<>();

    private WorkerProcesses(Path home, int port) {
        this.home = home;
        this.port = port;
    }

    /**
     * Starts the processes and waits for the master; workers come to it by themselves.
     *
     * @param workers how many, 1 or more
     * @return the cluster, to be closed
     * @throws IllegalArgumentException if the number is below 1
     * @throws IllegalStateException if the master does not start
     * @throws UncheckedIOException if a process or its folder cannot be made
     */
    public static WorkerProcesses start(int workers) {
        if (workers < 1) {
            throw new IllegalArgumentException("the number of workers is " + workers + "; it must be 1 or more");
        }
        try {
            Path home = Files.createTempDirectory("apmae-workers");
            // Spark insists on the folder; the jars themselves are on the class path
            Files.createDirectory(home.resolve("jars"));
            WorkerProcesses cluster = new WorkerProcesses(home, freePort());
            try {
                cluster.launch(
                        "master",
                        "org.apache.spark.deploy.master.Master",
                        List.of("--port", String.valueOf(cluster.port)));
                cluster.awaitMaster();
                for (int i = 0; i < workers; i++) {
                    cluster.launch(
                            "worker" + i,
                            "org.apache.spark.deploy.worker.Worker",
                            List.of(
                                    "--port",
                                    "0",
                                    "--cores",
                                    "1",
                                    "--memory",
                                    "512g",
                                    "--work-dir",
                                    home.resolve("work" + i).toString(),
                                    cluster.master()));
                }
                return cluster;
            } catch (RuntimeException e) {
                cluster.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("worker processes cannot be started: " + e.getMessage(), e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void launch(String name, String daemon, List<String> arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dspark.worker.timeout=" + SECONDS_OF_SILENCE,
                "-cp",
                classPath(),
                Attached.class.getName(),
                daemon,
                "--host",
                HOST,
                "--webui-port",
                "0"));
        line.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(home.resolve(name + ".log").toFile());
        builder.environment()
                .putAll(Map.of(
                        "SPARK_HOME", home.toString(),
                        "SPARK_SCALA_VERSION", "2.13",
                        "SPARK_LOCAL_IP", HOST,
                        "SPARK_LOCAL_DIRS", home.resolve("local").toString(),
                        "JAVA_HOME", System.getProperty("java.home")));
        synchronized (processes) {
            processes.add(builder.start());
        }
    }

    private void awaitMaster() throws IOException {
        long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_TO_START);
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
                return;
            } catch (IOException e) {
                if (System.nanoTime() > patience || !processes.get(0).isAlive()) {
                    throw new IllegalStateException(
                            "Spark's master did not start: "
                                    + Files.readString(home.resolve("master.log"))
                                            .replace('\n', ' ')
                                            .strip(),
                            e);
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while Spark's master starts", e);
            }
        }
    }

    /** That of this process, with absolute paths: other processes have other working folders. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.isEmpty())
                .map(entry -> new File(entry).getAbsolutePath())
                .collect(Collectors.joining(File.pathSeparator));
    }

    /**
     * Returns the master's address.
     *
     * @return for {@link SparkWorkplace.Options}
     */
    public String master() {
        return "spark://" + HOST + ":" + port;
    }

    /**
     * Returns Spark's settings for this cluster: executors of one core with this process's class path, and no work before all
     * are there.
     *
     * @param cores cores to use, at most as many as there are workers
     * @return for {@link SparkWorkplace.Options}
     */
    public Map<String, String> settings(int cores) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("spark.cores.max", String.valueOf(cores));
        settings.put("spark.executor.cores", "1");
        settings.put("spark.executor.memory", "1g");
        settings.put("spark.executor.extraClassPath", classPath());
        settings.put("spark.executor.extraJavaOptions", "-XX:ActiveProcessorCount=1 -XX:+UseSerialGC");
        settings.put("spark.driver.host", HOST);
        settings.put("spark.driver.bindAddress", HOST);
        settings.put("spark.network.timeout", SECONDS_OF_SILENCE + "s");
        settings.put("spark.scheduler.minRegisteredResourcesRatio", "1.0");
        settings.put("spark.scheduler.maxRegisteredResourcesWaitingTime", SECONDS_TO_START + "s");
        return settings;
    }

    /**
     * Returns the processes that compute, as they are now.
     *
     * @return the executors of all applications, in the order of their ids
     */
    public List<ProcessHandle> executors() {
        synchronized (processes) {
            return processes.stream()
                    .flatMap(process -> process.toHandle().children())
                    .sorted(Comparator.comparingLong(ProcessHandle::pid))
                    .toList();
        }
    }

    /** Ends all processes and removes their files. */
    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>(executors());
        synchronized (processes) {
            processes.forEach(process -> all.add(process.toHandle()));
        }
        all.forEach(ProcessHandle::destroy);
        for (ProcessHandle each : all) {
            try {
                each.onExit().get(10, TimeUnit.SECONDS);
            } catch (TimeoutException | ExecutionException e) {
                each.destroyForcibly();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                each.destroyForcibly();
            }
        }
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the files of the worker processes in " + home + " cannot be removed", e);
        }
    }

    /** The main class of master and workers: they end when their parent does, which even {@code kill -9} cannot prevent. */
    static final class Attached {
        private Attached() {}

        /**
         * Runs a daemon of Spark.
         *
         * @param arguments its class and its own arguments
         * @throws ReflectiveOperationException if the class is not there
         */
        public static void main(String[] arguments) throws ReflectiveOperationException {
            Thread watch = new Thread(Attached::awaitParent, "apmae-parent");
            watch.setDaemon(true);
            watch.start();
            String[] own = Arrays.copyOfRange(arguments, 1, arguments.length);
            Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) own);
        }

        /** Nobody writes to standard input, so reading ends when the parent has. */
        private static void awaitParent() {
            try {
                int read = System.in.read();
                if (read < 0) {
                    System.exit(0);
                }
            } catch (IOException e) {
                System.exit(1);
            }
        }
    }
}
