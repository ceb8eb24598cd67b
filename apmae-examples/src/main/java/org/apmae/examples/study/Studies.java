package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.models.pipeline.PatternKeeping;
import org.apmae.models.pipeline.RecordingEstimate;

/** Runs stages of a study on a run folder, at a workplace. */
final class Studies {
    private static final Map<Stage, Consumer<Study>> STAGES = new EnumMap<>(Map.of(
            Stage.MINE, MineStage::run,
            Stage.RECORD, RecordStage::run,
            Stage.TRAIN, TrainStage::run,
            Stage.ENCODE, EncodeStage::run,
            Stage.CLUSTER, ClusterStage::run,
            Stage.PREDICT, PredictStage::run,
            Stage.SWEEP, SweepStage::run,
            Stage.REPORT, ReportStage::run));

    private final Workplace workplace;

    Studies(Workplace workplace) {
        this.workplace = workplace;
    }

    Map<String, Object> mine(Path folder, StudyOptions options, Progress progress, int threads) {
        try (Study study = new Study(RunFolder.create(folder), options, progress, threads, workplace)) {
            MineStage.run(study);
            return study.run().metrics();
        }
    }

    Map<String, Object> one(Path folder, Stage stage, Progress progress, int threads) {
        return one(folder, stage, progress, threads, PatternKeeping.none());
    }

    Map<String, Object> one(Path folder, Stage stage, Progress progress, int threads, PatternKeeping keeping) {
        RunFolder run = RunFolder.open(folder);
        try (Study study = new Study(run, options(run), progress, threads, workplace)) {
            study.keep(keeping);
            STAGES.getOrDefault(stage, s -> {}).accept(study);
            return study.run().metrics();
        }
    }

    /** Clusters again with another clusterer than the study's own. */
    Map<String, Object> cluster(Path folder, Clusterer clusterer, Progress progress, int threads) {
        RunFolder run = RunFolder.open(folder);
        try (Study study = new Study(run, options(run).with(clusterer), progress, threads, workplace)) {
            ClusterStage.run(study);
            return study.run().metrics();
        }
    }

    /** What a recording stage would take; nothing is written. */
    static RecordingEstimate estimate(Path folder, Stage stage, int threads, PatternKeeping keeping) {
        RunFolder run = RunFolder.openReadOnly(folder);
        try (Study study = new Study(run, options(run), Progress.silent(), threads)) {
            study.keep(keeping);
            return stage == Stage.RECORD ? RecordStage.estimate(study) : EncodeStage.estimate(study);
        }
    }

    /** Opens a run folder's study for something that is no stage. */
    static <T> T with(Path folder, Progress progress, int threads, Function<Study, T> use) {
        RunFolder run = RunFolder.open(folder);
        try (Study study = new Study(run, options(run), progress, threads)) {
            return use.apply(study);
        }
    }

    /** Runs every stage that is not there yet with the same options; with other options all run again. */
    Map<String, Object> all(Path folder, StudyOptions options, Progress progress, int threads) {
        RunFolder run = RunFolder.create(folder);
        boolean same = run.has(Stage.MINE) && options(run).toJson().equals(options.toJson());
        try (Study study = new Study(run, options, progress, threads, workplace)) {
            for (Stage stage : Stage.values()) {
                if (!same || !run.has(stage)) {
                    STAGES.getOrDefault(stage, s -> {}).accept(study);
                }
            }
            return run.metrics();
        }
    }

    private static StudyOptions options(RunFolder run) {
        try {
            return StudyOptions.read(run);
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
    }
}
