package org.apmae.examples.console;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.CanonicalJson;
import picocli.CommandLine.Option;

/** Options that every command has. */
public final class CommonOptions {
    @Option(names = "--json", description = "Print the result as one JSON object on standard output.")
    private boolean json;

    @Option(names = "--verbose", description = "Print the stack trace of an error.")
    private boolean verbose;

    @Option(names = "--quiet", description = "Draw no progress bars.")
    private boolean quiet;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Worker threads (default: the number of cores); results do not depend on it.")
    private int threads = Runtime.getRuntime().availableProcessors();

    /** Makes the options with their defaults. */
    public CommonOptions() {}

    boolean verbose() {
        return verbose;
    }

    /**
     * Says whether the result is wanted as JSON.
     *
     * @return true if {@code --json} was given
     */
    public boolean json() {
        return json;
    }

    /**
     * Returns the number of worker threads.
     *
     * @return 1 or more
     * @throws IllegalArgumentException if a number below 1 was given
     */
    public int threads() {
        if (threads < 1) {
            throw new IllegalArgumentException("--threads is " + threads + "; it must be 1 or more");
        }
        return threads;
    }

    /**
     * Returns where progress goes.
     *
     * @return bars on standard error, or nothing with {@code --quiet}
     */
    public Progress progress() {
        return quiet ? Progress.silent() : new ConsoleProgress();
    }

    /**
     * Prints a result as JSON.
     *
     * @param result what {@link CanonicalJson} accepts
     */
    public static void print(Map<String, Object> result) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.print(CanonicalJson.write(result));
        out.flush();
    }
}
