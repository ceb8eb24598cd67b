package org.apmae.examples;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.io.UncheckedIOException;
import org.apmae.core.run.Provenance;
import org.apmae.examples.bench.BenchCommand;
import org.apmae.examples.spark.SparkCommand;
import org.apmae.examples.study.StudyCommands;
import org.apmae.examples.study.Workplace;
import org.apmae.examples.training.EvaluateTargetCommand;
import org.apmae.examples.training.TrainTargetCommand;
import org.apmae.models.safetensors.ModelFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParseResult;

/** The command line. */
@Command(
        name = "apmae",
        mixinStandardHelpOptions = true,
        versionProvider = Apmae.Versions.class,
        description = "Discovers attention patterns in code language models.")
public final class Apmae implements Runnable {
    private static final int INTERRUPTED = 130;
    /** Of malloc.h in the GNU C library. */
    private static final int MALLOPT_ARENA_MAX = -8;

    private static volatile boolean running;

    private Apmae() {}

    /** The versions that a run folder's provenance names too. */
    static final class Versions implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return Provenance.seeded(0).software().entrySet().stream()
                    .map(software -> software.getKey() + " " + software.getValue())
                    .toArray(String[]::new);
        }
    }

    /**
     * Runs a command and ends the process.
     *
     * @param arguments the command and its options
     */
    public static void main(String[] arguments) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (running) {
                System.err.println("\napmae: interrupted; finished stages are kept, run the command again to go on");
                System.err.flush();
                leave();
            }
        }));
        limitArenas();
        running = true;
        int code = execute(arguments);
        running = false;
        System.out.flush();
        System.exit(code);
    }

    /**
     * Worker threads come and go, and the C library of Linux gives each new one another of its arenas, up to eight for each core,
     * which all keep the largest batch that they ever held: some gigabytes in a long sweep.
     */
    private static void limitArenas() {
        if (Platform.isLinux()) {
            try {
                NativeLibrary.getInstance("c").getFunction("mallopt").invokeInt(new Object[] {
                    MALLOPT_ARENA_MAX, Runtime.getRuntime().availableProcessors() + 1
                });
            } catch (LinkageError e) {
                // another C library, which has no arenas to limit
            }
        }
    }

    /**
     * Ends the process at once. Even {@code Runtime.halt} lets the C library take the native library down, under threads that
     * still compute in it, and the process dies with a segmentation fault; {@code _exit} does not.
     */
    private static void leave() {
        try {
            NativeLibrary.getInstance(Platform.isWindows() ? "msvcrt" : "c")
                    .getFunction("_exit")
                    .invokeVoid(new Object[] {INTERRUPTED});
        } catch (LinkageError e) {
            Runtime.getRuntime().halt(INTERRUPTED);
        }
    }

    /**
     * Runs a command.
     *
     * @param arguments the command and its options
     * @return the exit code: 0 for success, 1 for an error, 2 for wrong usage
     */
    public static int execute(String... arguments) {
        System.setProperty("java.awt.headless", "true");
        CommandLine commandLine = commands(Workplace.threads());
        CommandLine spark = new CommandLine(new SparkCommand(Apmae::commands));
        // what follows the command's name is that command's own
        spark.setStopAtPositional(true);
        commandLine.addSubcommand(spark);
        commandLine
                .getSubcommands()
                .values()
                .forEach(one -> one.getCommandSpec().versionProvider(new Versions()));
        commandLine.setExecutionExceptionHandler(Apmae::report);
        try {
            return commandLine.execute(arguments);
        } catch (OutOfMemoryError e) {
            System.err.println("apmae: memory is used up (" + e.getMessage()
                    + "); give Java more with -Xmx, or study fewer scenarios");
            return 1;
        }
    }

    private static CommandLine commands(Workplace workplace) {
        CommandLine commandLine = new CommandLine(new Apmae());
        StudyCommands.addTo(commandLine, workplace);
        commandLine.addSubcommand(new ParityCommand());
        commandLine.addSubcommand(new CompareMinersCommand());
        commandLine.addSubcommand(new DoctorCommand());
        commandLine.addSubcommand(new TrainTargetCommand());
        commandLine.addSubcommand(new EvaluateTargetCommand());
        commandLine.addSubcommand(new BenchCommand());
        commandLine.setExecutionExceptionHandler(Apmae::report);
        return commandLine;
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.err);
    }

    /** One sentence for what a user can mend; a fault of our own names itself as one. */
    private static int report(Exception error, CommandLine command, ParseResult parsed) {
        boolean expected = error instanceof IllegalArgumentException
                || error instanceof IllegalStateException
                || error instanceof UncheckedIOException
                || error instanceof ModelFileException;
        String message = expected && error.getMessage() != null ? error.getMessage() : "unexpected error: " + error;
        System.err.println("apmae: " + message.replace('\n', ' '));
        if (parsed.originalArgs().contains("--verbose")) {
            error.printStackTrace();
        }
        return 1;
    }
}
