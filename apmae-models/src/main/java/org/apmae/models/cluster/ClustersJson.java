package org.apmae.models.cluster;

import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.SoftReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apmae.core.pattern.Clusters;

/**
 * Writes and reads fitted clusters as JSON.
 *
 * <p>The file holds, for every head, the labels, the strengths, how rows that were not fitted get their label, and a checksum of
 * the encodings. The encodings themselves stay where the run keeps them and are given again for reading; they are looked at when
 * something new is to be labelled.
 */
public final class ClustersJson {
    private static final String FORMAT = "apmae-clusters";
    private static final int VERSION = 2;

    private ClustersJson() {}

    /**
     * Writes the clusters of many heads to one file, replacing it whole.
     *
     * @param file the file
     * @param perHead clusters fitted or read by this package, one for each head
     * @throws IllegalArgumentException if clusters come from elsewhere
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, List<Clusters> perHead) {
        try (Writer writer = new Writer(file)) {
            perHead.forEach(writer::add);
            writer.commit();
        }
    }

    /**
     * Writes the clusters of many heads one after the other, so that no more than one need be in memory. Not thread-safe. The
     * file appears whole at {@link #commit()}; closed before that, nothing is left.
     */
    public static final class Writer implements AutoCloseable {
        private final Path file;
        private final Path partial;
        private final JsonWriter json;
        private boolean committed;

        /**
         * Starts a file.
         *
         * @param file the file
         * @throws UncheckedIOException if it cannot be written
         */
        public Writer(Path file) {
            this.file = file;
            this.partial = file.resolveSibling(file.getFileName() + ".part");
            try {
                json = new JsonWriter(Files.newBufferedWriter(partial, StandardCharsets.UTF_8));
                json.beginObject();
                json.name("format").value(FORMAT);
                json.name("version").value(VERSION);
                json.name("heads").beginArray();
            } catch (IOException e) {
                throw failed(file, e);
            }
        }

        /**
         * Appends the clusters of the next head.
         *
         * @param clusters clusters fitted or read by this package
         * @throws IllegalArgumentException if they come from elsewhere
         * @throws UncheckedIOException if the file cannot be written
         */
        public void add(Clusters clusters) {
            if (!(clusters instanceof FittedClusters fitted)) {
                throw new IllegalArgumentException("clusters of "
                        + clusters.getClass().getName()
                        + " cannot be written; give those of UmapHdbscan, Hdbscan or KMeans");
            }
            try {
                ClustersJson.write(json, fitted);
            } catch (IOException e) {
                throw failed(file, e);
            }
        }

        /**
         * Ends the file and puts it in its place.
         *
         * @throws UncheckedIOException if the file cannot be written
         */
        public void commit() {
            try {
                json.endArray();
                json.endObject();
                json.close();
                Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
                committed = true;
            } catch (IOException e) {
                throw failed(file, e);
            }
        }

        @Override
        public void close() {
            if (!committed) {
                try {
                    json.flush();
                    Files.deleteIfExists(partial);
                } catch (IOException e) {
                    throw failed(file, e);
                }
            }
        }

        private static UncheckedIOException failed(Path file, IOException cause) {
            return new UncheckedIOException("cannot write the clusters to " + file, cause);
        }
    }

    private static void write(JsonWriter json, FittedClusters fitted) throws IOException {
        json.beginObject();
        json.name("rows").value(fitted.shape().size());
        json.name("width").value(fitted.shape().width());
        json.name("checksum").value(fitted.shape().checksum());
        json.name("scaled").value(fitted.shape().scaled());
        json.name("rule").value(fitted.rule().name());
        json.name("voters").value(fitted.voters());
        // Fewer than two clusters have no validity index, and JSON has no number for that.
        double validity = fitted.validity();
        json.name("validity");
        if (Double.isNaN(validity)) {
            json.nullValue();
        } else {
            json.value(validity);
        }
        json.name("medoids").beginArray();
        for (int medoid : fitted.medoids()) {
            json.value(medoid);
        }
        json.endArray();
        json.name("labels").beginArray();
        for (int label : fitted.labels()) {
            json.value(label);
        }
        json.endArray();
        json.name("strengths").beginArray();
        for (float strength : fitted.strengths()) {
            json.value(strength);
        }
        json.endArray();
        json.endObject();
    }

