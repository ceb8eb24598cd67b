package org.apmae.core.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The append-only files of a stage in the making. What is appended together is a segment: it counts as a whole or not at all,
 * and a stage that is begun again by {@link RunFolder#resume} goes on after the last whole one.
 *
 * <p>A segment is committed by one line in a journal, which names every file it added to, the number of bytes and their
 * CRC-32C. The bytes are written before the line. Whatever stands in the files beyond the journal is not there, and a segment
 * whose bytes do not have their checksum, after a power cut perhaps, is not there either, with all that follow it. A running
 * SHA-256 of every file saves reading all of it again at the end.
 *
 * <p>How a stage is cut into segments leaves no trace in its final files. Thread-safe.
 *
 * @see StageWriter#segments
 */
public final class Segments {
    static final String JOURNAL = "journal.jsonl";
    private static final Logger LOG = LoggerFactory.getLogger(Segments.class);
    /** A killed process loses nothing that it wrote; a power cut loses what was not yet brought to the disk. */
    private static final long NANOS_BETWEEN_SYNCS = TimeUnit.SECONDS.toNanos(30);

    private static final int BUFFER = 1 << 18;
    private static final long MAX_LINE = 1L << 24;

    private final RunFolder run;
    private final Stage stage;
    private final Path files;
    private final Path journalFile;
    private final List<Object> notes = new ArrayList<>();
    private final Map<String, Part> parts = new TreeMap<>();
    private final FileChannel journal;
    private long journalLength;
    private long lastSync = System.nanoTime();
    private boolean ended;

    /** What a segment added to one file. */
    private record Piece(String name, long length, int crc) {}

    private record Entry(List<Piece> pieces, Object note, long end) {}

    private static final class Part {
        private final FileChannel channel;
        private final CRC32C crc = new CRC32C();
        private final MessageDigest sha256 = Disk.sha256();
        private long length;
        private boolean dirty;

        Part(Path file) throws IOException {
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }
    }

    Segments(RunFolder run, Stage stage, Path folder, Path files) {
        this.run = run;
        this.stage = stage;
        this.files = files;
        this.journalFile = folder.resolve(JOURNAL);
        try {
            List<Entry> whole = Files.exists(journalFile) ? repair(journalFile, files, stage) : List.of();
            takeOver(whole);
            journal = FileChannel.open(journalFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            journalLength = whole.isEmpty() ? 0 : whole.get(whole.size() - 1).end();
            journal.truncate(journalLength);
        } catch (IOException e) {
            close();
            throw FolderLock.unwritable(run.path(), e, e);
        }
    }

    /** Finds the segments that are whole: the journal's lines are, and so are the bytes that they speak of. */
    private static List<Entry> repair(Path journal, Path files, Stage stage) throws IOException {
        List<String> damage = new ArrayList<>();
        List<Entry> entries = readJournal(journal, damage);
        Map<String, List<Integer>> byFile = new TreeMap<>();
        for (int i = 0; i < entries.size(); i++) {
            for (Piece piece : entries.get(i).pieces()) {
                byFile.computeIfAbsent(piece.name(), name -> new ArrayList<>()).add(i);
            }
        }
        int whole = entries.size();
        for (Map.Entry<String, List<Integer>> each : byFile.entrySet()) {
            Path file = files.resolve(each.getKey());
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                long from = 0;
                for (int segment : each.getValue()) {
                    Piece piece = piece(entries.get(segment), each.getKey());
                    if (segment < whole && checksum(channel, from, piece.length(), new CRC32C()) != piece.crc()) {
                        whole = segment;
                        damage.add(file + " is damaged in segment " + segment);
                    }
                    from += piece.length();
                }
            } catch (NoSuchFileException e) {
                if (each.getValue().get(0) < whole) {
                    whole = each.getValue().get(0);
                    damage.add(file + " is missing");
                }
            }
        }
        if (!damage.isEmpty()) {
            LOG.warn(
                    "{}; the first {} segments of the stage '{}' are sound and kept, what followed is made again",
                    damage.get(damage.size() - 1),
                    whole,
                    stage.command());
        }
        return entries.subList(0, whole);
    }

    private static Piece piece(Entry entry, String name) {
        return entry.pieces().stream()
                .filter(piece -> piece.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Opens the files of the whole segments, cuts off what stands beyond, and removes files that no segment speaks of. */
    private void takeOver(List<Entry> whole) throws IOException {
        for (Entry entry : whole) {
            for (Piece piece : entry.pieces()) {
                part(piece.name()).length += piece.length();
            }
            notes.add(entry.note());
        }
        for (String name : Disk.names(files)) {
            if (!parts.containsKey(name)) {
                Disk.deleteAndPrune(files, name);
            }
        }
        for (Part part : parts.values()) {
            part.channel.truncate(part.length);
            part.dirty = true;
            readTo(part.channel, 0, part.length, bytes -> {
                part.crc.update(bytes.duplicate());
                part.sha256.update(bytes);
            });
        }
    }

    private Part part(String name) throws IOException {
        Part part = parts.get(name);
        if (part == null) {
            FileNames.checkOwn(name);
            Path file = files.resolve(name);
            Files.createDirectories(file.getParent());
            part = new Part(file);
            parts.put(name, part);
        }
        return part;
    }

    /**
     * Returns what was said about each whole segment when it was committed.
     *
     * @return the notes, as {@link CanonicalJson#read} gives them, in order; a copy
     */
    public synchronized List<Object> notes() {
        return Collections.unmodifiableList(new ArrayList<>(notes));
    }

    /**
     * Returns the number of bytes of a file in whole segments.
     *
     * @param name path within the run folder
     * @return 0 or more
     */
    public synchronized long length(String name) {
        Part part = parts.get(name);
        return part == null ? 0 : part.length;
    }

    /**
     * Returns the CRC-32C (Castagnoli) of all bytes of a file in whole segments.
     *
     * @param name path within the run folder
     * @return the checksum; 0 for a file that is not there
     */
    public synchronized int crc32c(String name) {
        Part part = parts.get(name);
        return part == null ? 0 : (int) part.crc.getValue();
    }

    /**
     * Reads a file's bytes in whole segments.
     *
     * @param name path within the run folder
     * @return the bytes; none for a file that is not there
     * @throws java.io.UncheckedIOException if the file cannot be read, or has 2 GB or more
     */
    public synchronized byte[] read(String name) {
        Part part = parts.get(name);
        return part == null ? new byte[0] : bytes(part.channel, files.resolve(name), part.length);
    }

    /**
     * Appends to files, all at once: after a kill at any moment either the whole segment is there or nothing of it.
     *
     * @param added what each file gets, by path within the run folder; the remaining bytes are consumed
     * @param note what is to be known when the stage is begun again; accepted by {@link CanonicalJson}
     * @throws IllegalArgumentException if a name or the note is not accepted, or another stage has a file of that name
     * @throws IllegalStateException if the stage was committed or closed, or an append failed before
     * @throws java.io.UncheckedIOException if the disk refuses; the segments before remain
     */
    public synchronized void append(Map<String, ByteBuffer> added, Object note) {
        checkOpen();
        List<Map<String, Object>> pieces = new ArrayList<>();
        try {
            for (Map.Entry<String, ByteBuffer> each : new TreeMap<>(added).entrySet()) {
                run.checkFree(stage, each.getKey());
                Part part = part(each.getKey());
                ByteBuffer bytes = each.getValue();
                int length = bytes.remaining();
                CRC32C crc = new CRC32C();
                crc.update(bytes.duplicate());
                part.crc.update(bytes.duplicate());
                part.sha256.update(bytes.duplicate());
                long position = part.length;
                while (bytes.hasRemaining()) {
                    position += part.channel.write(bytes, position);
                }
                part.length += length;
                part.dirty = true;
                pieces.add(Map.of("name", each.getKey(), "length", length, "crc32c", hex((int) crc.getValue())));
            }
            boolean sync = System.nanoTime() - lastSync > NANOS_BETWEEN_SYNCS;
            if (sync) {
                sync();
            }
            writeLine(Map.of("files", pieces, "note", note));
            if (sync) {
                journal.force(true);
                lastSync = System.nanoTime();
            }
            notes.add(CanonicalJson.read(CanonicalJson.writeLine(note)));
        } catch (IOException e) {
            // The running checksums have seen bytes that do not count: only a new beginning may go on.
            close();
            throw new RunFolderException(
                    "the stage '" + stage.command() + "' cannot be written to " + run.path() + ": " + Disk.reason(e)
                            + "; its " + notes.size() + " whole segments are kept: make room and run `apmae "
                            + stage.command() + " --run " + run.path() + "` again",
                    e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void writeLine(Map<String, Object> segment) throws IOException {
        String text = CanonicalJson.writeLine(segment);
        ByteBuffer line = ByteBuffer.wrap(("{\"crc32c\":\"" + hex(crc(text)) + "\",\"segment\":" + text + "}\n")
                .getBytes(StandardCharsets.UTF_8));
        long position = journalLength;
        while (line.hasRemaining()) {
            position += journal.write(line, position);
        }
        journalLength = position;
    }

    /** Brings all bytes to the disk; several files at a time, because each waits for the disk to answer. */
    synchronized void sync() throws IOException {
        List<Part> dirty = parts.values().stream().filter(part -> part.dirty).toList();
        Disk.inParallel(dirty, part -> {
            part.channel.force(true);
            part.dirty = false;
        });
    }

    /** The entry of a file of whole segments in the manifest, or empty if it is none. */
    synchronized Optional<StageEntry.Item> item(String name) throws IOException {
        Part part = parts.get(name);
        if (part == null) {
            return Optional.empty();
        }
        long size = part.channel.size();
        if (size != part.length) {
            throw new IOException(name + " has " + size + " bytes where " + part.length + " were written");
        }
        try {
            MessageDigest copy = (MessageDigest) part.sha256.clone();
            return Optional.of(
                    new StageEntry.Item(name, part.length, HexFormat.of().formatHex(copy.digest())));
        } catch (CloneNotSupportedException e) {
            return Optional.of(new StageEntry.Item(name, part.length, Disk.hash(files.resolve(name))));
        }
    }

    /** Closes the files; what was committed stays where it is. */
    synchronized void close() {
        ended = true;
        List<FileChannel> open = new ArrayList<>();
        parts.values().forEach(part -> open.add(part.channel));
        if (journal != null) {
            open.add(journal);
        }
        for (FileChannel channel : open) {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.debug("a file of {} could not be closed", files, e);
            }
        }
    }

    private void checkOpen() {
        if (ended) {
            throw new IllegalStateException("the segments of the stage '" + stage.command()
                    + "' are closed; begin the stage again to go on after the last whole one");
        }
    }

    /**
     * Looks at the whole segments of a stage in the making, also while another process adds more.
     *
     * @param run the run folder, open for reading or writing
     * @param stage the stage
     * @return what is whole now, or empty if the stage is not in the making
     * @throws java.io.UncheckedIOException if the journal cannot be read
     */
    public static Optional<Snapshot> look(RunFolder run, Stage stage) {
        Path folder = run.path().resolve(RunFolder.PARTIAL + stage.command());
        Path journal = folder.resolve(JOURNAL);
        if (!Files.exists(journal)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Snapshot(folder.resolve(StageWriter.FILES), readJournal(journal, new ArrayList<>())));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new RunFolderException(journal + " cannot be read: " + Disk.reason(e), e);
        }
    }

    /** The whole segments of a stage in the making, as they were when it was made. Immutable and thread-safe. */
    public static final class Snapshot {
        private final Path files;
        private final List<Entry> entries;

        private Snapshot(Path files, List<Entry> entries) {
            this.files = files;
            this.entries = entries;
        }

        /**
         * Returns what was said about each segment.
         *
         * @return the notes in order; cannot be changed
         */
        public List<Object> notes() {
            List<Object> notes = new ArrayList<>();
            entries.forEach(entry -> notes.add(entry.note()));
            return Collections.unmodifiableList(notes);
        }

        /**
         * Returns the names of the files.
         *
         * @return paths within the run folder
         */
        public Set<String> names() {
            Set<String> names = new HashSet<>();
            entries.forEach(entry -> entry.pieces().forEach(piece -> names.add(piece.name())));
            return Collections.unmodifiableSet(names);
        }

        /**
         * Reads a file's bytes in the segments of this snapshot, and checks each segment's checksum.
         *
         * @param name path within the run folder
         * @return the bytes; none for a file that no segment added to
         * @throws java.io.UncheckedIOException if the file is damaged, or was moved away because the stage was committed
         */
        public byte[] read(String name) {
            Path file = files.resolve(name);
            List<Piece> pieces = new ArrayList<>();
            entries.forEach(entry -> entry.pieces().stream()
                    .filter(piece -> piece.name().equals(name))
                    .forEach(pieces::add));
            if (pieces.isEmpty()) {
                return new byte[0];
            }
            long length = pieces.stream().mapToLong(Piece::length).sum();
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                byte[] bytes = bytes(channel, file, length);
                int from = 0;
                for (Piece piece : pieces) {
                    CRC32C crc = new CRC32C();
                    crc.update(bytes, from, (int) piece.length());
                    if ((int) crc.getValue() != piece.crc()) {
                        throw new RunFolderException(file + " is damaged between the bytes " + from + " and "
                                + (from + piece.length()) + "; run the stage again, it goes on before them");
                    }
                    from += (int) piece.length();
                }
                return bytes;
            } catch (NoSuchFileException e) {
                throw new RunFolderException(
                        file + " is gone, because the stage was committed or begun anew; look again", e);
            } catch (IOException e) {
                throw new RunFolderException(file + " cannot be read: " + Disk.reason(e), e);
            }
        }
    }

    private static byte[] bytes(FileChannel channel, Path file, long length) {
        if (length > Integer.MAX_VALUE - 8) {
            throw new RunFolderException(file + " has " + length + " bytes, too many to read at once");
        }
        byte[] bytes = new byte[(int) length];
        try {
            readTo(channel, 0, length, new Consumer<>() {
                private int at;

                @Override
                public void accept(ByteBuffer some) {
                    int n = some.remaining();
                    some.get(bytes, at, n);
                    at += n;
                }
            });
        } catch (IOException e) {
            throw new RunFolderException(file + " cannot be read: " + Disk.reason(e), e);
        }
        return bytes;
    }

    /** Reads the whole lines; a last line without an end was being written when the process was killed. */
    private static List<Entry> readJournal(Path file, List<String> damage) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        List<Entry> entries = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] != '\n') {
                continue;
            }
            try {
                entries.add(entry(new String(bytes, from, at - from, StandardCharsets.UTF_8), at + 1L));
            } catch (IllegalArgumentException e) {
                damage.add(file + " is damaged in line " + (entries.size() + 1));
                return entries;
            }
            from = at + 1;
        }
        return entries;
    }

    private static Entry entry(String line, long end) {
        if (line.length() > MAX_LINE) {
            throw new IllegalArgumentException("the line has " + line.length() + " characters");
        }
        Fields fields = Fields.of(CanonicalJson.read(line), "the line");
        Fields segment = fields.object("segment");
        if (!fields.text("crc32c").equals(hex(crc(CanonicalJson.writeLine(segment.map()))))) {
            throw new IllegalArgumentException("the line does not have its checksum");
        }
        List<Piece> pieces = new ArrayList<>();
        for (Object item : segment.list("files")) {
            Fields piece = Fields.of(item, "the file");
            FileNames.checkOwn(piece.text("name"));
            if (piece.whole("length") < 0) {
                throw new IllegalArgumentException("the file " + piece.text("name") + " has a negative length");
            }
            pieces.add(new Piece(
                    piece.text("name"), piece.whole("length"), Integer.parseUnsignedInt(piece.text("crc32c"), 16)));
        }
        return new Entry(pieces, segment.map().get("note"), end);
    }

    private static int checksum(FileChannel channel, long from, long length, CRC32C crc) throws IOException {
        long read = readTo(channel, from, length, crc::update);
        return read == length ? (int) crc.getValue() : ~(int) crc.getValue();
    }

    /** Reads a part of a file piece by piece; returns the number of bytes, which is less where the file ends before. */
    private static long readTo(FileChannel channel, long from, long length, Consumer<ByteBuffer> sink)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER, Math.max(1, length)));
        long done = 0;
        while (done < length) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), length - done));
            int read = channel.read(buffer, from + done);
            if (read < 0) {
                break;
            }
            done += read;
            sink.accept(buffer.flip());
        }
        return done;
    }

    private static int crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    private static String hex(int crc) {
        return HexFormat.of().toHexDigits(crc);
    }
}
