package org.apmae.core.store;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.EOFException;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.ShortBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.Segments;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;

/**
 * The encodings of all heads as one Zarr v3 array of 16-bit floats, shape (H, N, F), with one uncompressed little-endian
 * chunk file for each head, so that one head's matrix is one stretch of a disk. Immutable and thread-safe.
 *
 * <p>Letters: H heads, N scenarios, F encoder width. Which scenario a row belongs to stands in {@code encodings/ids.json}.
 * A whole matrix is read with large reads, side by side; some rows of it from a map of the file. Each head's CRC-32C is checked,
 * for a whole matrix every time, for some rows the first time.
 *
 * @see <a href="https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html">Zarr core specification, version 3</a>
 */
public final class EncodingStore {
    private static final String FOLDER = "encodings/";
    private static final String ARRAY = FOLDER + "zarr.json";
    private static final String IDS = FOLDER + "ids.json";
    /** Bytes that are worth a thread. */
    private static final int STRIPE = 1 << 20;
    /** Bytes of one read: they stay in a core's cache until they are numbers. */
    private static final int CHUNK = 1 << 18;

    private final RunFolder run;
    private final List<HeadId> heads;
    private final List<String> ids;
    private final int width;
    private final int[] checksums;
    private final Map<HeadId, Integer> headIndex = new HashMap<>();
    private final Map<String, Integer> rowIndex = new HashMap<>();
    private final boolean[] checked;
    private final Queue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();

    private EncodingStore(RunFolder run, List<HeadId> heads, List<String> ids, int width, int[] checksums) {
        this.run = run;
        this.heads = heads;
        this.ids = ids;
        this.width = width;
        this.checksums = checksums;
        this.checked = new boolean[heads.size()];
        heads.forEach(head -> headIndex.put(head, headIndex.size()));
        ids.forEach(id -> rowIndex.put(id, rowIndex.size()));
    }

    /**
     * Begins or goes on to write encodings as part of a stage.
     *
     * @param writer a writer of {@link Stage#ENCODE} from {@link RunFolder#resume}
     * @param heads H heads, each once, at least one
     * @param width F, 1 or more
     * @return the writer of the array
     * @throws IllegalArgumentException if a size is 0 or a head stands twice
     * @throws IllegalStateException if the stage was not begun with {@link RunFolder#resume}
     * @throws java.io.UncheckedIOException if what an earlier beginning left cannot be read
     */
    public static Writer writer(StageWriter writer, List<HeadId> heads, int width) {
        return new Writer(writer, List.copyOf(heads), width);
    }

    /**
     * Makes a block that belongs to no run, to measure or to keep in memory.
     *
     * @param heads H heads
     * @param scenarioIds n ids, each once, at least one
     * @param width F
     * @return an empty block
     * @throws IllegalArgumentException if there is no id, one stands twice, or the block would have 2 GB or more
     */
    public static EncodingBlock scratch(List<HeadId> heads, List<String> scenarioIds, int width) {
        return new EncodingBlock(List.copyOf(heads), scenarioIds, width, new ConcurrentLinkedQueue<>());
    }

    /**
     * Opens the encodings of a run.
     *
     * @param run the run folder; to be kept open while heads are read
     * @return the store
     * @throws org.apmae.core.run.MissingStageException if {@link Stage#ENCODE} is not whole
     * @throws java.io.UncheckedIOException if a file is missing, damaged or not of the form that this class writes
     */
    public static EncodingStore open(RunFolder run) {
        try {
            Map<?, ?> array = object(run.json(Stage.ENCODE, ARRAY), ARRAY);
            List<String> ids = texts(object(run.json(Stage.ENCODE, IDS), IDS), "ids");
            Map<?, ?> attributes = object(array.get("attributes"), "attributes");
            List<HeadId> heads =
                    texts(attributes, "heads").stream().map(HeadId::parse).toList();
            int[] checksums = texts(attributes, "crc32c").stream()
                    .mapToInt(hex -> Integer.parseUnsignedInt(hex, 16))
                    .toArray();
            int width = array.get("shape") instanceof List<?> shape
                            && shape.size() == 3
                            && shape.get(2) instanceof Long size
                            && size > 0
                            && size < Integer.MAX_VALUE
                    ? size.intValue()
                    : 0;
            if (width == 0 || heads.size() != checksums.length) {
                throw new IllegalArgumentException("its shape " + array.get("shape") + " does not fit its "
                        + heads.size() + " heads, " + checksums.length + " checksums and " + ids.size() + " ids");
            }
            String expected = CanonicalJson.writeLine(description(heads, ids.size(), width, checksums));
            if (!CanonicalJson.writeLine(array).equals(expected)) {
                throw new IllegalArgumentException("it is another kind of Zarr array than " + expected);
            }
            return new EncodingStore(run, heads, ids, width, checksums);
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(
                    "the encodings in " + run.path() + " cannot be read: " + e.getMessage(), new IOException(e));
        }
    }

