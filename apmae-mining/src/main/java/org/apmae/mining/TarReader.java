package org.apmae.mining;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Reads the {@code *.java} entries of a tar file, compressed with gzip or not, in the order of the archive. */
final class TarReader extends FileReader {
    private final String name;
    private final Consumer<Rejection> rejections;
    private final TarArchiveInputStream tar;
    private final NameSet names = new NameSet();

    TarReader(Path archive, String name, Consumer<Rejection> rejections) throws IOException {
        this.name = name;
        this.rejections = rejections;
        InputStream raw = Files.newInputStream(archive);
        try {
            tar = new TarArchiveInputStream(new BufferedInputStream(Gzip.expand(raw), 1 << 16), "UTF-8");
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    @Override
    boolean step(Consumer<SourceFile> file) throws IOException {
        String path = name;
        try {
            TarArchiveEntry entry = tar.getNextEntry();
            if (entry == null) {
                return false;
            }
            path = entry.getName();
            if (!path.endsWith(".java") || entry.isDirectory()) {
                return true;
            }
            if (entry.isSymbolicLink() || entry.isLink()) {
                rejections.accept(new Rejection(path, "symbolic_link", "links are not followed"));
            } else if (ArchiveCorpus.leaves(path)) {
                rejections.accept(ArchiveCorpus.leaving(path));
            } else if (!names.add(path)) {
                rejections.accept(ArchiveCorpus.repeated(path));
            } else {
                SourceBytes.file(name, path, tar.readNBytes(SourceBytes.MAX_BYTES + 1), rejections)
                        .ifPresent(file);
            }
            return true;
        } catch (Expansion.BombException e) {
            rejections.accept(new Rejection(path, "archive_bomb", "the rest is left out: " + e.getMessage()));
            return false;
        } catch (IOException | RuntimeException e) {
            rejections.accept(new Rejection(path, "unreadable", "the archive cannot be read on: " + e));
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
