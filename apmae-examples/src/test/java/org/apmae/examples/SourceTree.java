package org.apmae.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The checkout that a test runs in. */
final class SourceTree {
    private static final List<String> MODULES = List.of("apmae-core", "apmae-mining", "apmae-models", "apmae-examples");

    private SourceTree() {}

    /** The folder of the parent project: the nearest one, from the working folder up, that holds all modules. */
    static Path root() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (MODULES.stream().map(folder::resolve).allMatch(Files::isDirectory)) {
                return folder;
            }
        }
        throw new IllegalStateException("the tests of the sources run in a checkout, not in "
                + Path.of("").toAbsolutePath());
    }

    /** Every Java file of the main code of all modules, in a fixed order. */
    static List<Path> mainFiles() {
        return MODULES.stream()
                .flatMap(module -> javaFiles(root().resolve(module)).stream())
                .toList();
    }

    private static List<Path> javaFiles(Path module) {
        try (Stream<Path> files = Files.walk(module.resolve("src/main/java"))) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
