package org.apmae.models;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Real Java to test with: this module's own sources. */
public final class JavaText {
    private static final int LENGTH = 200_000;

    private JavaText() {}

    /**
     * Returns the sources one after another.
     *
     * @return 200,000 characters
     */
    public static String whole() {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> walk = Files.walk(Path.of("src/main/java"))) {
            List<Path> files = walk.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList();
            for (Path file : files) {
                text.append(Files.readString(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read this module's sources: " + e.getMessage(), e);
        }
        return text.substring(0, LENGTH);
    }
}
