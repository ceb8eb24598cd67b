package org.apmae.core.run;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * A folder that holds a study: scenarios, verdicts, encodings, labels, models, metrics, report, and a manifest that lists
 * every file with its SHA-256.
 *
 * <p>A stage is whole or not there. Its files are written beside the folder's content and take their places in one commit
 * ({@link #begin}); whatever interrupts the work, also {@code kill -9} in the midst of a commit, the next opening finds
 * either the state before or the state after it. One process at a time may write; any number may read.
 *
 * <p>Thread-safe; a {@link StageWriter} is not.
 *
 * @see StageWriter
 */
public final class RunFolder implements AutoCloseable {
    /** The version of the folder's format that this class reads and writes. */
    public static final int FORMAT_VERSION = 1;

    static final String TEMPORARY = ".tmp-";
    static final String COMMITTING = ".commit-";
    static final String PARTIAL = ".partial-";

    private final Path root;
    private final Optional<FolderLock> lock;
    private Manifest manifest;
    private StageWriter writing;
    private boolean closed;

    private RunFolder(Path root, Optional<FolderLock> lock, Manifest manifest) {
        this.root = root;
        this.lock = lock;
        this.manifest = manifest;
    }

    /**
     * Opens a run folder for writing and makes it first if it is not there yet.
     *
     * @param folder a folder that does not exist, is empty, or is a run folder
     * @return the run folder; to be closed
     * @throws java.io.UncheckedIOException if the folder holds other files, cannot be written, is in use, or is a run folder
     *     that {@link #open} refuses
     */
    public static RunFolder create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new RunFolderException(folder + " is a file; a run folder needs a folder or a new name", e);
        } catch (IOException e) {
            throw FolderLock.unwritable(folder, e, e);
        } catch (ReadOnlyFileSystemException e) {
            throw FolderLock.unwritable(folder, e, new IOException(e));
        }
        Path manifestFile = folder.resolve(FileNames.MANIFEST);
        if (Files.exists(manifestFile)) {
            return open(folder);
        }
        try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
            for (Path child : children) {
                // What stands alone here was left by a create that was killed before it wrote the manifest.
                String name = child.getFileName().toString();
                if (!name.equals(FolderLock.NAME) && !name.startsWith(TEMPORARY)) {
                    throw new RunFolderException(folder + " is not empty and not a run folder (it has " + name
                            + " but no manifest.json); choose an empty or a new folder");
                }
            }
        } catch (IOException e) {
            throw new RunFolderException("the folder " + folder + " cannot be read: " + Disk.reason(e), e);
        }
        FolderLock lock = FolderLock.acquire(folder);
        try {
            Path temporary = folder.resolve(TEMPORARY + FileNames.MANIFEST);
            Disk.write(temporary, Manifest.empty().toJson());
            Disk.move(temporary, manifestFile);
            Disk.syncFolder(folder);
            return new RunFolder(folder, Optional.of(lock), Manifest.empty());
        } catch (IOException e) {
            lock.close();
            throw FolderLock.unwritable(folder, e, e);
        }
    }

    /**
     * Opens a run folder for writing. What an interrupted stage left behind is removed; a commit that was interrupted is
     * finished.
     *
     * @param folder a run folder
     * @return the run folder; to be closed
     * @throws java.io.UncheckedIOException if it is no run folder, of another format version, damaged, in use by another
     *     writer or not writable
     */
    public static RunFolder open(Path folder) {
        readManifest(folder);
        FolderLock lock = FolderLock.acquire(folder);
        try {
            recover(folder);
            return new RunFolder(folder, Optional.of(lock), readManifest(folder));
        } catch (IOException e) {
            lock.close();
            throw FolderLock.unwritable(folder, e, e);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Opens a run folder for reading, also while another process writes to it.
     *
     * @param folder a run folder; nothing in it is changed
     * @return the run folder as it is now; stages committed later are not seen
     * @throws java.io.UncheckedIOException if it is no run folder, of another format version or damaged
     */
    public static RunFolder openReadOnly(Path folder) {
        return new RunFolder(folder, Optional.empty(), readManifest(folder));
    }

    private static Manifest readManifest(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new RunFolderException(
                    "there is no run folder " + folder + "; `apmae mine --run " + folder + "` makes one");
        }
        Path file = folder.resolve(FileNames.MANIFEST);
        if (!Files.exists(file)) {
            throw new RunFolderException(
                    folder + " is not a run folder, it has no manifest.json; `apmae mine --run DIR`"
                            + " makes one in an empty or new folder");
        }
        return Manifest.read(file);
    }

    /**
     * Returns where the folder is.
     *
     * @return the path as it was given
     */
    public Path path() {
        return root;
    }

    /**
     * Returns the stages that are whole.
     *
     * @return their entries in running order; cannot be changed
     */
    public synchronized Map<Stage, StageEntry> stages() {
        return manifest.stages();
    }

    /**
     * Says whether a stage is whole.
     *
     * @param stage the stage
     * @return true after its commit, until a stage that it depends on is committed again
     */
    public synchronized boolean has(Stage stage) {
        return manifest.stages().containsKey(stage);
    }

    /**
     * Makes sure that a stage is whole.
     *
     * @param stage the stage
     * @return its entry
     * @throws MissingStageException if it is not; the message names the command to run first, that of the earliest stage
     *     which is missing
     */
    public synchronized StageEntry require(Stage stage) {
        StageEntry entry = manifest.stages().get(stage);
        if (entry == null) {
            TreeSet<Stage> chain = new TreeSet<>(stage.allPredecessors());
            chain.add(stage);
            chain.removeAll(manifest.stages().keySet());
            Stage first = chain.first();
            throw new MissingStageException(
                    first,
                    "the run folder " + root + " has no whole result of the stage '" + stage.command()
                            + "'; run `apmae " + first.command() + " --run " + root + "` first");
        }
        return entry;
    }

    /**
     * Begins a stage. Nothing of what is there changes before {@link StageWriter#commit}.
     *
     * @param stage the stage
     * @return the writer of its files; to be closed
     * @throws MissingStageException if a predecessor is not whole
     * @throws IllegalStateException if the folder is closed, open for reading only, or another stage is being written
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public synchronized StageWriter begin(Stage stage) {
        checkBegin(stage);
        writing = new StageWriter(this, stage, Optional.empty());
        return writing;
    }

    /**
     * Begins a stage that keeps what it has written in {@link StageWriter#segments} when it ends without a commit, by
     * {@code kill -9} too, and goes on with it if it was begun before with the same key from the same results of its
     * predecessors. Otherwise what an earlier beginning left is removed.
     *
     * @param stage the stage
     * @param key everything that decides the stage's result, beside the results of its predecessors: options, hashes of
     *     models, software
     * @return the writer of its files; to be closed
     * @throws MissingStageException if a predecessor is not whole
     * @throws IllegalStateException if the folder is closed, open for reading only, or another stage is being written
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public synchronized StageWriter resume(Stage stage, String key) {
        checkBegin(stage);
        Map<String, Object> all = new TreeMap<>();
        all.put("key", key);
        stage.predecessors().forEach(each -> all.put(each.command(), Manifest.toJson(require(each))));
        String digest = Disk.hash(CanonicalJson.writeLine(all).getBytes(StandardCharsets.UTF_8));
        writing = new StageWriter(this, stage, Optional.of(digest));
        return writing;
    }

    /** A stage may not write a file that another one which stays has. */
    synchronized void checkFree(Stage stage, String name) {
        manifest.without(stage).values().forEach(entry -> {
            if (entry.file(name).isPresent()) {
                throw new IllegalArgumentException("'" + name + "' is already a file of the stage '"
                        + entry.stage().command() + "'; choose another name");
            }
        });
    }

    private void checkBegin(Stage stage) {
        checkOpen();
        if (lock.isEmpty()) {
            throw new IllegalStateException(
                    "the run folder " + root + " is open for reading only; use RunFolder.open to write");
        }
        if (writing != null) {
            throw new IllegalStateException("the stage '" + writing.stage().command() + "' is still being written to "
                    + root + "; commit or close it first");
        }
        stage.predecessors().forEach(this::require);
    }

    /**
     * Checks one file of a stage against its entry.
     *
     * @param stage the stage
     * @param name the file's name within the run folder, with {@code /} as separator
     * @return where the file is; size and SHA-256 were right
     * @throws MissingStageException if the stage is not whole
     * @throws IllegalArgumentException if the stage has no file of that name
     * @throws java.io.UncheckedIOException if the file is missing, damaged or cannot be read
     */
    public Path file(Stage stage, String name) {
        return check(item(stage, name), "run `apmae " + stage.command() + " --run " + root + "` again");
    }

    /**
     * Reads a whole file of a stage into memory.
     *
     * @param stage the stage
     * @param name the file's name within the run folder
     * @return its bytes, which have the right SHA-256
     * @throws MissingStageException if the stage is not whole
     * @throws IllegalArgumentException if the stage has no file of that name
     * @throws java.io.UncheckedIOException if the file is missing, damaged or cannot be read
     */
    public byte[] bytes(Stage stage, String name) {
        StageEntry.Item item = item(stage, name);
        String cure = "run `apmae " + stage.command() + " --run " + root + "` again";
        Path file = root.resolve(name);
        try {
            checkSize(item, file, cure);
            byte[] bytes = Files.readAllBytes(file);
            checkHash(item, Disk.hash(bytes), cure);
            return bytes;
        } catch (IOException e) {
            throw unreadable(item, e, cure);
        }
    }

    /**
     * Reads a JSON file of a stage.
     *
     * @param stage the stage
     * @param name the file's name within the run folder
     * @return the value, as {@link CanonicalJson#read} gives it
     * @throws MissingStageException if the stage is not whole
     * @throws IllegalArgumentException if the stage has no file of that name
     * @throws java.io.UncheckedIOException if the file is missing, damaged, no JSON, or cannot be read
     */
    public Object json(Stage stage, String name) {
        return parse(file(stage, name));
    }

    /**
     * Reads a JSONL file of a stage, one JSON object to a line.
     *
     * @param stage the stage
     * @param name the file's name within the run folder
     * @param row makes a value of a line's object; may throw {@link IllegalArgumentException} with the reason
     * @param <T> type of the values
     * @return the values in the order of the lines; cannot be changed
     * @throws MissingStageException if the stage is not whole
     * @throws IllegalArgumentException if the stage has no file of that name
     * @throws java.io.UncheckedIOException if the file is missing, damaged or cannot be read, or a line is not what it should
     *     be
     */
    public <T> List<T> lines(Stage stage, String name, Function<Map<String, Object>, T> row) {
        Path file = file(stage, name);
        List<T> rows = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                rows.add(row(file, rows.size() + 1, line, row));
            }
        } catch (IOException e) {
            throw new RunFolderException(file + " cannot be read: " + Disk.reason(e), e);
        }
        return Collections.unmodifiableList(rows);
    }

    private static <T> T row(Path file, int number, String line, Function<Map<String, Object>, T> row) {
        try {
            Map<String, Object> map = new TreeMap<>();
            Fields.of(CanonicalJson.read(line), "the line").map().forEach((key, value) -> map.put((String) key, value));
            return row.apply(Collections.unmodifiableMap(map));
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(
                    "line " + number + " of " + file + " is not what this apmae writes: " + e.getMessage(),
                    new IOException(e));
        }
    }

    /**
     * Reads the metrics of all stages.
     *
     * @return one value for each stage that has metrics, by its {@link Stage#command}; empty if none has
     * @throws java.io.UncheckedIOException if the file is missing, damaged or cannot be read
     */
    public Map<String, Object> metrics() {
        Optional<StageEntry.Item> merged;
        synchronized (this) {
            checkOpen();
            merged = manifest.metrics();
        }
        Map<String, Object> metrics = new TreeMap<>();
        merged.ifPresent(item -> {
            Path file = check(item, "run the last stage again");
            Fields.of(parse(file), "the file").map().forEach((key, value) -> metrics.put((String) key, value));
        });
        return Collections.unmodifiableMap(metrics);
    }

    /**
     * Reads what the stages said about the time they took. Timings are for people: they differ from run to run, so that no
     * hash guards them.
     *
     * @return seconds by stage command and name of the part; empty if nothing is known
     * @throws java.io.UncheckedIOException if the file is damaged or cannot be read
     */
    public Map<String, Map<String, Double>> timings() {
        synchronized (this) {
            checkOpen();
        }
        return readTimings();
    }

    Map<String, Map<String, Double>> readTimings() {
        Path file = root.resolve(FileNames.TIMINGS);
        Map<String, Map<String, Double>> timings = new TreeMap<>();
        if (!Files.exists(file)) {
            return timings;
        }
        try {
            Fields stages = Fields.of(parse(file), "the file");
            for (Object stage : stages.map().keySet()) {
                Fields parts = stages.object((String) stage);
                Map<String, Double> seconds = new TreeMap<>();
                parts.map().keySet().forEach(part -> seconds.put((String) part, parts.number((String) part)));
                timings.put((String) stage, seconds);
            }
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(
                    file + " is damaged: " + e.getMessage() + "; it holds timings only, delete it", new IOException(e));
        }
        return timings;
    }

    /**
     * Checks every file that belongs to a whole stage.
     *
     * @return the number of files checked
     * @throws java.io.UncheckedIOException at the first file that is missing or damaged
     */
    public int verify() {
        List<StageEntry.Item> files;
        Map<Stage, StageEntry> entries;
        synchronized (this) {
            checkOpen();
            files = manifest.allFiles();
            entries = manifest.stages();
        }
        for (StageEntry.Item item : files) {
            String cure = entries.values().stream()
                    .filter(entry -> entry.file(item.name()).isPresent())
                    .map(entry -> "run `apmae " + entry.stage().command() + " --run " + root + "` again")
                    .findFirst()
                    .orElse("run the last stage again");
            check(item, cure);
        }
        return files.size();
    }

    /**
     * Releases the lock and discards a stage that is not committed, but for the segments of one begun by {@link #resume};
     * closing again has no effect.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (writing != null) {
                writing.discard();
                writing = null;
            }
        } finally {
            lock.ifPresent(FolderLock::close);
        }
    }

    private synchronized StageEntry.Item item(Stage stage, String name) {
        checkOpen();
        StageEntry entry = require(stage);
        return entry.file(name)
                .orElseThrow(() -> new IllegalArgumentException("the stage '" + stage.command() + "' in " + root
                        + " has no file " + name + "; it has "
                        + String.join(
                                ", ",
                                entry.files().stream()
                                        .limit(10)
                                        .map(StageEntry.Item::name)
                                        .toList())
                        + (entry.files().size() > 10 ? ", ..." : "")));
    }

    private Path check(StageEntry.Item item, String cure) {
        Path file = root.resolve(item.name());
        try {
            checkSize(item, file, cure);
            checkHash(item, Disk.hash(file), cure);
            return file;
        } catch (IOException e) {
            throw unreadable(item, e, cure);
        }
    }

    private void checkSize(StageEntry.Item item, Path file, String cure) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw broken(item, "is missing", cure);
        }
        long size = Files.size(file);
        if (size != item.size()) {
            throw broken(item, "is damaged: it has " + size + " bytes where the manifest says " + item.size(), cure);
        }
    }

    private void checkHash(StageEntry.Item item, String hash, String cure) {
        if (!hash.equals(item.sha256())) {
            throw broken(
                    item,
                    "is damaged: its SHA-256 is " + hash.substring(0, 12) + "... where the manifest says "
                            + item.sha256().substring(0, 12) + "...",
                    cure);
        }
    }

    private RunFolderException broken(StageEntry.Item item, String what, String cure) {
        Path file = root.resolve(item.name());
        if (lock.isEmpty() && changedSinceOpened()) {
            return new RunFolderException(
                    "the run folder " + root + " was changed by another process since it was opened;"
                            + " open it again (" + file + " " + what + ")");
        }
        return new RunFolderException(file + " " + what + "; restore it or " + cure);
    }

    private RunFolderException unreadable(StageEntry.Item item, IOException e, String cure) {
        return new RunFolderException(
                root.resolve(item.name()) + " cannot be read: " + Disk.reason(e) + "; restore it or " + cure, e);
    }

    private boolean changedSinceOpened() {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(root, COMMITTING + "*")) {
            return found.iterator().hasNext()
                    || !Manifest.read(root.resolve(FileNames.MANIFEST))
                            .toJson()
                            .equals(manifest().toJson());
        } catch (IOException e) {
            return false;
        }
    }

    private static Object parse(Path file) {
        try {
            return CanonicalJson.read(Files.readString(file));
        } catch (MalformedInputException e) {
            throw new RunFolderException(file + " is damaged: it is not text in UTF-8", e);
        } catch (IOException e) {
            throw new RunFolderException(file + " cannot be read: " + Disk.reason(e), e);
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(file + " is damaged: " + e.getMessage(), new IOException(e));
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the run folder " + root + " is closed; open it again");
        }
    }

    synchronized Manifest manifest() {
        return manifest;
    }

    /** Called by the writer when it is done, with the new manifest after a commit. */
    synchronized void ended(StageWriter writer, Optional<Manifest> committed) {
        if (writing == writer) {
            writing = null;
        }
        committed.ifPresent(fresh -> manifest = fresh);
    }

    /** Finishes an interrupted commit and removes what an uncommitted stage left. */
    private static void recover(Path root) throws IOException {
        List<Path> commits = new ArrayList<>();
        List<Path> leftovers = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(root)) {
            for (Path child : children) {
                String name = child.getFileName().toString();
                if (name.startsWith(COMMITTING)) {
                    commits.add(child);
                } else if (name.startsWith(TEMPORARY)) {
                    leftovers.add(child);
                }
            }
        }
        for (Path commit : commits) {
            apply(root, commit);
        }
        for (Path leftover : leftovers) {
            Disk.deleteTree(leftover);
        }
    }

    /**
     * Carries out a commit whose folder is complete. Every step can be repeated, so that the next opening goes on where an
     * interrupted one stopped; the manifest comes last.
     */
    static void apply(Path root, Path commit) throws IOException {
        Path manifestFile = commit.resolve(FileNames.MANIFEST);
        if (Files.exists(manifestFile)) {
            Manifest fresh = Manifest.read(manifestFile);
            Manifest old = Manifest.read(root.resolve(FileNames.MANIFEST));
            TreeSet<String> dropped = new TreeSet<>(old.allNames());
            dropped.removeAll(fresh.allNames());
            for (String name : dropped) {
                Disk.deleteAndPrune(root, name);
            }
            Path files = commit.resolve(StageWriter.FILES);
            TreeSet<Path> folders = new TreeSet<>();
            for (String name : Disk.names(files)) {
                Path target = root.resolve(name);
                Disk.move(files.resolve(name), target);
                folders.add(target.getParent());
            }
            folders.forEach(Disk::syncFolder);
            Disk.move(manifestFile, root.resolve(FileNames.MANIFEST));
            Disk.syncFolder(root);
        }
        try {
            Disk.deleteTree(commit);
        } catch (DirectoryNotEmptyException e) {
            throw new IOException(commit + " was changed by something else while it was removed", e);
        }
    }
}
