package org.apmae.core.run;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the files of one stage, of which nothing counts before {@link #commit}.
 *
 * <p>Files go into a temporary sub-folder. A commit brings them to the disk, renames the sub-folder (from here on the commit
 * will be finished, if need be by the next opening), moves the files to their places and replaces the manifest. Use it in a
 * try-with-resources statement: closing without a commit removes the temporary files, but keeps the whole segments of a stage
 * begun by {@link RunFolder#resume}.
 *
 * <p>Not thread-safe, but different threads may fill different files that {@link #file} has named.
 *
 * @see RunFolder#begin
 */
public final class StageWriter implements AutoCloseable {
    static final String FILES = "files";
    private static final Logger LOG = LoggerFactory.getLogger(StageWriter.class);
    private static final String KEY = "key";

    private final RunFolder run;
    private final Stage stage;
    private final Path temporary;
    private final Path files;
    private final Map<String, Double> timings = new TreeMap<>();
    private final Optional<Segments> segments;
    private boolean ended;

    /** With a key, what an earlier writer of the same key left in segments is taken over and survives this one. */
    StageWriter(RunFolder run, Stage stage, Optional<String> key) {
        this.run = run;
        this.stage = stage;
        this.temporary =
                run.path().resolve((key.isPresent() ? RunFolder.PARTIAL : RunFolder.TEMPORARY) + stage.command());
        this.files = temporary.resolve(FILES);
        try {
            if (key.isEmpty() || !isOf(key.get())) {
                Disk.deleteTree(temporary);
                Files.createDirectories(files);
                if (key.isPresent()) {
                    // Twice, so that a damaged byte does not cost all segments.
                    Disk.write(temporary.resolve(KEY), key.get() + "\n" + key.get() + "\n");
                }
            }
        } catch (IOException e) {
            throw FolderLock.unwritable(run.path(), e, e);
        }
        this.segments = key.map(k -> new Segments(run, stage, temporary, files));
    }

    private boolean isOf(String key) throws IOException {
        Path file = temporary.resolve(KEY);
        return Files.isDirectory(files)
                && Files.isRegularFile(file)
                && new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(key);
    }

    /**
     * Returns the append-only files of the stage.
     *
     * @return the segments, those of an earlier beginning included
     * @throws IllegalStateException if the stage was begun by {@link RunFolder#begin}, or the writer has ended
     */
    public Segments segments() {
        checkOpen();
        return segments.orElseThrow(() -> new IllegalStateException("the stage '" + stage.command()
                + "' was begun as one whole; begin it with RunFolder.resume to write segments"));
    }

    /**
     * Returns the stage that is being written.
     *
     * @return the stage
     */
    public Stage stage() {
        return stage;
    }

    /**
     * Names a new file of the stage.
     *
     * @param name path within the run folder, with {@code /} as separator
     * @return where to write it now; its folder exists. It must be closed before the commit
     * @throws IllegalArgumentException if a file in a run folder may not have that name, or a whole stage that remains has
     *     one of that name
     * @throws IllegalStateException if the writer has ended
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public Path file(String name) {
        FileNames.checkOwn(name);
        return place(name);
    }

    private Path place(String name) {
        checkOpen();
        run.checkFree(stage, name);
        Path file = files.resolve(name);
        try {
            Files.createDirectories(file.getParent());
        } catch (IOException e) {
            throw FolderLock.unwritable(run.path(), e, e);
        }
        return file;
    }

    /**
     * Writes a JSON file.
     *
     * @param name path within the run folder
     * @param value what {@link CanonicalJson} accepts
     * @throws IllegalArgumentException if the name or the value is not accepted
     * @throws IllegalStateException if the writer has ended
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void json(String name, Object value) {
        writeJson(file(name), value);
    }

    /**
     * Writes a JSONL file, one value to a line.
     *
     * @param name path within the run folder
     * @param rows the values, each accepted by {@link CanonicalJson}; drawn one at a time
     * @throws IllegalArgumentException if the name or a value is not accepted
     * @throws IllegalStateException if the writer has ended
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void lines(String name, Stream<?> rows) {
        Path file = file(name);
        try (BufferedWriter writer = Files.newBufferedWriter(file)) {
            for (Iterator<?> each = rows.iterator(); each.hasNext(); ) {
                writer.write(CanonicalJson.writeLine(each.next()));
                writer.write('\n');
            }
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    /**
     * Sets the metrics of the stage, which go to {@code metrics/STAGE.json} and, with those of the other stages, to
     * {@code metrics.json}. They must be the same for the same seed: no time, no path, no number of threads.
     *
     * @param metrics what {@link CanonicalJson} accepts
     * @throws IllegalArgumentException if the value is not accepted
     * @throws IllegalStateException if the writer has ended
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void metrics(Object metrics) {
        writeJson(place(FileNames.metricsOf(stage)), metrics);
    }

    /**
     * Notes how long a part of the stage took, for {@code timings.json}.
     *
     * @param part for example {@code forward}
     * @param seconds 0 or more
     * @throws IllegalArgumentException if the seconds are negative or not finite
     * @throws IllegalStateException if the writer has ended
     */
    public void timing(String part, double seconds) {
        checkOpen();
        if (!(seconds >= 0) || Double.isInfinite(seconds)) {
            throw new IllegalArgumentException("the part '" + part + "' took " + seconds + " s; give 0 or more");
        }
        timings.put(part, seconds);
    }

    /**
     * Makes the files of the stage count, all at once. The entries and files of an earlier run of this stage, and of all
     * stages made from it, are dropped in the same step. The writer has ended after it.
     *
     * @param provenance what the files were made from and with
     * @return the new entry
     * @throws IllegalArgumentException if something under the temporary folder is not a plain file with an allowed name
     * @throws IllegalStateException if the writer has ended, or no file and no metrics were written
     * @throws java.io.UncheckedIOException if the disk refuses; then the state before remains, or, where the message says
     *     so, the next opening finishes the commit
     */
    public StageEntry commit(Provenance provenance) {
        checkOpen();
        Path commit = run.path().resolve(RunFolder.COMMITTING + stage.command());
        Manifest fresh;
        StageEntry entry;
        try {
            entry = new StageEntry(stage, items(), provenance);
            Map<Stage, StageEntry> stages = new TreeMap<>(run.manifest().without(stage));
            stages.put(stage, entry);
            fresh = new Manifest(stages, mergeMetrics(stages));
            writeTimings(stages);
            Disk.write(temporary.resolve(FileNames.MANIFEST), fresh.toJson());
            Disk.syncFolder(files);
            Disk.syncFolder(temporary);
            segments.ifPresent(Segments::close);
            Files.move(temporary, commit, StandardCopyOption.ATOMIC_MOVE);
            Disk.syncFolder(run.path());
        } catch (IOException e) {
            throw new RunFolderException(
                    "the stage '" + stage.command() + "' cannot be written to " + run.path() + ": " + Disk.reason(e)
                            + "; what was there before is unchanged",
                    e);
        }
        ended = true;
        try {
            RunFolder.apply(run.path(), commit);
            // What was begun from results that are no longer there cannot be gone on with; its key would tell, too.
            Disk.deleteTree(run.path().resolve(RunFolder.PARTIAL + stage.command()));
            for (Stage dependent : stage.dependents()) {
                Disk.deleteTree(run.path().resolve(RunFolder.PARTIAL + dependent.command()));
            }
        } catch (IOException e) {
            run.ended(this, Optional.empty());
            run.close();
            throw new RunFolderException(
                    "the commit of the stage '" + stage.command() + "' to " + run.path() + " stopped half-way: "
                            + Disk.reason(e) + "; opening the folder again finishes it",
                    e);
        }
        run.ended(this, Optional.of(fresh));
        return entry;
    }

    /**
     * Removes the temporary files if there was no commit, or, after {@link RunFolder#resume}, leaves the whole segments to
     * be gone on with; closing again has no effect.
     */
    @Override
    public void close() {
        if (!ended) {
            discard();
            run.ended(this, Optional.empty());
        }
    }

    void discard() {
        ended = true;
        if (segments.isPresent()) {
            segments.get().close();
            return;
        }
        try {
            Disk.deleteTree(temporary);
        } catch (IOException e) {
            throw new RunFolderException(
                    temporary + " cannot be removed: " + Disk.reason(e) + "; the next opening will try again", e);
        }
    }

    private List<StageEntry.Item> items() throws IOException {
        List<StageEntry.Item> items = new ArrayList<>();
        if (segments.isPresent()) {
            segments.get().sync();
        }
        for (String name : Disk.names(files)) {
            if (!name.equals(FileNames.metricsOf(stage))) {
                FileNames.checkOwn(name);
            }
            Optional<StageEntry.Item> appended =
                    segments.isPresent() ? segments.get().item(name) : Optional.empty();
            if (appended.isPresent()) {
                items.add(appended.get());
                continue;
            }
            Path file = files.resolve(name);
            Disk.sync(file);
            items.add(new StageEntry.Item(name, Files.size(file), Disk.hash(file)));
        }
        if (items.isEmpty()) {
            throw new IllegalStateException(
                    "the stage '" + stage.command() + "' has written no file; write at least its metrics");
        }
        return items;
    }

    private Optional<StageEntry.Item> mergeMetrics(Map<Stage, StageEntry> stages) throws IOException {
        Map<String, Object> merged = new TreeMap<>();
        for (StageEntry entry : stages.values()) {
            String name = FileNames.metricsOf(entry.stage());
            if (entry.file(name).isPresent()) {
                merged.put(
                        entry.stage().command(),
                        entry.stage() == stage
                                ? CanonicalJson.read(Files.readString(files.resolve(name)))
                                : run.json(entry.stage(), name));
            }
        }
        if (merged.isEmpty()) {
            return Optional.empty();
        }
        Path file = files.resolve(FileNames.METRICS);
        Disk.write(file, CanonicalJson.write(merged));
        return Optional.of(new StageEntry.Item(FileNames.METRICS, Files.size(file), Disk.hash(file)));
    }

    private void writeTimings(Map<Stage, StageEntry> stages) throws IOException {
        Map<String, Map<String, Double>> all = knownTimings();
        all.keySet().retainAll(stages.keySet().stream().map(Stage::command).toList());
        all.put(stage.command(), timings);
        Disk.write(files.resolve(FileNames.TIMINGS), CanonicalJson.write(all));
    }

    /** No result may be lost for the sake of times that only people read. */
    private Map<String, Map<String, Double>> knownTimings() {
        try {
            return run.readTimings();
        } catch (RunFolderException e) {
            LOG.warn("{}; the timings of earlier stages are left out", e.getMessage());
            return new TreeMap<>();
        }
    }

    private void writeJson(Path file, Object value) {
        try {
            Files.writeString(file, CanonicalJson.write(value));
        } catch (IOException e) {
            throw failed(file.getFileName().toString(), e);
        }
    }

    private RunFolderException failed(String name, IOException e) {
        return new RunFolderException(
                name + " cannot be written to " + run.path() + ": " + Disk.reason(e)
                        + "; make room or choose another folder",
                e);
    }

    private void checkOpen() {
        if (ended) {
            throw new IllegalStateException(
                    "the writer of the stage '" + stage.command() + "' has ended; begin the stage again to write more");
        }
    }
}
