package org.apmae.examples.spark;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apmae.examples.study.Workplace;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs another command with its pieces of work on Spark. */
@Command(
        name = "spark",
        mixinStandardHelpOptions = true,
        description =
                "Runs a command of a study with its work on Apache Spark; the results are those of the command alone.")
public final class SparkCommand implements Callable<Integer> {
    private final Function<Workplace, CommandLine> commands;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description =
                    "Spark's master, such as local[4] or spark://host:7077 (default: what spark-submit says, or all"
                            + " cores of this process).")
    private String master;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Start N worker processes of one core each on this machine, instead of --master.")
    private int workers;

    @Option(
            names = "--device",
            paramLabel = "KIND",
            description = "Where executors run models: cpu or gpu (default: ${DEFAULT-VALUE}).")
    private String device = "cpu";

    @Option(
            names = "--ship-model",
            description =
                    "Send the target model's files to the executors, which otherwise find them under the same path.")
    private boolean shipModel;

    @Parameters(
            arity = "1..*",
            paramLabel = "COMMAND",
            description = "discover, mine, record, encode, cluster or predict, with its options.")
    private List<String> command;

    /**
     * Makes the command.
     *
     * @param commands makes the command line for a workplace
     */
    public SparkCommand(Function<Workplace, CommandLine> commands) {
        this.commands = commands;
    }

    @Override
    public Integer call() {
        requireSpark();
        if (workers < 0 || (workers > 0 && master != null)) {
            throw new IllegalArgumentException("--workers is " + workers + " and --master "
                    + (master == null ? "not given" : master) + "; give a number of 1 or more, or a master, not both");
        }
        if (workers == 0) {
            return run(Optional.ofNullable(master), Map.of());
        }
        try (WorkerProcesses processes = WorkerProcesses.start(workers)) {
            return run(Optional.of(processes.master()), processes.settings(workers));
        }
    }

    private int run(Optional<String> where, Map<String, String> settings) {
        try (SparkWorkplace workplace =
                new SparkWorkplace(new SparkWorkplace.Options(where, settings, device, shipModel))) {
            return commands.apply(workplace).execute(command.toArray(String[]::new));
        }
    }

    /**
     * Makes sure that Spark is there.
     *
     * @throws IllegalStateException if it is not on the class path
     */
    public static void requireSpark() {
        try {
            Class.forName("org.apache.spark.api.java.JavaSparkContext", false, SparkCommand.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "Apache Spark is not on the class path; start the program with spark-submit, or with"
                            + " java -cp 'apmae.jar:SPARK_HOME/jars/*' org.apmae.examples.Apmae, as docs/scale.md shows",
                    e);
        }
    }
}
