package org.apmae.core.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;

/**
 * The encodings of all heads as one Zarr v3 array of 16-bit floats, shape (H, N, F), with one uncompressed little-endian
 * chunk file for each head. Immutable and thread-safe.
 *
 * <p>Letters: H heads, N scenarios, F encoder width. Which scenario a row belongs to stands in {@code encodings/ids.json}.
 *
 * @see <a href="https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html">Zarr core specification, version 3</a>
 */
public final class EncodingStore {
    private static final String FOLDER = "encodings/";
    private static final String ARRAY = FOLDER + "zarr.json";
    private static final String IDS = FOLDER + "ids.json";

    private final RunFolder run;
    private final List<HeadId> heads;
    private final List<String> ids;
    private final int width;

    private EncodingStore(RunFolder run, List<HeadId> heads, List<String> ids, int width) {
        this.run = run;
        this.heads = heads;
        this.ids = ids;
        this.width = width;
    }

    /**
     * Begins to write encodings as part of a stage.
     *
     * @param writer a writer of {@link Stage#ENCODE}
     * @param heads H heads, each once, at least one
     * @param scenarioIds N ids, each once, at least one
     * @param width F, 1 or more
     * @return the writer of the array
     * @throws IllegalArgumentException if a size is 0, a head or id stands twice, or one head's matrix exceeds 2 GB
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public static Writer writer(StageWriter writer, List<HeadId> heads, List<String> scenarioIds, int width) {
        return new Writer(writer, List.copyOf(heads), List.copyOf(scenarioIds), width);
    }

    /**
     * Opens the encodings of a run.
     *
     * @param run the run folder; to be kept open while heads are read
     * @return the store
     * @throws MissingStageException if {@link Stage#ENCODE} is not whole
     * @throws java.io.UncheckedIOException if a file is missing, damaged or not of the form that this class writes
     */
    public static EncodingStore open(RunFolder run) {
        try {
            Fields array = Fields.of(run.json(Stage.ENCODE, ARRAY), ARRAY);
            List<String> ids = Fields.of(run.json(Stage.ENCODE, IDS), IDS).texts("ids");
            List<HeadId> heads = array.object("attributes").texts("heads").stream()
                    .map(HeadId::parse)
                    .toList();
            List<Integer> shape = array.integers("shape");
            if (shape.size() != 3 || shape.get(0) != heads.size() || shape.get(1) != ids.size() || shape.get(2) < 1) {
                throw new IllegalArgumentException("its shape " + shape + " does not fit its " + heads.size()
                        + " heads and " + ids.size() + " ids");
            }
            String expected = CanonicalJson.writeLine(description(heads, ids.size(), shape.get(2)));
            if (!CanonicalJson.writeLine(array.map()).equals(expected)) {
                throw new IllegalArgumentException("it is another kind of Zarr array than " + expected);
            }
            return new EncodingStore(run, heads, ids, shape.get(2));
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(
                    "the encodings in " + run.path() + " cannot be read: " + e.getMessage(), new IOException(e));
        }
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
     * @return N ids in the order of the rows of {@link #head}
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
     * Reads the encodings of one head.
     *
     * @param head the head
     * @return N rows of F numbers, each a 16-bit float; the caller's own
     * @throws IllegalArgumentException if the head is not stored
     * @throws RunFolderException if the file does not hold as many numbers as its array says
     * @throws java.io.UncheckedIOException if the file is missing or damaged
     */
    public float[][] head(HeadId head) {
        int index = heads.indexOf(head);
        if (index < 0) {
            throw new IllegalArgumentException(
                    "head " + head + " is not among the " + heads.size() + " whose encodings are stored");
        }
        byte[] bytes = run.bytes(Stage.ENCODE, chunk(index));
        if (bytes.length != (long) ids.size() * width * Short.BYTES) {
            throw new RunFolderException("the encodings of head " + head + " in " + run.path() + " have " + bytes.length
                    + " bytes, not those of " + ids.size() + " rows of " + width
                    + " 16-bit numbers; run `apmae encode --run "
                    + run.path() + "` again");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        float[][] rows = new float[ids.size()][width];
        for (float[] row : rows) {
            for (int i = 0; i < width; i++) {
                row[i] = Half.toFloat(buffer.getShort());
            }
        }
        return rows;
    }

    private static String chunk(int index) {
        return FOLDER + "c." + index + ".0.0";
    }

    private static Map<String, Object> description(List<HeadId> heads, int samples, int width) {
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
        json.put(
                "attributes",
                Map.of("heads", heads.stream().map(HeadId::toString).toList()));
        return json;
    }

    /**
     * Writes the array, in any order of heads and scenarios. It ends with {@link #finish}; what was begun and not finished
     * disappears with the stage's writer. Thread-safe.
     */
    public static final class Writer implements AutoCloseable {
        private final StageWriter stage;
        private final List<HeadId> heads;
        private final List<String> ids;
        private final int width;
        private final Map<HeadId, Integer> headIndex = new HashMap<>();
        private final Map<String, Integer> rowIndex = new HashMap<>();
        private final List<FileChannel> channels = new ArrayList<>();
        private final List<BitSet> written = new ArrayList<>();
        private final ByteBuffer row;
        private boolean closed;

        private Writer(StageWriter stage, List<HeadId> heads, List<String> ids, int width) {
            if (heads.isEmpty()
                    || ids.isEmpty()
                    || width < 1
                    || (long) ids.size() * width > Integer.MAX_VALUE / 2 - 8) {
                throw new IllegalArgumentException("encodings of " + heads.size() + " heads, " + ids.size()
                        + " scenarios and width " + width
                        + " cannot be stored; each is 1 or more, and one head has less than 2 GB");
            }
            this.stage = stage;
            this.heads = heads;
            this.ids = ids;
            this.width = width;
            this.row = ByteBuffer.allocateDirect(width * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < ids.size(); i++) {
                if (rowIndex.put(ids.get(i), i) != null) {
                    throw new IllegalArgumentException("scenario " + ids.get(i) + " stands twice; name each id once");
                }
            }
            for (int i = 0; i < heads.size(); i++) {
                if (headIndex.put(heads.get(i), i) != null) {
                    throw new IllegalArgumentException("head " + heads.get(i) + " stands twice; name each head once");
                }
            }
            try {
                for (int i = 0; i < heads.size(); i++) {
                    channels.add(FileChannel.open(
                            stage.file(chunk(i)), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
                    written.add(new BitSet(ids.size()));
                }
            } catch (IOException e) {
                close();
                throw failed(e);
            }
        }

        /**
         * Stores one encoding.
         *
         * @param head one of the heads
         * @param scenarioId one of the ids
         * @param encoding F finite numbers, each at most 65,504 in magnitude; rounded to the nearest 16-bit float
         * @throws IllegalArgumentException if the head or id is unknown, was stored before, or the encoding does not fit
         * @throws IllegalStateException if the writer is closed
         * @throws java.io.UncheckedIOException if the disk refuses
         */
        public synchronized void put(HeadId head, String scenarioId, float[] encoding) {
            checkOpen();
            Integer column = headIndex.get(head);
            Integer line = rowIndex.get(scenarioId);
            if (column == null || line == null) {
                throw new IllegalArgumentException("head " + head + " of scenario " + scenarioId
                        + " was not announced; store only the heads and scenarios the writer was made for");
            }
            if (encoding.length != width) {
                throw new IllegalArgumentException("the encoding of head " + head + ", scenario " + scenarioId + " has "
                        + encoding.length + " numbers where " + width + " are stored");
            }
            row.clear();
            for (float value : encoding) {
                if (!(Math.abs(value) <= Half.MAX)) {
                    throw new IllegalArgumentException("the encoding of head " + head + ", scenario " + scenarioId
                            + " contains " + value + "; only numbers from -65504 to 65504 fit into 16 bits");
                }
                row.putShort(Half.of(value));
            }
            if (written.get(column).get(line)) {
                throw new IllegalArgumentException(
                        "the encoding of head " + head + ", scenario " + scenarioId + " is stored already");
            }
            row.flip();
            long position = (long) line * width * Short.BYTES;
            try {
                while (row.hasRemaining()) {
                    position += channels.get(column).write(row, position);
                }
            } catch (IOException e) {
                throw failed(e);
            }
            written.get(column).set(line);
        }

        /**
         * Ends the array; the stage's writer still has to commit.
         *
         * @throws IllegalStateException if an encoding is missing, or the writer is closed
         * @throws java.io.UncheckedIOException if the disk refuses
         */
        public synchronized void finish() {
            checkOpen();
            for (int i = 0; i < heads.size(); i++) {
                int gap = written.get(i).nextClearBit(0);
                if (gap < ids.size()) {
                    throw new IllegalStateException("the encoding of head " + heads.get(i) + ", scenario "
                            + ids.get(gap) + " was not stored; store all before finishing");
                }
            }
            close();
            stage.json(ARRAY, description(heads, ids.size(), width));
            stage.json(IDS, Map.of("ids", ids));
        }

        /** Closes the files; closing again has no effect. */
        @Override
        public synchronized void close() {
            if (closed) {
                return;
            }
            closed = true;
            IOException first = null;
            for (FileChannel channel : channels) {
                try {
                    channel.close();
                } catch (IOException e) {
                    first = first == null ? e : first;
                }
            }
            if (first != null) {
                throw failed(first);
            }
        }

        private void checkOpen() {
            if (closed) {
                throw new IllegalStateException("the writer of the encodings is closed; begin the stage again");
            }
        }

        private RunFolderException failed(IOException e) {
            return new RunFolderException(
                    "the encodings cannot be written: " + Disk.reason(e) + "; make room or choose another folder", e);
        }
    }
}
