package org.apmae.examples.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures one part of the library beside what the machine can do. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures speed and memory of one part, beside the machine's own rate in the same run.")
public final class BenchCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @ArgGroup(multiplicity = "1")
    private Part part;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Folder for large files (default: the system's folder for temporary files).")
    private Path folder = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(
            names = "--layers",
            paramLabel = "N",
            hidden = true,
            description = "Layers of the model of --target, fewer for a quick look (default: 30).")
    private int layers = 30;

    /** The parts; exactly one is named. */
    private static final class Part {
        @Option(names = "--matrix", required = true, description = "The machine's own f32 matrix products.")
        private boolean matrix;

        @Option(
                names = "--mining",
                required = true,
                description = "Mining all tasks of guava, spring-core and lucene-core, beside JavaParser's bare parse.")
        private boolean mining;

        @Option(
                names = "--target",
                required = true,
                description =
                        "A target model of StarCoder2-3B's shape, random weights: load, memory, f32, bf16, recording.")
        private boolean target;

        @Option(
                names = "--recording-memory",
                required = true,
                description = "Resident memory while 10,000 prompts are recorded on the embedded model.")
        private boolean recordingMemory;

        @Option(
                names = "--recording",
                required = true,
                description = "Recording the embedded model beside its forward passes and the encoder alone.")
        private boolean recording;

        @Option(names = "--encoder", required = true, description = "Encoding and training of a paper-size AP-MAE.")
        private boolean encoder;

        @Option(names = "--store", required = true, description = "Writing and reading 5,000 x 720 encodings.")
        private boolean store;

        @Option(names = "--cluster", required = true, description = "UMAP and HDBSCAN of one head and of 48 heads.")
        private boolean cluster;

        @Option(
                names = "--sweep",
                required = true,
                description = "Removing heads of the embedded model beside full passes of one prompt each.")
        private boolean sweep;

        @Option(
                names = "--spark",
                required = true,
                description = "Mining and clustering on Spark with one worker process and with two.")
        private boolean spark;

        Benchmark benchmark(BenchCommand command) {
            if (matrix) {
                return new MatrixRate();
            }
            if (mining) {
                return new MiningRate();
            }
            if (target) {
                return new TargetSpeed(command.layers);
            }
            if (recordingMemory) {
                return new RecordingMemory(10_000);
            }
            if (recording) {
                return new RecordingRate();
            }
            if (encoder) {
                return new EncoderRate();
            }
            if (store) {
                return new StoreRate();
            }
            if (cluster) {
                return new ClusterRate();
            }
            if (sweep) {
                return new SweepRate();
            }
            if (spark) {
                return new SparkRate();
            }
            throw new IllegalStateException("no part is named; name one of those in --help");
        }
    }

    /** Makes the command with its defaults. */
    public BenchCommand() {}

    @Override
    public Integer call() {
        Map<String, Object> figures =
                part.benchmark(this).run(new Benchmark.Settings(folder, common.threads(), common.progress()));
        if (common.json()) {
            CommonOptions.print(figures);
        } else {
            Tables.print(
                    "Benchmark",
                    List.of("figure", "value"),
                    figures.entrySet().stream()
                            .map(entry -> List.of(entry.getKey(), String.valueOf(entry.getValue())))
                            .toList());
        }
        return 0;
    }
}
