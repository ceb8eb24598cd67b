package org.apmae.mining;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Opens corpora of Java sources. */
public final class Corpora {
    /** Begins a location that lists Maven coordinates. */
    private static final String MAVEN = "maven:";

    private Corpora() {}

    /** What happens to rows that a data set marks as duplicates of a model's training data. */
    public enum Flagged {
        /** Rows marked as exact or near duplicates are left out and reported. */
        DROP,
        /** Rows marked as exact duplicates are left out and reported, near ones are kept. */
        DROP_EXACT,
        /** All rows are kept. */
        KEEP
    }

    /**
     * Makes a corpus of files that are in memory.
     *
     * @param name name of the corpus
     * @param files its files, in their order
     * @return the corpus
     */
    public static Corpus of(String name, List<SourceFile> files) {
        return new ListedCorpus(name, List.copyOf(files));
    }

    private record ListedCorpus(String name, List<SourceFile> listed) implements Corpus {
        @Override
        public Stream<SourceFile> files(Consumer<Rejection> rejections) {
            return listed.stream();
        }
    }

    /**
     * Opens what a location names, leaving out rows marked as duplicates; see {@link #open(String, Flagged)}.
     *
     * @param path a folder or file
     * @return the corpus
     * @throws IllegalArgumentException if nothing is there, it is of no known kind, or holds no Java file
     */
    public static Corpus open(Path path) {
        return open(path, Flagged.DROP);
    }

    /**
     * Opens what a location names. The kinds are
     *
     * <ul>
     *   <li>a folder: all {@code *.java} below it; links are reported, not followed. One without, but with {@code *.parquet} or
     *       {@code *.jsonl} files in it or in its folder {@code data}, is a data set of these files
     *   <li>a jar or zip, read in place; a tar file, compressed with gzip or not
     *   <li>a JSONL ({@code .jsonl}, {@code .ndjson}, compressed with gzip or not) or Parquet file with a column
     *       {@code content}; the columns {@code exact_duplicates_stackv2}, {@code near_duplicates_stackv2}, and those for
     *       project and path are used where present
     *   <li>{@code maven:group:artifact:version,...}: the sources jars of these artifacts in the local Maven repository, which
     *       is the folder in the system property {@code maven.repo.local} or else {@code .m2/repository} in the user's home
     * </ul>
     *
     * <p>Files are read as UTF-8; as UTF-16 after a byte-order mark; as windows-1252 where nothing looks like UTF-8; else
     * malformed bytes become U+FFFD with a log entry. A file of more than 8 MB is left out and reported.
     *
     * @param location a path, or Maven coordinates after {@code maven:}
     * @param flagged what happens to rows marked as duplicates
     * @return the corpus; its last name becomes the corpus's name
     * @throws IllegalArgumentException if nothing is there, it is of no known kind, or holds no Java file
     */
    public static Corpus open(String location, Flagged flagged) {
        if (!location.startsWith(MAVEN)) {
            return open(Path.of(location), flagged);
        }
        String local = System.getProperty(
                "maven.repo.local",
                Path.of(System.getProperty("user.home"), ".m2", "repository").toString());
        List<String> coordinates =
                Arrays.asList(location.substring(MAVEN.length()).split(",", -1));
        return maven(coordinates, Path.of(local));
    }

    /**
     * Opens the sources jars of artifacts that are in a local Maven repository. Each jar's file name is the corpus of its
     * files, so that it counts as their project.
     *
     * @param coordinates each {@code group:artifact:version}
     * @param repository folder of the repository
     * @return the jars as one corpus, in the order of the coordinates
     * @throws IllegalArgumentException if coordinates are malformed or a jar is missing; the message says how to fetch it
     */
    public static Corpus maven(List<String> coordinates, Path repository) {
        List<Corpus> parts = new ArrayList<>();
        for (String each : coordinates) {
            String[] names = each.strip().split(":", -1);
            boolean plain = names.length == 3
                    && Arrays.stream(names).allMatch(name -> name.matches("[\\w.+-]+"))
                    && Arrays.stream(names).noneMatch(name -> name.contains(".."));
            if (!plain) {
                throw new IllegalArgumentException(
                        "'" + each + "' are no Maven coordinates; give group:artifact:version, several with commas");
            }
            Path jar = repository
                    .resolve(names[0].replace('.', '/'))
                    .resolve(names[1])
                    .resolve(names[2])
                    .resolve(names[1] + "-" + names[2] + "-sources.jar");
            if (!Files.isRegularFile(jar)) {
                throw new IllegalArgumentException("the local Maven repository " + repository
                        + " lacks the sources jar of " + each.strip() + "; fetch it with mvn dependency:get -Dartifact="
                        + each.strip() + ":jar:sources");
            }
            parts.add(open(jar, Flagged.DROP));
        }
        return parts.size() == 1 ? parts.get(0) : list(String.join(",", coordinates), parts);
    }