    private static Map<?, ?> object(Object value, String place) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new IllegalArgumentException(place + " is not a JSON object");
    }

    private static List<String> texts(Map<?, ?> map, String key) {
        if (map.get(key) instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw new IllegalArgumentException("'" + key + "' is not a list of texts");
    }

    /**
     * Returns the heads.
     *
     * @return H heads in the order of the array's first axis
     */
    public List<HeadId> heads() {
        return heads;
    }

    /**
     * Returns the scenarios.
     *
     * @return N ids in the order of the rows of {@link #head(HeadId)}
     */
    public List<String> scenarioIds() {
        return ids;
    }

    /**
     * Returns the width of an encoding.
     *
     * @return F
     */
    public int width() {
        return width;
    }

    /**
     * Reads all encodings of one head.
     *
     * @param head the head
     * @return N rows of F numbers, each a 16-bit float; the caller's own
     * @throws IllegalArgumentException if the head is not stored
     * @throws java.io.UncheckedIOException if the file is missing or damaged
     */
    public float[][] head(HeadId head) {
        float[][] rows = new float[ids.size()][];
        readAll(index(head), rows);
        return rows;
    }

    /**
     * Reads all encodings of one head into memory that is there already: new memory takes longer to get than to fill.
     *
     * @param head the head
     * @param rows N rows of F numbers, for example of another head, which are overwritten; half done where this throws
     * @throws IllegalArgumentException if the head is not stored, or the rows have another size
     * @throws java.io.UncheckedIOException if the file is missing or damaged
     */
    public void head(HeadId head, float[][] rows) {
        int index = index(head);
        if (rows.length != ids.size()) {
            throw new IllegalArgumentException(
                    rows.length + " rows are given for " + ids.size() + " scenarios; give one for each");
        }
        for (float[] row : rows) {
            if (row.length != width) {
                throw new IllegalArgumentException(
                        "a row has " + row.length + " numbers where an encoding has " + width + "; give as many");
            }
        }
        readAll(index, rows);
    }

    /** Fills rows, and makes those that are null. */
    private void readAll(int index, float[][] rows) {
        int count = rows.length;
        // In stripes side by side: the disk answers several requests at a time, and numbers take longer than bytes.
        int stripes = (int) Math.max(1, Math.min(ForkJoinPool.getCommonPoolParallelism() + 1, size() / STRIPE));
        int[] ends = new int[stripes];
        Arrays.setAll(ends, stripe -> (int) ((stripe + 1L) * count / stripes));
        int[] crcs = new int[stripes];
        IntStream.range(0, stripes)
                .parallel()
                .forEach(stripe -> crcs[stripe] = read(index, stripe == 0 ? 0 : ends[stripe - 1], ends[stripe], rows));
        int crc = crcs[0];
        for (int stripe = 1; stripe < stripes; stripe++) {
            crc = Checksums.joined(crc, crcs[stripe], (long) (ends[stripe] - ends[stripe - 1]) * width * Short.BYTES);
        }
        check(index, crc);
    }

    /** Reads the rows from one to another, with calls that are large and a buffer that is not; returns their CRC-32C. */
    private int read(int index, int from, int to, float[][] rows) {
        int rowBytes = width * Short.BYTES;
        int together = Math.max(1, CHUNK / rowBytes);
        ByteBuffer spare = buffers.poll();
        ByteBuffer buffer = spare == null ? ByteBuffer.allocateDirect(together * rowBytes) : spare;
        short[] scratch = new short[width];
        CRC32C crc = new CRC32C();
        try (FileChannel channel = open(index)) {
            for (int first = from; first < to; first += together) {
                int count = Math.min(together, to - first);
                buffer.clear().limit(count * rowBytes);
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, (long) first * rowBytes + buffer.position()) < 0) {
                        throw new EOFException("it ends too early");
                    }
                }
                crc.update(buffer.flip());
                ShortBuffer values = halves(buffer.rewind());
                for (int row = 0; row < count; row++) {
                    if (rows[first + row] == null) {
                        rows[first + row] = new float[width];
                    }
                    values.get(row * width, scratch, 0, width);
                    Half.toFloats(scratch, rows[first + row]);
                }
            }
        } catch (IOException e) {
            throw unreadable(index, e);
        } finally {
            buffers.add(buffer);
        }
        return (int) crc.getValue();
    }

    /**
     * Reads the encodings of one head for some scenarios.
     *
     * @param head the head
     * @param scenarioIds n ids, for example those that {@link ScenarioFilter#ids} finds
     * @return n rows of F numbers in the order of the ids; the caller's own
     * @throws IllegalArgumentException if the head or an id is not stored
     * @throws java.io.UncheckedIOException if the file is missing or damaged
     */
    public float[][] head(HeadId head, List<String> scenarioIds) {
        int[] wanted = rows(scenarioIds);
        ShortBuffer values = halves(checked(head));
        short[] scratch = new short[width];
        return IntStream.of(wanted).mapToObj(row -> row(values, row, scratch)).toArray(float[][]::new);
    }

    /**
     * Reads all encodings of one head from the mapped file into native memory, past the Java heap.
     *
     * @param owner owner of the result
     * @param head the head
     * @return shape (N, F), float32
     * @throws IllegalArgumentException if the head is not stored
     * @throws java.io.UncheckedIOException if the file is missing or damaged
     */
    public NDArray head(NDManager owner, HeadId head) {
        MappedByteBuffer map = checked(head);
        try (NDManager scratch = owner.newSubManager()) {
            // The array lies on the map itself, which must neither be written nor outlived: only a copy leaves.
            NDArray mapped = scratch.create(map, new Shape(ids.size(), width), DataType.FLOAT16);
            NDArray own = mapped.toType(DataType.FLOAT32, true);
            own.attach(owner);
            return own;
        } finally {
            Reference.reachabilityFence(map);
        }
    }

    /**
     * Goes through scenarios, each with the encodings of all heads.
     *
     * @param scenarioIds which ones, in this order; those of {@link #scenarioIds()} for all
     * @return the scenarios, read when they are drawn; every head's file is checked before the first
     * @throws IllegalArgumentException if an id is not stored
     * @throws java.io.UncheckedIOException if a file is missing or damaged
     */
    public Stream<Encodings> scenarios(Collection<String> scenarioIds) {
        int[] wanted = rows(scenarioIds);
        List<ShortBuffer> maps =
                heads.stream().map(head -> halves(checked(head))).toList();
        return IntStream.of(wanted).mapToObj(row -> new Encodings(this, maps, row));
    }

    private int[] rows(Collection<String> scenarioIds) {
        int[] rows = new int[scenarioIds.size()];
        int next = 0;
        for (String id : scenarioIds) {
            Integer row = rowIndex.get(id);
            if (row == null) {
                throw new IllegalArgumentException(
                        "scenario " + id + " is not among the " + ids.size() + " whose encodings are stored");
            }
            rows[next++] = row;
        }
        return rows;
    }

    private float[] row(ShortBuffer values, int row, short[] scratch) {
        values.get(row * width, scratch, 0, width);
        float[] numbers = new float[width];
        Half.toFloats(scratch, numbers);
        return numbers;
    }

    private static ShortBuffer halves(ByteBuffer bytes) {
        return bytes.order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    }

    private int index(HeadId head) {
        Integer index = headIndex.get(head);
        if (index == null) {
            throw new IllegalArgumentException(
                    "head " + head + " is not among the " + heads.size() + " whose encodings are stored");
        }
        return index;
    }

    private long size() {
        return (long) ids.size() * width * Short.BYTES;
    }

    private RunFolderException unreadable(int index, IOException e) {
        return new RunFolderException(
                run.path().resolve(chunk(index)) + " cannot be read: " + e.getMessage()
                        + "; restore it or run `apmae encode --run " + run.path() + "` again",
                e);
    }

    /** Opens a head's file if it is there and has the right size. */
    private FileChannel open(int index) throws IOException {
        Path file = run.path().resolve(chunk(index));
        if (!Files.isRegularFile(file)) {
            throw new RunFolderException(
                    file + " is missing; restore it or run `apmae encode --run " + run.path() + "` again");
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        long found = channel.size();
        if (found != size()) {
            channel.close();
            throw new RunFolderException(file + " is damaged: it has " + found + " bytes, not the " + size() + " of "
                    + ids.size() + " rows of " + width + " 16-bit numbers; restore it or run `apmae encode --run "
                    + run.path() + "` again");
        }
        return channel;
    }

    private MappedByteBuffer map(int index) {
        try (FileChannel channel = open(index)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, size());
        } catch (IOException e) {
            throw unreadable(index, e);
        }
    }

    /** Maps a head whose checksum is right; it is computed the first time. */
    private MappedByteBuffer checked(HeadId head) {
        int index = index(head);
        MappedByteBuffer map = map(index);
        boolean known;
        synchronized (checked) {
            known = checked[index];
        }
        if (!known) {
            CRC32C crc = new CRC32C();
            crc.update(map.duplicate());
            check(index, (int) crc.getValue());
        }
        return map;
    }

    private void check(int index, int crc) {
        if (crc != checksums[index]) {
            throw new RunFolderException(run.path().resolve(chunk(index)) + " is damaged: its CRC-32C is "
                    + hex(crc) + " where zarr.json says " + hex(checksums[index])
                    + "; restore it or run `apmae encode --run " + run.path() + "` again");
        }
        synchronized (checked) {
            checked[index] = true;
        }
    }

    private static String hex(int crc) {
        return HexFormat.of().toHexDigits(crc);
    }

    private static String chunk(int index) {
        return FOLDER + "c." + index + ".0.0";
    }

    private static Map<String, Object> description(List<HeadId> heads, int samples, int width, int[] checksums) {
        Map<String, Object> json = new TreeMap<>();
        json.put("zarr_format", 3);
        json.put("node_type", "array");
        json.put("shape", List.of(heads.size(), samples, width));
        json.put("data_type", "float16");
        json.put(
                "chunk_grid",
                Map.of("name", "regular", "configuration", Map.of("chunk_shape", List.of(1, samples, width))));
        // Dots keep all chunks in one folder, which makes one fsync of it enough.
        json.put("chunk_key_encoding", Map.of("name", "default", "configuration", Map.of("separator", ".")));
        json.put("fill_value", "NaN");
        json.put("codecs", List.of(Map.of("name", "bytes", "configuration", Map.of("endian", "little"))));
        json.put("dimension_names", List.of("head", "sample", "feature"));
        Map<String, Object> attributes = new TreeMap<>();
        attributes.put("heads", heads.stream().map(HeadId::toString).toList());
        attributes.put(
                "crc32c", IntStream.of(checksums).mapToObj(EncodingStore::hex).toList());
        json.put("attributes", attributes);
        return json;
    }

    /** The encodings of all heads for one scenario. Immutable and thread-safe. */
    public static final class Encodings {
        private final EncodingStore store;
        private final List<ShortBuffer> maps;
        private final int row;

        private Encodings(EncodingStore store, List<ShortBuffer> maps, int row) {
            this.store = store;
            this.maps = maps;
            this.row = row;
        }

        /**
         * Returns the scenario.
         *
         * @return its id
         */
        public String scenarioId() {
            return store.ids.get(row);
        }

        /**
         * Reads the encoding of one head.
         *
         * @param head the head
         * @return F numbers; the caller's own
         * @throws IllegalArgumentException if the head is not stored
         */
        public float[] of(HeadId head) {
            return store.row(maps.get(store.index(head)), row, new short[store.width]);
        }

        /**
         * Reads the encodings of all heads.
         *
         * @return H rows of F numbers, in the order of the store's heads; the caller's own
         */
        public float[][] all() {
            short[] scratch = new short[store.width];
            return maps.stream().map(map -> store.row(map, row, scratch)).toArray(float[][]::new);
        }
    }

    /**
     * Writes the array block by block. Each block is a segment: after a kill, a writer of the same stage and key goes on after
     * the last whole one, and the files become the same as without the kill.
     *
     * <p>Blocks may be filled by several threads; the writer's own methods are for one thread at a time.
     */
    public static final class Writer {
        private static final String ROWS = "ids";

        private final StageWriter stage;
        private final Segments segments;
        private final List<HeadId> heads;
        private final int width;
        private final List<String> ids = new ArrayList<>();
        private final Set<String> known = new HashSet<>();
        private final Queue<byte[]> spare = new ConcurrentLinkedQueue<>();
        private boolean finished;

        private Writer(StageWriter stage, List<HeadId> heads, int width) {
            if (heads.isEmpty() || width < 1) {
                throw new IllegalArgumentException("encodings of " + heads.size() + " heads and width " + width
                        + " cannot be stored; each is 1 or more");
            }
            if (new HashSet<>(heads).size() != heads.size()) {
                throw new IllegalArgumentException("a head stands twice among " + heads + "; name each head once");
            }
            this.stage = stage;
            this.segments = stage.segments();
            this.heads = heads;
            this.width = width;
            for (Object note : segments.notes()) {
                if (!(note instanceof Map<?, ?> map) || !(map.get(ROWS) instanceof List<?> rows)) {
                    throw new IllegalArgumentException(
                            "the stage '" + stage.stage().command()
                                    + "' has segments that hold no encodings; begin it with another key");
                }
                rows.forEach(id -> add((String) id));
            }
            for (int head = 0; head < heads.size(); head++) {
                if (segments.length(chunk(head)) != (long) ids.size() * width * Short.BYTES) {
                    throw new IllegalArgumentException("the segments hold other heads or widths than " + heads.size()
                            + " heads of width " + width + "; begin the stage with another key");
                }
            }
        }

        private void add(String id) {
            if (!known.add(id)) {
                throw new IllegalArgumentException("scenario " + id + " stands twice; name each id once");
            }
            ids.add(id);
        }

        /**
         * Returns the heads.
         *
         * @return H heads
         */
        public List<HeadId> heads() {
            return heads;
        }

        /**
         * Returns the width of an encoding.
         *
         * @return F
         */
        public int width() {
            return width;
        }

        /**
         * Returns the scenarios whose encodings are in whole segments: go on with those after them.
         *
         * @return ids in the order of the rows; a copy
         */
        public List<String> scenarioIds() {
            return Collections.unmodifiableList(new ArrayList<>(ids));
        }

        /**
         * Makes an empty block for the next scenarios.
         *
         * @param scenarioIds n ids, each once, at least one
         * @return the block, to be filled and then given to {@link #append}
         * @throws IllegalArgumentException if there is no id, one stands twice, or the block would have 2 GB or more
         */
        public EncodingBlock block(List<String> scenarioIds) {
            return new EncodingBlock(heads, scenarioIds, width, spare);
        }

        /**
         * Appends a block.
         *
         * @param block a full block of this writer; it is used up by this
         * @throws IllegalArgumentException if a scenario is stored already, or one head's matrix would have 2 GB or more
         * @throws IllegalStateException if an encoding is missing, or the writer has finished
         * @throws java.io.UncheckedIOException if the disk refuses; what was appended before remains
         */
        public void append(EncodingBlock block) {
            append(block, Map.of());
        }

        /**
         * Appends a block, and something to other files, all at once.
         *
         * @param block a full block of this writer; it is used up by this
         * @param more bytes for other files of the stage, by path within the run folder
         * @throws IllegalArgumentException if a scenario is stored already, or one head's matrix would have 2 GB or more
         * @throws IllegalStateException if an encoding is missing, or the writer has finished
         * @throws java.io.UncheckedIOException if the disk refuses; what was appended before remains
         */
        public void append(EncodingBlock block, Map<String, ByteBuffer> more) {
            checkOpen();
            List<ByteBuffer> pieces = block.pieces();
            if (pieces.size() != heads.size()) {
                throw new IllegalArgumentException("the block holds " + pieces.size() + " heads where " + heads.size()
                        + " are stored; make it with this writer");
            }
            if ((long) (ids.size() + block.scenarioIds().size()) * width > Integer.MAX_VALUE / 2 - 8) {
                throw new IllegalArgumentException(
                        "with " + (ids.size() + block.scenarioIds().size())
                                + " scenarios of width " + width
                                + " one head would have 2 GB or more; record them into several run folders");
            }
            block.scenarioIds().forEach(this::add);
            Map<String, ByteBuffer> added = new TreeMap<>(more);
            Iterator<ByteBuffer> next = pieces.iterator();
            for (int head = 0; head < heads.size(); head++) {
                added.put(chunk(head), next.next());
            }
            segments.append(added, Map.of(ROWS, block.scenarioIds()));
            spare.add(block.release());
        }

        /**
         * Ends the array; the stage's writer still has to commit.
         *
         * @throws IllegalStateException if nothing was appended, or the writer has finished
         * @throws java.io.UncheckedIOException if the disk refuses
         */
        public void finish() {
            checkOpen();
            if (ids.isEmpty()) {
                throw new IllegalStateException("no encoding was stored; append a block before finishing");
            }
            finished = true;
            int[] checksums = IntStream.range(0, heads.size())
                    .map(head -> segments.crc32c(chunk(head)))
                    .toArray();
            stage.json(ARRAY, description(heads, ids.size(), width, checksums));
            stage.json(IDS, Map.of("ids", ids));
        }

        private void checkOpen() {
            if (finished) {
                throw new IllegalStateException("the encodings are finished; begin the stage again to write others");
            }
        }
    }
}
