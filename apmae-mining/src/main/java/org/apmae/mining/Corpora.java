package org.apmae.mining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens corpora of Java sources. */
public final class Corpora {
    private Corpora() {}

    /**
     * Opens a folder (all {@code *.java} below it; links are reported, not followed) or a sources jar or zip (read in
     * place). Files are read as UTF-8; malformed bytes become U+FFFD and a log entry. A file of more than 8 MB is left
     * out and reported.
     *
     * @param path the folder or archive; its last name becomes the corpus's name
     * @return the corpus
     * @throws IllegalArgumentException if nothing is there, it is neither folder nor archive, or holds no Java file
     */
    public static Corpus open(Path path) {
        if (!Files.exists(path)) {
            throw new IllegalArgumentException(
                    "the corpus " + path + " does not exist; give a folder with Java files or a sources jar");
        }
        Path last = path.toAbsolutePath().normalize().getFileName();
        String name = last == null ? path.toString() : last.toString();
        if (Files.isDirectory(path)) {
            FolderCorpus corpus = new FolderCorpus(path, name);
            if (!corpus.hasJavaFile()) {
                throw new IllegalArgumentException(
                        "the corpus folder " + path + " holds no *.java file; give a folder with Java sources");
            }
            return corpus;
        }
        ArchiveCorpus corpus = new ArchiveCorpus(path, name);
        try {
            if (!corpus.hasJavaFile()) {
                throw new IllegalArgumentException("the corpus archive " + path
                        + " holds no *.java entry; give a sources jar (classifier sources), not a jar of classes");
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "the corpus " + path + " is neither a folder nor a readable jar or zip: " + e.getMessage(), e);
        }
        return corpus;
    }
}