    private static Corpus open(Path path, Flagged flagged) {
        if (!Files.exists(path)) {
            throw new IllegalArgumentException(
                    "the corpus " + path + " does not exist; give a folder with Java files or a sources jar");
        }
        Path last = path.toAbsolutePath().normalize().getFileName();
        String name = last == null ? path.toString() : last.toString();
        try {
            return Files.isDirectory(path) ? folder(path, name, flagged) : file(path, name, flagged);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "the corpus " + path + " is neither a folder nor a readable jar, zip, tar, JSONL or Parquet file: "
                            + e.getMessage(),
                    e);
        }
    }

    private static Corpus folder(Path path, String name, Flagged flagged) throws IOException {
        FolderCorpus corpus = new FolderCorpus(path, name);
        if (corpus.hasJavaFile()) {
            return corpus;
        }
        List<Corpus> shards = new ArrayList<>();
        for (Path folder : List.of(path, path.resolve("data"))) {
            if (Files.isDirectory(folder)) {
                TreeSet<Path> files = new TreeSet<>();
                try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
                    for (Path child : children) {
                        if (isRows(child) && Files.isRegularFile(child)) {
                            files.add(child);
                        }
                    }
                }
                for (Path file : files) {
                    shards.add(isParquet(file) ? parquet(file, name, flagged) : jsonLines(file, name, flagged));
                }
            }
        }
        if (shards.isEmpty()) {
            throw new IllegalArgumentException(
                    "the corpus folder " + path + " holds no *.java file; give a folder with Java sources");
        }
        return list(name, shards);
    }

    private static boolean isRows(Path file) {
        return String.valueOf(file.getFileName())
                .toLowerCase(Locale.ROOT)
                .matches(".*\\.(parquet|jsonl|ndjson|jsonl\\.gz|ndjson\\.gz)");
    }

    private static Corpus list(String name, List<Corpus> parts) {
        List<Corpus> all = List.copyOf(parts);
        return FileReader.corpus(name, name, rejections -> new CorpusListReader(all, rejections));
    }

    private static boolean isParquet(Path file) throws IOException {
        return isRows(file) ? file.toString().toLowerCase(Locale.ROOT).endsWith(".parquet") : startsWith(file, "PAR1");
    }

    private static Corpus parquet(Path file, String name, Flagged flagged) {
        return FileReader.corpus(
                name, file.toString(), rejections -> new ParquetReader(file, name, flagged, rejections));
    }

    private static Corpus jsonLines(Path file, String name, Flagged flagged) {
        return FileReader.corpus(
                name, file.toString(), rejections -> new JsonLinesReader(file, name, flagged, rejections));
    }

    private static Corpus file(Path path, String name, Flagged flagged) throws IOException {
        String lower = name.toLowerCase(Locale.ROOT);
        if (isParquet(path)) {
            try (ParquetFile parquet = ParquetFile.open(path)) {
                if (parquet.column(RowFiles.CONTENT).isEmpty()) {
                    throw new IllegalArgumentException("the data set " + path + " has no column " + RowFiles.CONTENT
                            + " of texts; its columns are " + parquet.columns());
                }
            }
            return parquet(path, name, flagged);
        }
        if (isRows(path)) {
            return jsonLines(path, name, flagged);
        }
        if (lower.matches(".*\\.(tar|tgz|tar\\.gz)")) {
            Corpus corpus =
                    FileReader.corpus(name, path.toString(), rejections -> new TarReader(path, name, rejections));
            try (Stream<SourceFile> files = corpus.files()) {
                if (files.findFirst().isEmpty()) {
                    throw new IllegalArgumentException(
                            "the corpus archive " + path + " holds no *.java entry; give an archive of Java sources");
                }
            }
            return corpus;
        }
        ArchiveCorpus corpus = new ArchiveCorpus(path, name);
        if (!corpus.hasJavaFile()) {
            throw new IllegalArgumentException("the corpus archive " + path
                    + " holds no *.java entry; give a sources jar (classifier sources), not a jar of classes");
        }
        return corpus;
    }

    private static boolean startsWith(Path file, String magic) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(magic.length()), StandardCharsets.ISO_8859_1).equals(magic);
        }
    }
}
