package org.apmae.mining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** The {@code *.java} entries of a jar or zip, read in place: nothing is unpacked to disk. */
final class ArchiveCorpus implements Corpus {
    private final Path archive;
    private final String name;

    ArchiveCorpus(Path archive, String name) {
        this.archive = archive;
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Stream<SourceFile> files(Consumer<Rejection> rejections) {
        ZipFile zip;
        try {
            zip = new ZipFile(archive.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("the corpus archive " + archive + " can no longer be read", e);
        }
        return javaEntries(zip, rejections).stream()
                .map(entry -> SourceBytes.read(name, entry, () -> zip.getInputStream(zip.getEntry(entry)), rejections))
                .flatMap(Optional::stream)
                .onClose(() -> close(zip));
    }

    boolean hasJavaFile() throws IOException {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            return !javaEntries(zip, rejection -> {}).isEmpty();
        }
    }

    private static List<String> javaEntries(ZipFile zip, Consumer<Rejection> rejections) {
        TreeSet<String> names = new TreeSet<>();
        zip.stream()
                .filter(entry -> !entry.isDirectory())
                .map(ZipEntry::getName)
                .filter(entry -> entry.endsWith(".java"))
                .forEach(entry -> {
                    if (leaves(entry)) {
                        rejections.accept(leaving(entry));
                    } else if (!names.add(entry)) {
                        rejections.accept(repeated(entry));
                    }
                });
        return List.copyOf(names);
    }

    static Rejection leaving(String entry) {
        return new Rejection(entry, "leaves_archive", "the entry's name points outside of the archive");
    }

    static Rejection repeated(String entry) {
        return new Rejection(entry, "duplicate_entry", "the archive has this name more than once; one is used");
    }

    static boolean leaves(String entry) {
        return entry.startsWith("/")
                || entry.indexOf('\\') >= 0
                || entry.indexOf(':') >= 0
                || Arrays.asList(entry.split("/")).contains("..");
    }

    private static void close(ZipFile zip) {
        try {
            zip.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
