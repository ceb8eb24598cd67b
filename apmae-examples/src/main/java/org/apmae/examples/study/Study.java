package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.function.LongConsumer;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.PieceResults;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.Resource;
import org.apmae.core.work.Tasks;
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
    private final Workplace workplace;
    private final PieceRunner runner;
    private Optional<Workplace.Locator> locator = Optional.empty();
    private PatternKeeping keeping = PatternKeeping.none();
    private TargetModel model;

    Study(RunFolder run, StudyOptions options, Progress progress, int threads) {
        this(run, options, progress, threads, Workplace.threads());
    }

    Study(RunFolder run, StudyOptions options, Progress progress, int threads, Workplace workplace) {
        this.run = run;
        this.options = options;
        this.progress = progress;
        this.threads = threads;
        this.workplace = workplace;
        this.runner = workplace.runner(threads);
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

    /** Runs pieces of work: functions of them are found in the stages, things that they need below. */
    PieceRunner runner() {
        return runner;
    }

    /** Maps a function over pieces and keeps all results, in the order of the pieces. */
    <P, R> List<R> map(List<P> pieces, PieceFunction<P, R> function, LongConsumer done) {
        List<R> all = new ArrayList<>();
        try (PieceResults<R> results = runner.map(pieces.iterator(), function)) {
            while (results.hasNext()) {
                all.add(results.next());
                done.accept(1);
            }
        }
        return Collections.unmodifiableList(all);
    }

    private synchronized Workplace.Locator locator() {
        if (locator.isEmpty()) {
            locator = Optional.of(workplace.locator(Path.of(options.model())));
        }
        return locator.get();
    }

    private String folder() {
        return run.path().toAbsolutePath().normalize().toString();
    }

    /** The target model as pieces find it. */
    Resource<TargetModel> targetForPieces() {
        if (runner.sharesMemory()) {
            return this::model;
        }
        String place = options.model().isEmpty()
                ? ""
                : Path.of(options.model()).toAbsolutePath().normalize().toString();
        return new FoundResources.Target(place, model().weightsSha256(), locator());
    }

    /** The encoder of the run's AP-MAE as pieces find it where they do not share memory. */
    Resource<ApMaeEncoder> encoderForPieces() {
        return new FoundResources.Encoder(folder(), FoundResources.identity(run, Stage.TRAIN), locator());
    }

    /** The run's encodings as pieces find them. */
    Resource<EncodingStore> encodingsForPieces(EncodingStore store) {
        return runner.sharesMemory()
                ? () -> store
                : new FoundResources.Encodings(folder(), FoundResources.identity(run, Stage.ENCODE));
    }

    Provenance provenance() {
        return Provenance.seeded(options.seed())
                .withSoftware("libtorch", NativeRuntime.engine().getVersion())
                .withFact("model", options.model().isEmpty() ? "embedded" : options.model())
                .withFact("model_sha256", model().weightsSha256())
                .withFact("device", workplace.device());
    }

    /** Runs tasks on the study's threads; results come in the order of the tasks, whatever the number of threads. */
    <T> List<T> parallel(List<Callable<T>> tasks) {
        ExecutorService executor = Tasks.threads("apmae-study", threads);
        try {
            return Tasks.all(tasks, executor, "the study was interrupted; run the command again to go on");
        } finally {
            Tasks.end(executor);
        }
    }

    @Override
    public void close() {
        runner.close();
        if (model != null) {
            model.close();
        }
        run.close();
    }
}
