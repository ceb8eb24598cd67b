package org.apmae.examples.spark;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.resource.ResourceInformation;
import org.apmae.core.work.PieceRunner;
import org.apmae.examples.study.Workplace;

/** A Spark application as the workplace of a study. One to a process at a time, as Spark has it. Thread-safe. */
public final class SparkWorkplace implements Workplace, AutoCloseable {
    private final JavaSparkContext spark;
    private final Options options;

    /**
     * Where Spark runs and what its executors have.
     *
     * @param master a Spark master such as {@code local[4]} or {@code spark://host:7077}; empty for what spark-submit says, or
     *     else all cores of this process
     * @param more further settings of Spark, which count where nothing else is said
     * @param device {@code cpu} or {@code gpu}
     * @param shipModel whether to send the target model's files to the executors
     */
    public record Options(Optional<String> master, Map<String, String> more, String device, boolean shipModel) {
        /**
         * Copies the map and checks the device.
         *
         * @throws IllegalArgumentException if the device is neither {@code cpu} nor {@code gpu}
         */
        public Options {
            more = Map.copyOf(more);
            if (!device.equals("cpu") && !device.equals("gpu")) {
                throw new IllegalArgumentException("the device of the executors is '" + device + "'; give cpu or gpu");
            }
        }
    }

    /**
     * Starts the application.
     *
     * @param options where and with what
     * @throws IllegalStateException if the process has a Spark application already
     */
    public SparkWorkplace(Options options) {
        this.options = options;
        SparkConf conf = new SparkConf().setIfMissing("spark.app.name", "apmae");
        options.master().ifPresent(conf::setMaster);
        if (!conf.contains("spark.submit.deployMode")) {
            conf.setIfMissing("spark.ui.enabled", "false");
        }
        conf.setIfMissing("spark.master", "local[*]");
        options.more().forEach(conf::setIfMissing);
        spark = new JavaSparkContext(conf);
    }

    @Override
    public PieceRunner runner(int threads) {
        return new SparkRunner(spark);
    }

    @Override
    public Locator locator(Path model) {
        boolean sent = options.shipModel() && !model.toString().isEmpty();
        if (sent) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(model, "*.{json,safetensors}")) {
                for (Path file : files) {
                    spark.addFile(file.toAbsolutePath().toString());
                }
            } catch (IOException e) {
                throw new UncheckedIOException("the model's files in " + model + " cannot be listed: " + e, e);
            }
        }
        return new Found(options.device(), sent);
    }

    @Override
    public String device() {
        return options.device();
    }

    /**
     * Ends the application. In local mode it waits for tasks that nobody needs any more: they may be in native code, during which
     * the process must not end.
     */
    @Override
    public void close() {
        spark.close();
        long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        try {
            while (SparkCall.running() > 0 && System.nanoTime() < patience) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** In an executor: the model where it is, or where Spark put its files; the GPU that Spark assigned, or the first. */
    private record Found(String kind, boolean sent) implements Locator {
        @Override
        public Path model(Path folder) {
            return sent ? Path.of(SparkFiles.getRootDirectory()) : folder;
        }

        @Override
        public Device device() {
            if (kind.equals("cpu")) {
                return Device.cpu();
            }
            TaskContext task = TaskContext.get();
            ResourceInformation gpu = task == null ? null : task.resourcesJMap().get("gpu");
            return gpu == null ? Device.gpu() : Device.gpu(Integer.parseInt(gpu.addresses()[0]));
        }
    }
}
