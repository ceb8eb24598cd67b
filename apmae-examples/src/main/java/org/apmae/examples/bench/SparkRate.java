package org.apmae.examples.bench;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.SourceFile;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;
import org.apmae.examples.spark.SparkCommand;
import org.apmae.examples.spark.SparkWorkplace;
import org.apmae.examples.spark.WorkerProcesses;
import org.apmae.examples.study.MiningAhead;
import org.apmae.mining.Corpora;
import org.apmae.mining.Corpus;
import org.apmae.mining.CorpusMiner;
import org.apmae.models.cluster.HeadClustering;
import org.apmae.models.cluster.UmapHdbscan;

/**
 * Mining and clustering on Spark with one worker process of one core, and with two. Starting the processes, loading classes and
 * the just-in-time compiler's first minute, in which it takes a core for itself, are not in the figures: each cluster first does
 * the same work unmeasured. The driver, which reads and hands out, has no core of its own on a machine of two.
 */
final class SparkRate implements Benchmark {
    private static final int PER_FILE = 40;
    /** Unmeasured rounds for each worker: on two, each sees half of the work. */
    private static final int MINING_WARM_UP = 6;

    private static final int CLUSTERING_WARM_UP = 1;
    private static final int ROUNDS = 5;
    private static final int ROWS = 1_000;
    private static final int HEADS = 24;
    private static final long SEED = 1;

    private record FitHead() implements PieceFunction<Integer, Clusters> {
        @Override
        public Clusters apply(Integer head) {
            return HeadClustering.fit(
                    ClusterRate.synthetic(ROWS, HEADS), new UmapHdbscan(UmapHdbscan.Options.paper()), SEED, head);
        }
    }

    /** Seconds of a round. */
    private record Seconds(double mining, double clustering) {}

    @Override
    public Map<String, Object> run(Settings settings) {
        SparkCommand.requireSpark();
        List<SourceFile> files = new ArrayList<>();
        try (Stream<SourceFile> stream = MiningRate.sources().files()) {
            stream.forEach(files::add);
        }
        double characters =
                files.stream().mapToLong(file -> file.text().length()).sum();
        Corpus corpus = Corpora.of("memory", files);
        Seconds one = measure(corpus, 1, settings.progress());
        Seconds two = measure(corpus, 2, settings.progress());
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("java", System.getProperty("java.version"));
        figures.put("files", files.size());
        figures.put("mining_million_characters_per_s_1_worker", characters / 1e6 / one.mining());
        figures.put("mining_files_per_s_1_worker", files.size() / one.mining());
        figures.put("mining_speedup_2_workers", one.mining() / two.mining());
        figures.put("clustering_s_a_head_1_worker", one.clustering() / HEADS);
        figures.put("clustering_rows", ROWS);
        figures.put("clustering_speedup_2_workers", one.clustering() / two.clustering());
        return figures;
    }

    private static Seconds measure(Corpus corpus, int workers, Progress progress) {
        try (WorkerProcesses processes = WorkerProcesses.start(workers);
                SparkWorkplace workplace = new SparkWorkplace(new SparkWorkplace.Options(
                        Optional.of(processes.master()), processes.settings(workers), "cpu", false));
                PieceRunner runner = workplace.runner(workers);
                Progress.Stage stage = progress.start(
                        workers + " workers", (MINING_WARM_UP + CLUSTERING_WARM_UP) * workers + 2 * ROUNDS, "rounds")) {
            return new Seconds(
                    least(MINING_WARM_UP * workers, () -> mine(corpus, runner), stage),
                    least(CLUSTERING_WARM_UP * workers, () -> cluster(runner), stage));
        }
    }

    /** Of the fastest round: whatever else a machine does makes rounds slower only. */
    private static double least(int warmUp, Runnable work, Progress.Stage stage) {
        double least = Double.POSITIVE_INFINITY;
        for (int round = -warmUp; round < ROUNDS; round++) {
            long started = System.nanoTime();
            work.run();
            if (round >= 0) {
                least = Math.min(least, (System.nanoTime() - started) / 1e9);
            }
            stage.step(1);
        }
        return least;
    }

    private static void mine(Corpus corpus, PieceRunner runner) {
        MiningOptions options = new MiningOptions(EnumSet.allOf(CompletionTask.class), PER_FILE, SEED);
        MiningAhead ahead = new MiningAhead(corpus, options, runner);
        if (new CorpusMiner(ahead.miner(), 1)
                        .mine(ahead.corpus(), options, scenario -> {})
                        .total()
                == 0) {
            throw new IllegalStateException("no scenario was found in " + corpus.name());
        }
    }

    private static void cluster(PieceRunner runner) {
        try (PieceResults<Clusters> results =
                runner.map(IntStream.range(0, HEADS).iterator(), new FitHead())) {
            results.forEachRemaining(clusters -> {
                if (clusters.labels().length != ROWS) {
                    throw new IllegalStateException(
                            "a head of " + ROWS + " rows came back with " + clusters.labels().length);
                }
            });
        }
    }
}
