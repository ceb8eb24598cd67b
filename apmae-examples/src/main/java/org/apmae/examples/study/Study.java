package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.models.pipeline.PatternKeeping;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** A run folder with what its stages share: options, progress, threads and the target model, loaded once. */
final class Study implements AutoCloseable {
    private final RunFolder run;
    private final StudyOptions options;
    private final Progress progress;
    private final int threads;
    private PatternKeeping keeping = PatternKeeping.none();
    private TargetModel model;

    Study(RunFolder run, StudyOptions options, Progress progress, int threads) {
        this.run = run;
        this.options = options;
        this.progress = progress;
        this.threads = threads;
    }

    RunFolder run() {
        return run;
    }

    StudyOptions options() {
        return options;
    }

    Progress progress() {
        return progress;
    }

    int threads() {
        return threads;
    }

    PatternKeeping keeping() {
        return keeping;
    }

    /** Says which raw patterns the encode stage keeps beside the encodings. */
    void keep(PatternKeeping wanted) {
        keeping = wanted;
    }

    /** A line for people, where progress is shown at all. */
    void tell(String line) {
        if (progress != Progress.silent()) {
            System.err.println(line);
        }
    }

    /** Called by workers too: only one of them may load it. */
    synchronized TargetModel model() {
        if (model == null) {
            model = options.model().isEmpty() ? TargetModels.embedded() : TargetModels.load(Path.of(options.model()));
        }
        return model;
    }

    Provenance provenance() {
        return Provenance.seeded(options.seed())
                .withSoftware("libtorch", NativeRuntime.engine().getVersion())
                .withFact("model", options.model().isEmpty() ? "embedded" : options.model())
                .withFact("model_sha256", model().weightsSha256())
                .withFact("device", "cpu");
    }

    /** Runs tasks on the study's threads; results come in the order of the tasks, whatever the number of threads. */
    <T> List<T> parallel(List<Callable<T>> tasks) {
        ExecutorService executor = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "apmae-study");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<T>> futures = new ArrayList<>();
            tasks.forEach(task -> futures.add(executor.submit(task)));
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return Collections.unmodifiableList(results);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the study was interrupted; run the command again to go on", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("a worker failed: " + e.getCause(), e.getCause());
        } finally {
            executor.shutdownNow();
            awaitEnd(executor);
        }
    }

    /** After a failure other workers may still be in native code, where nothing may be closed under them. */
    private static void awaitEnd(ExecutorService executor) {
        try {
            if (!executor.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("workers did not end within a minute after the stage failed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        if (model != null) {
            model.close();
        }
        run.close();
    }
}
