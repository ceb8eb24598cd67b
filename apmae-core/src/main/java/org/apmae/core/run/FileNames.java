package org.apmae.core.run;

import java.util.Set;
import java.util.regex.Pattern;

/** Which names files of a run folder may have: nothing that leaves the folder or means different files on other systems. */
final class FileNames {
    static final String MANIFEST = "manifest.json";
    static final String METRICS = "metrics.json";
    static final String TIMINGS = "timings.json";

    private static final Pattern ALLOWED =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,7}");
    private static final Set<String> RESERVED = Set.of(MANIFEST, METRICS, TIMINGS);

    private FileNames() {}

    static String metricsOf(Stage stage) {
        return "metrics/" + stage.command() + ".json";
    }

    static void check(String name) {
        if (!ALLOWED.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' may not be the name of a file in a run folder; use letters,"
                            + " digits, '.', '_' and '-', and '/' between folders, no part starting with '.' or '-'");
        }
    }

    /** Checks a name that a stage wants to write itself. */
    static void checkOwn(String name) {
        check(name);
        if (RESERVED.contains(name) || name.startsWith("metrics/")) {
            throw new IllegalArgumentException("'" + name + "' is written by the run folder itself; give metrics to"
                    + " StageWriter.metrics and timings to StageWriter.timing, or choose another name");
        }
    }
}
