package org.apmae.models.cluster;

import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.apmae.core.pattern.Clusters;

/**
 * Writes and reads fitted clusters as JSON.
 *
 * <p>The file holds, for every head, the labels, the strengths, how rows that were not fitted get their label, and a checksum of
 * the encodings. The encodings themselves stay where the run keeps them and are given again for reading; medoids and centres
 * follow from them.
 */
public final class ClustersJson {
    private static final String FORMAT = "apmae-clusters";
    private static final int VERSION = 1;

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
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (JsonWriter json = new JsonWriter(Files.newBufferedWriter(partial, StandardCharsets.UTF_8))) {
                json.beginObject();
                json.name("format").value(FORMAT);
                json.name("version").value(VERSION);
                json.name("heads").beginArray();
                for (Clusters clusters : perHead) {
                    if (!(clusters instanceof FittedClusters fitted)) {
                        throw new IllegalArgumentException(
                                "clusters of " + clusters.getClass().getName()
                                        + " cannot be written; give those of UmapHdbscan or KMeans");
                    }
                    write(json, fitted);
                }
                json.endArray();
                json.endObject();
            }
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the clusters to " + file, e);
        }
    }

    private static void write(JsonWriter json, FittedClusters fitted) throws IOException {
        json.beginObject();
        json.name("rows").value(fitted.rows().size());
        json.name("width").value(fitted.rows().width());
        json.name("checksum").value(fitted.rows().checksum());
        json.name("rule").value(fitted.rule().name());
        json.name("voters").value(fitted.voters());
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
     * Reads the clusters of many heads.
     *
     * @param file a file of {@link #write}
     * @param perHead for every head the encodings the clusters were fitted on, in the order of writing; borrowed
     * @return the clusters of every head
     * @throws IllegalArgumentException if the file is damaged or of another kind, or the encodings are others than those of the
     *     fit
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
                result.add(read(json, perHead.get(result.size()), result.size()));
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

    private static Clusters read(JsonReader json, float[][] encodings, int head) throws IOException {
        UnitRows rows = UnitRows.of(encodings);
        int n = rows.size();
        json.beginObject();
        expect(json, "rows");
        int size = json.nextInt();
        expect(json, "width");
        int width = json.nextInt();
        expect(json, "checksum");
        int checksum = json.nextInt();
        if (size != n || width != rows.width() || checksum != rows.checksum()) {
            throw new IllegalArgumentException("head number " + head + " was fitted on other encodings (" + size + " x "
                    + width + ") than those given (" + n + " x " + rows.width() + "); give the encodings of the fit");
        }
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
        int[] labels = new int[n];
        expect(json, "labels");
        json.beginArray();
        for (int i = 0; i < n; i++) {
            labels[i] = json.nextInt();
            if (labels[i] < Clusters.NOISE || labels[i] >= n) {
                throw new IllegalStateException("label " + labels[i]);
            }
        }
        json.endArray();
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
        return FittedClusters.of(rows, rule, voters, labels, strengths);
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
