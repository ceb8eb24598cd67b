package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a command gave back.
 *
 * @param code the exit code
 * @param out standard output
 * @param err standard error
 */
record Outcome(int code, String out, String err) {
    /** Runs the command line in this process. */
    static Outcome of(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
        try {
            int code = Apmae.execute(arguments);
            return new Outcome(
                    code, outBytes.toString(StandardCharsets.UTF_8), errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** Checks that it failed with one sentence for the user, and returns that. */
    String sentence() {
        List<String> sentences =
                err.lines().filter(line -> line.startsWith("apmae: ")).toList();
        assertThat(code).as("exit code; standard error: %s", err).isNotZero();
        assertThat(sentences).as(err).hasSize(1);
        assertThat(err).doesNotContain("\tat ").doesNotContain("unexpected error");
        return sentences.get(0);
    }
}
