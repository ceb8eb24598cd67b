package org.apmae.examples.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** Measures memory in a process of its own, whose Java heap has an upper bound. */
final class BoundedHeap {
    private static final String DONE = "done ";

    private BoundedHeap() {}

    /** Called in the process, tells the parent how far it is. */
    static void done(long units) {
        System.out.println(DONE + units);
        System.out.flush();
    }

    /**
     * Runs a program with the class path of this one.
     *
     * @param megabytes most heap
     * @param program has a main method that prints lines of {@link #done} and last one JSON object
     * @param progress hears what {@link #done} was told
     * @return the object
     * @throws IllegalStateException if the program fails
     */
    static JsonObject run(int megabytes, Class<?> program, LongConsumer progress, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + megabytes + "m",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            StringBuilder json = new StringBuilder();
            try (BufferedReader lines = process.inputReader()) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith(DONE)) {
                        progress.accept(Long.parseLong(line.substring(DONE.length())));
                    } else {
                        json.append(line).append('\n');
                    }
                }
            }
            if (process.waitFor() != 0) {
                throw new IllegalStateException(
                        "the measurement with " + megabytes + " MB of heap failed; its messages stand above");
            }
            return JsonParser.parseString(json.toString()).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a second Java process cannot be started", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the measurement was interrupted", e);
        }
    }
}
