package org.apmae.examples.study;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apmae.core.model.HeadId;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.run.Stage;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import org.apmae.mining.Corpora;
import org.apmae.mining.Deduplication;
import org.apmae.mining.ScenarioSampler;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.pipeline.PatternKeeping;
import org.apmae.models.pipeline.RecordingEstimate;
import org.apmae.models.sweep.SweepEstimate;
import org.apmae.models.target.FimWindow;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands that run stages of a study. */
public final class StudyCommands {
    private StudyCommands() {}

    /**
     * Adds the commands to a command line.
     *
     * @param commandLine the command line
     * @param workplace where stages compute their pieces of work
     */
    public static void addTo(CommandLine commandLine, Workplace workplace) {
        Studies studies = new Studies(workplace);
        commandLine.addSubcommand(new Discover(studies));
        commandLine.addSubcommand(new Mine(studies));
        commandLine.addSubcommand(new RecordVerdicts(studies));
        commandLine.addSubcommand(new Train(studies));
        commandLine.addSubcommand(new Encode(studies));
        commandLine.addSubcommand(new Cluster(studies));
        commandLine.addSubcommand(new Predict(studies));
        commandLine.addSubcommand(new Sweep(studies));
        commandLine.addSubcommand(new Report(studies));
        commandLine.addSubcommand(new ExportCommand());
        commandLine.addSubcommand(new TransferCommand());
        commandLine.addSubcommand(new ReconstructCommand());
        commandLine.addSubcommand(new BundleCommand());
        commandLine.addSubcommand(new GuardCommand());
    }