    /**
     * Reads the clusters of many heads. Encodings are asked for when {@link Clusters#assign} of their head first needs them, and
     * may be asked for again where memory is short; if they are others than those of the fit, that call throws an
     * IllegalArgumentException.
     *
     * @param file a file of {@link #write}
     * @param perHead for every head the encodings the clusters were fitted on, in the order of writing; borrowed and never
     *     changed. A list may read them from disk when asked
     * @return the clusters of every head
     * @throws IllegalArgumentException if the file is damaged or of another kind, or has another number of heads
     * @throws UncheckedIOException if the file cannot be read
     */
    public static List<Clusters> read(Path file, List<float[][]> perHead) {
        try (JsonReader json = new JsonReader(Files.newBufferedReader(file, StandardCharsets.UTF_8))) {
            List<Clusters> result = new ArrayList<>();
            json.beginObject();
            expect(json, "format");
            if (!FORMAT.equals(json.nextString())) {
                throw damaged(file, "it does not say that it holds " + FORMAT, null);
            }
            expect(json, "version");
            int version = json.nextInt();
            if (version != VERSION) {
                throw damaged(file, "its version is " + version + " and this program reads version " + VERSION, null);
            }
            expect(json, "heads");
            json.beginArray();
            while (json.hasNext()) {
                if (result.size() == perHead.size()) {
                    throw damaged(file, "it has more heads than the " + perHead.size() + " given", null);
                }
                result.add(read(json, perHead, result.size()));
            }
            json.endArray();
            json.endObject();
            if (result.size() != perHead.size()) {
                throw damaged(file, "it has " + result.size() + " heads, but " + perHead.size() + " were given", null);
            }
            return List.copyOf(result);
        } catch (MalformedJsonException | EOFException | NumberFormatException | JsonParseException e) {
            throw damaged(file, "it is not complete JSON", e);
        } catch (IllegalStateException e) {
            throw damaged(file, "its fields are not those of such a file", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the clusters from " + file, e);
        }
    }

    private static Clusters read(JsonReader json, List<float[][]> perHead, int head) throws IOException {
        json.beginObject();
        expect(json, "rows");
        int n = json.nextInt();
        expect(json, "width");
        int width = json.nextInt();
        if (n < 0 || width < 0) {
            throw new IllegalStateException("rows " + n + ", width " + width);
        }
        expect(json, "checksum");
        int checksum = json.nextInt();
        expect(json, "scaled");
        boolean scaled = json.nextBoolean();
        expect(json, "rule");
        String ruleName = json.nextString();
        FittedClusters.Rule rule;
        if (ruleName.equals(FittedClusters.Rule.NEIGHBOURS.name())) {
            rule = FittedClusters.Rule.NEIGHBOURS;
        } else if (ruleName.equals(FittedClusters.Rule.CENTRES.name())) {
            rule = FittedClusters.Rule.CENTRES;
        } else {
            throw new IllegalStateException("rule " + ruleName);
        }
        expect(json, "voters");
        int voters = json.nextInt();
        if (voters < 1) {
            throw new IllegalStateException("voters " + voters);
        }
        expect(json, "validity");
        double validity = Double.NaN;
        if (json.peek() == JsonToken.NULL) {
            json.nextNull();
        } else {
            validity = json.nextDouble();
        }
        expect(json, "medoids");
        int[] medoids = integers(json, n);
        expect(json, "labels");
        int[] labels = integers(json, n);
        check(labels, medoids, n);
        float[] strengths = new float[n];
        expect(json, "strengths");
        json.beginArray();
        for (int i = 0; i < n; i++) {
            strengths[i] = (float) json.nextDouble();
            if (!(strengths[i] >= 0 && strengths[i] <= 1)) {
                throw new IllegalStateException("strength " + strengths[i]);
            }
        }
        json.endArray();
        json.endObject();
        FittedClusters.Shape shape = new FittedClusters.Shape(n, width, checksum, scaled);
        double known = validity;
        return new FittedClusters(
                new StoredRows(perHead, head, shape), shape, rule, voters, labels, strengths, medoids, () -> known);
    }

    /** Reads at most so many integers; a hostile length cannot make it allocate more than the file holds. */
    private static int[] integers(JsonReader json, int most) throws IOException {
        int[] values = new int[16];
        int size = 0;
        json.beginArray();
        while (json.hasNext()) {
            if (size == most) {
                throw new IllegalStateException("more than " + most + " numbers");
            }
            if (size == values.length) {
                values = Arrays.copyOf(values, 2 * size);
            }
            values[size++] = json.nextInt();
        }
        json.endArray();
        return Arrays.copyOf(values, size);
    }

    private static void check(int[] labels, int[] medoids, int n) {
        if (labels.length != n) {
            throw new IllegalStateException(labels.length + " labels of " + n);
        }
        int next = 0;
        for (int label : labels) {
            if (label < Clusters.NOISE || label > next || label >= medoids.length) {
                throw new IllegalStateException("label " + label);
            }
            next = Math.max(next, label + 1);
        }
        for (int c = 0; c < medoids.length; c++) {
            if (medoids[c] < 0 || medoids[c] >= n || labels[medoids[c]] != c) {
                throw new IllegalStateException("medoid " + medoids[c]);
            }
        }
    }

    /** The rows of one head, read when asked for and forgotten where memory is short. */
    private static final class StoredRows implements Supplier<Rows> {
        private final List<float[][]> perHead;
        private final int head;
        private final FittedClusters.Shape shape;
        private SoftReference<Rows> known = new SoftReference<>(null);

        StoredRows(List<float[][]> perHead, int head, FittedClusters.Shape shape) {
            this.perHead = perHead;
            this.head = head;
            this.shape = shape;
        }

        @Override
        public synchronized Rows get() {
            Rows rows = known.get();
            if (rows == null) {
                float[][] given = perHead.get(head);
                rows = shape.scaled() ? Rows.unit(given) : Rows.plain(given);
                if (!FittedClusters.Shape.of(rows).equals(shape)) {
                    throw new IllegalArgumentException("head number " + head + " was fitted on other encodings ("
                            + shape.size() + " x " + shape.width() + ") than those given (" + rows.size() + " x "
                            + rows.width() + "); give the encodings of the fit");
                }
                known = new SoftReference<>(rows);
            }
            return rows;
        }
    }

    private static void expect(JsonReader json, String name) throws IOException {
        String found = json.nextName();
        if (!found.equals(name)) {
            throw new IllegalStateException("field " + found + " instead of " + name);
        }
    }

    private static IllegalArgumentException damaged(Path file, String why, Exception cause) {
        return new IllegalArgumentException(
                file + " cannot be used: " + why + "; fit the clusters again or give another file", cause);
    }
}