    static final class TaskConverter implements ITypeConverter<CompletionTask> {
        @Override
        public CompletionTask convert(String value) {
            try {
                return CompletionTask.ofWireName(value);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }

    /** Names a clusterer; the tool says what is allowed. */
    private static final class ClustererConverter implements ITypeConverter<Clusterer> {
        @Override
        public Clusterer convert(String value) {
            try {
                return Clusterer.ofWireName(value);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }

    private static final class MiningArguments {
        @Option(
                names = "--window-policy",
                paramLabel = "NAME",
                description = "How a window is cut: model or clustering (default: ${DEFAULT-VALUE}).")
        private String policy = FimWindow.Policy.MODEL.wireName();

        @Option(
                names = "--flagged",
                description = "Rows that a data set marks as duplicates of training data: drop, drop_exact or keep"
                        + " (default: ${DEFAULT-VALUE}).")
        private String flagged = "drop";

        @Option(
                names = "--duplicates",
                description = "Leave out files that repeat others: none, exact or near (default: ${DEFAULT-VALUE}).")
        private String duplicates = "none";

        @Option(
                names = "--against",
                paramLabel = "SOURCES",
                description = "Leave out files that repeat one of this corpus, for example the training data;"
                        + " near unless --duplicates says exact. May be repeated.")
        private List<String> against = List.of();

        @Option(
                names = "--spread",
                description = "Samples visit in turn: projects or files (default: ${DEFAULT-VALUE}).")
        private String spread = "projects";

        @Option(
                names = "--split",
                description =
                        "What does not stand on two sides of the split: file or project (default: ${DEFAULT-VALUE}).")
        private String split = "file";

        StudyOptions.Mining options() {
            return new StudyOptions.Mining(
                    FimWindow.Policy.ofWireName(policy),
                    oneOf("--flagged", flagged, Corpora.Flagged.values()),
                    duplicates.equals("none")
                            ? duplicates
                            : oneOf("--duplicates", duplicates, Deduplication.Kind.values())
                                    .name()
                                    .toLowerCase(Locale.ROOT),
                    against,
                    oneOf("--spread", spread, ScenarioSampler.Spread.values()),
                    byProject());
        }

        private boolean byProject() {
            if (!split.equals("file") && !split.equals("project")) {
                throw new IllegalArgumentException("--split is '" + split + "'; give file or project");
            }
            return split.equals("project");
        }

        private static <E extends Enum<E>> E oneOf(String option, String value, E[] values) {
            for (E each : values) {
                if (each.name().toLowerCase(Locale.ROOT).equals(value)) {
                    return each;
                }
            }
            throw new IllegalArgumentException(option + " is '" + value + "'; give one of "
                    + Arrays.toString(values).toLowerCase(Locale.ROOT));
        }
    }

    private static final class StudyArguments {
        /** Options that say what a new AP-MAE is. */
        private static final List<String> NEW = List.of("--apmae-width", "--decoder", "--patch-input");
        /** Options that say how an AP-MAE is trained. */
        private static final List<String> RECIPE = List.of("--training-steps", "--training-batch", "--training-rate");

        @Spec(Spec.Target.MIXEE)
        private CommandSpec command;

        @Parameters(
                arity = "0..1",
                paramLabel = "SOURCES",
                description = "Folder, jar, zip, tar.gz, JSONL or Parquet file, or maven:GROUP:ARTIFACT:VERSION,..."
                        + " (default: the sources jar that the build fetched).")
        private String sources;

        @Mixin
        private MiningArguments mining = new MiningArguments();

        @Option(
                names = "--model",
                paramLabel = "DIR",
                description = "Hugging Face folder of a StarCoder2 model (default: the embedded model).")
        private Path model;

        @Option(
                names = "--tasks",
                split = ",",
                paramLabel = "TASK",
                converter = TaskConverter.class,
                description = "Tasks by their wire names (default: all).")
        private List<CompletionTask> tasks = List.of();

        @Option(
                names = "--per-outcome",
                description = "Scenarios for each task and outcome (default: ${DEFAULT-VALUE}).")
        private int perOutcome = 85;

        @Option(names = "--pool", description = "Most candidates for a task (default: ${DEFAULT-VALUE}).")
        private int pool = 400;

        @Option(
                names = "--pool-of",
                split = ",",
                paramLabel = "TASK=N",
                converter = {TaskConverter.class, CommandLine.UseDefaultConverter.class},
                description = "Most candidates for the tasks named, for those that the model nearly always gets right.")
        private Map<CompletionTask, Integer> poolOf = Map.of();

        @Option(names = "--window", description = "Tokens of a prompt (default: ${DEFAULT-VALUE}).")
        private int window = 256;

        @Option(
                names = "--apmae",
                paramLabel = "WHICH",
                description =
                        "AP-MAE that encodes: train (a new one), embedded (comes with the embedded model, for patterns of"
                                + " 256 tokens) or the folder of a checkpoint (default: embedded, if the model is, the window is 256 and no"
                                + " option speaks of training; else train).")
        private String apmae;

        @Option(
                names = "--training-scenarios",
                description =
                        "Scenarios whose patterns train the AP-MAE, and make the mean patterns that it is compared with"
                                + " (default: ${DEFAULT-VALUE}).")
        private int trainingScenarios = StudyOptions.Training.USUAL.scenarios();

        @Option(
                names = "--training-steps",
                description = "Steps of the AP-MAE's training (default: 2200 for a new one, else 0).")
        private Integer trainingSteps;

        @Option(
                names = "--training-batch",
                description = "Patterns in a step of the AP-MAE's training (default: ${DEFAULT-VALUE}).")
        private int trainingBatch = StudyOptions.Training.USUAL.batch();

        @Option(
                names = "--training-rate",
                description =
                        "Highest learning rate of the AP-MAE's training (default: 3e-3 for a new one, else 5e-4).")
        private Double trainingRate;

        @Option(
                names = "--apmae-width",
                description = "Width of the AP-MAE, a multiple of 32 (default: ${DEFAULT-VALUE}).")
        private int apmaeWidth = ApMaeConfig.LAPTOP_WIDTH;

        @Option(
                names = "--decoder",
                paramLabel = "MODE",
                description = "Where the AP-MAE's decoder puts mask tokens: ${COMPLETION-CANDIDATES}"
                        + " (default: ${DEFAULT-VALUE}).")
        private DecoderMode decoder = DecoderMode.CORRECTED;

        @Option(
                names = "--patch-input",
                paramLabel = "INPUT",
                description = "What the AP-MAE does with a patch first: ${COMPLETION-CANDIDATES}"
                        + " (default: ${DEFAULT-VALUE}); the published code can load LAYER_NORM only.")
        private ApMaeConfig.PatchInput patchInput = ApMaeConfig.PatchInput.LAYER_NORM;

        @Option(
                names = "--clusterer",
                paramLabel = "NAME",
                converter = ClustererConverter.class,
                description = "What finds a head's patterns: paper, split (no single cluster of all rows), hdbscan"
                        + " (without UMAP) or kmeans (default: paper).")
        private Clusterer clusterer = Clusterer.PAPER;

        @Option(
                names = "--sweep-scenarios",
                description = "Scenarios of each outcome in the sweep (default: ${DEFAULT-VALUE}).")
        private int sweepScenarios = 60;

        @Option(names = "--seed", description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
        private long seed = 1;

        StudyOptions options() {
            Set<CompletionTask> chosen = tasks.isEmpty() ? EnumSet.allOf(CompletionTask.class) : EnumSet.copyOf(tasks);
            if (window < 16 || window % 8 != 0) {
                throw new IllegalArgumentException("--window is " + window
                        + "; it must be a multiple of 8 from 16 on, because a pattern is cut into 8 x 8 patches");
            }
            StudyOptions.Autoencoder autoencoder =
                    new StudyOptions.Autoencoder(autoencoder(), apmaeWidth, decoder, patchInput);
            // refuses what is not possible before the first stage, not hours later
            autoencoder.config(window);
            return new StudyOptions(
                    sources == null ? bundledSources().toString() : sources,
                    mining.options(),
                    model == null ? "" : model.toString(),
                    chosen,
                    perOutcome,
                    new StudyOptions.Pool(pool, poolOf),
                    window,
                    autoencoder,
                    training(autoencoder.isNew()),
                    clusterer,
                    sweepScenarios,
                    seed);
        }

        private String autoencoder() {
            List<String> architecture = given(NEW);
            if (apmae == null) {
                boolean trains = !architecture.isEmpty() || !given(RECIPE).isEmpty();
                return model == null && window == 256 && !trains
                        ? StudyOptions.Autoencoder.EMBEDDED
                        : StudyOptions.Autoencoder.TRAIN;
            }
            if (!apmae.equals(StudyOptions.Autoencoder.TRAIN) && !architecture.isEmpty()) {
                throw new IllegalArgumentException(architecture.get(0) + " says what a new AP-MAE is like, and --apmae "
                        + apmae + " is none; leave one of them out");
            }
            return apmae;
        }

        private StudyOptions.Training training(boolean isNew) {
            StudyOptions.Training usual = StudyOptions.Training.USUAL;
            List<String> recipe = given(RECIPE);
            if (!isNew && trainingSteps == null && !recipe.isEmpty()) {
                throw new IllegalArgumentException(recipe.get(0) + " says how --apmae " + apmae
                        + " is trained further, but not how long; give --training-steps too");
            }
            int steps = isNew ? usual.steps() : 0;
            double rate = isNew ? usual.rate() : StudyOptions.Training.TUNING_RATE;
            return new StudyOptions.Training(
                    trainingScenarios,
                    trainingSteps == null ? steps : trainingSteps,
                    trainingBatch,
                    trainingRate == null ? rate : trainingRate);
        }

        private List<String> given(List<String> options) {
            return options.stream()
                    .filter(option -> command.commandLine().getParseResult().hasMatchedOption(option))
                    .toList();
        }

        /** The build puts a sources jar into the folder corpus beside this program's jar. */
        private static Path bundledSources() {
            try {
                Path program = Path.of(StudyCommands.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI());
                Path corpus = program.resolveSibling("corpus");
                if (Files.isDirectory(corpus)) {
                    try (DirectoryStream<Path> jars = Files.newDirectoryStream(corpus, "*-sources.jar")) {
                        for (Path jar : jars) {
                            return jar;
                        }
                    }
                }
            } catch (URISyntaxException | IOException e) {
                throw new IllegalArgumentException(
                        "the bundled sources cannot be read; name a folder or sources jar", e);
            }
            throw new IllegalArgumentException(
                    "no sources jar lies beside this program; name a folder or a sources jar to study");
        }
    }

    private abstract static class StudyCommand implements Callable<Integer> {
        @Mixin
        private CommonOptions common;

        @Option(names = "--run", paramLabel = "DIR", description = "Run folder (default: ${DEFAULT-VALUE}).")
        private Path folder = Path.of("apmae-run");

        private final Studies studies;

        StudyCommand(Studies studies) {
            this.studies = studies;
        }

        Studies studies() {
            return studies;
        }

        abstract Map<String, Object> execute(Path folder, CommonOptions common);

        @Override
        public Integer call() {
            Map<String, Object> metrics = execute(folder, common);
            if (common.json()) {
                CommonOptions.print(metrics);
            } else {
                show(metrics);
                System.err.println("run folder: " + folder.toAbsolutePath());
            }
            return 0;
        }

        private static void show(Map<String, Object> metrics) {
            boolean recorded = metrics.containsKey("record");
            if (recorded) {
                Tables.print("Scenarios by task", Summary.MINING_COLUMNS, Summary.mining(metrics));
            }
            if (metrics.containsKey("train")) {
                Tables.print("AP-MAE on held-out files", Summary.APMAE_COLUMNS, Summary.apmae(metrics));
            }
            if (metrics.containsKey("cluster")) {
                Tables.print("Patterns by layer", Summary.LAYER_COLUMNS, Summary.layers(metrics));
            }
            if (metrics.containsKey("predict")) {
                Tables.print("Predicting correctness", Summary.PREDICTOR_COLUMNS, Summary.predictor(metrics));
            }
            if (metrics.containsKey("sweep")) {
                Tables.print("Removing heads", Summary.SWEEP_COLUMNS, Summary.sweep(metrics));
            }
        }
    }

    private abstract static class StageCommand extends StudyCommand {
        private final Stage stage;

        StageCommand(Studies studies, Stage stage) {
            super(studies);
            this.stage = stage;
        }

        @Override
        Map<String, Object> execute(Path folder, CommonOptions common) {
            return studies().one(folder, stage, common.progress(), common.threads());
        }
    }

    @Command(
            name = "discover",
            mixinStandardHelpOptions = true,
            description = "Runs the whole study; run again, it goes on from the last finished stage.")
    private static final class Discover extends StudyCommand {
        @Mixin
        private StudyArguments arguments;

        Discover(Studies studies) {
            super(studies);
        }

        @Override
        Map<String, Object> execute(Path folder, CommonOptions common) {
            return studies().all(folder, arguments.options(), common.progress(), common.threads());
        }
    }

    @Command(name = "mine", mixinStandardHelpOptions = true, description = "Cuts scenarios out of Java sources.")
    private static final class Mine extends StudyCommand {
        @Mixin
        private StudyArguments arguments;

        Mine(Studies studies) {
            super(studies);
        }

        @Override
        Map<String, Object> execute(Path folder, CommonOptions common) {
            return studies().mine(folder, arguments.options(), common.progress(), common.threads());
        }
    }

    /** A stage that can say beforehand what it will take. */
    private abstract static class RecordingCommand extends StageCommand {
        @Option(
                names = "--dry-run",
                description = "Only measure a few scenarios and say what time, memory and disk it would take.")
        private boolean dryRun;

        private final Stage stage;

        RecordingCommand(Studies studies, Stage stage) {
            super(studies, stage);
            this.stage = stage;
        }

        PatternKeeping keeping() {
            return PatternKeeping.none();
        }

        @Override
        final Map<String, Object> execute(Path folder, CommonOptions common) {
            if (!dryRun) {
                return studies().one(folder, stage, common.progress(), common.threads(), keeping());
            }
            RecordingEstimate estimate = Studies.estimate(folder, stage, common.threads(), keeping());
            if (!common.json()) {
                System.out.println((stage == Stage.RECORD ? "at most " : "") + estimate);
            }
            Map<String, Object> json = new TreeMap<>();
            json.put("scenarios", estimate.scenarios());
            json.put("heads", estimate.heads());
            json.put("seconds", estimate.seconds());
            json.put("memory_bytes", estimate.memoryBytes());
            json.put("disk_bytes", estimate.diskBytes());
            return json;
        }
    }

    @Command(
            name = "record",
            mixinStandardHelpOptions = true,
            description = "Runs the target model and balances the scenarios by outcome; run again, it goes on.")
    private static final class RecordVerdicts extends RecordingCommand {
        RecordVerdicts(Studies studies) {
            super(studies, Stage.RECORD);
        }
    }

    @Command(name = "train", mixinStandardHelpOptions = true, description = "Trains an AP-MAE on recorded patterns.")
    private static final class Train extends StageCommand {
        Train(Studies studies) {
            super(studies, Stage.TRAIN);
        }
    }

    @Command(
            name = "encode",
            mixinStandardHelpOptions = true,
            description = "Encodes the patterns of every head; run again, it goes on.")
    private static final class Encode extends RecordingCommand {
        @Option(
                names = "--keep-heads",
                split = ",",
                paramLabel = "HEAD",
                description = "Keep the raw patterns of these heads, such as L3H5, for all scenarios.")
        private List<String> heads = List.of();

        @Option(
                names = "--keep-sample",
                paramLabel = "SHARE",
                description = "Keep all raw patterns of this share of the scenarios, 0 to 1.")
        private double share;

        @Option(names = "--keep-wrong", description = "Keep all raw patterns of the scenarios predicted wrong.")
        private boolean wrong;

        @Option(
                names = "--keep-medoids",
                paramLabel = "RUN",
                description = "Keep the raw patterns of the medoids that another, clustered run folder found.")
        private Path medoids;

        Encode(Studies studies) {
            super(studies, Stage.ENCODE);
        }

        @Override
        PatternKeeping keeping() {
            PatternKeeping keeping = PatternKeeping.none()
                    .withHeads(heads.stream().map(HeadId::parse).toList())
                    .withSample(share, 0);
            if (medoids != null) {
                keeping = keeping.withPatterns(ClusterStage.medoids(medoids));
            }
            return wrong ? keeping.withWrongAnswers() : keeping;
        }
    }

    @Command(
            name = "cluster",
            mixinStandardHelpOptions = true,
            description = "Finds the recurring patterns of every head.")
    private static final class Cluster extends StageCommand {
        @Option(
                names = "--clusterer",
                paramLabel = "NAME",
                converter = ClustererConverter.class,
                description = "paper, split (no single cluster of all rows), hdbscan (without UMAP) or kmeans"
                        + " (default: the study's own).")
        private Clusterer clusterer;

        Cluster(Studies studies) {
            super(studies, Stage.CLUSTER);
        }

        @Override
        Map<String, Object> execute(Path folder, CommonOptions common) {
            return clusterer == null
                    ? super.execute(folder, common)
                    : studies().cluster(folder, clusterer, common.progress(), common.threads());
        }
    }

    @Command(
            name = "predict",
            mixinStandardHelpOptions = true,
            description = "Predicts correctness from pattern labels, with SHAP.")
    private static final class Predict extends StageCommand {
        Predict(Studies studies) {
            super(studies, Stage.PREDICT);
        }
    }

    @Command(
            name = "sweep",
            mixinStandardHelpOptions = true,
            description = "Removes heads by several rankings and counts what changes; run again, it goes on.")
    private static final class Sweep extends StageCommand {
        @Option(names = "--dry-run", description = "Only measure a few scenarios and say what time it would take.")
        private boolean dryRun;

        Sweep(Studies studies) {
            super(studies, Stage.SWEEP);
        }

        @Override
        Map<String, Object> execute(Path folder, CommonOptions common) {
            if (!dryRun) {
                return super.execute(folder, common);
            }
            SweepEstimate estimate = Studies.with(folder, common.progress(), common.threads(), SweepStage::estimate);
            if (!common.json()) {
                System.out.println(estimate);
            }
            return new TreeMap<>(Map.of(
                    "scenario_settings", estimate.scenarioSettings(),
                    "layer_share", estimate.sharedShare(),
                    "seconds", estimate.seconds()));
        }
    }

    @Command(name = "report", mixinStandardHelpOptions = true, description = "Writes report.html and its figures.")
    private static final class Report extends StageCommand {
        Report(Studies studies) {
            super(studies, Stage.REPORT);
        }
    }
}
