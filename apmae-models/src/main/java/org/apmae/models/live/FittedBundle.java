package org.apmae.models.live;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.predict.BoostedTrees;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.apmae.models.target.TargetModel;

/**
 * Encoder, clusters and predictor of a study in one folder, opened beside the target model they were fitted on. Holds native
 * memory; borrows the target model. Thread-safe until closed.
 *
 * <p>The predictor reads the pattern labels of all heads and three signals of the model: the probability of its first choice,
 * the margin over the second, and the entropy. A probability is one for prompts like those of the study: of the same length
 * and kind, and balanced by outcome as the study's were. Calibrate it anew where outcomes are not balanced.
 */
public final class FittedBundle implements AutoCloseable {
    /** The columns of numbers that the predictor has to be fitted with, in order. */
    public static final List<String> SIGNALS = List.of("top_probability", "margin", "entropy");

    private static final String FORMAT = "apmae-bundle";
    private static final int VERSION = 1;
    private static final String DESCRIPTION = "bundle.json";
    private static final String APMAE = "apmae";
    private static final String CLUSTERS = "clusters.json";
    private static final String ENCODINGS = "encodings.safetensors";
    private static final String PREDICTOR = "predictor";

    private final TargetModel model;
    private final List<HeadId> heads;
    private final ApMae apmae;
    private final ApMaeEncoder encoder;
    private final List<Clusters> clusters;
    private final FittedPredictor predictor;
    private volatile boolean closed;

    private FittedBundle(
            TargetModel model, List<HeadId> heads, ApMae apmae, List<Clusters> clusters, FittedPredictor predictor) {
        this.model = model;
        this.heads = heads;
        this.apmae = apmae;
        this.encoder = apmae.fastEncoder(apmae.config().encodingMode(), ApMae.Precision.F32);
        this.clusters = clusters;
        this.predictor = predictor;
    }

    /**
     * What is known about a completion before it is generated.
     *
     * @param probabilityCorrect probability that its first token is right, 0 to 1
     * @param verdict the first token and the model's own signals; its target is unknown
     */
    public record Outlook(double probabilityCorrect, Verdict verdict) {}

    /**
     * Writes a bundle.
     *
     * @param folder made if it does not exist; files of an earlier bundle are replaced
     * @param model the target model that everything was fitted on
     * @param apmae the autoencoder
     * @param heads the heads, in the order of the clusters and of the predictor's columns
     * @param clusters a file of {@link ClustersJson}
     * @param encodings for every head the encodings that its clusters were fitted on
     * @param predictor fitted on the labels of the heads and {@link #SIGNALS}
     * @throws IllegalArgumentException if the numbers of heads differ
     * @throws UncheckedIOException if a file cannot be read or written
     */
    public static void save(
            Path folder,
            TargetModel model,
            ApMae apmae,
            List<HeadId> heads,
            Path clusters,
            List<float[][]> encodings,
            FittedPredictor predictor) {
        if (heads.size() != encodings.size()) {
            throw new IllegalArgumentException("there are " + heads.size() + " heads and encodings of "
                    + encodings.size() + "; give one set of encodings for each head");
        }
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(folder.resolve(DESCRIPTION));
            Files.copy(clusters, folder.resolve(CLUSTERS), StandardCopyOption.REPLACE_EXISTING);
            apmae.save(folder.resolve(APMAE));
            predictor.save(folder.resolve(PREDICTOR));
            SafetensorsWriter writer = new SafetensorsWriter(SafetensorsWriter.Precision.F32);
            for (int h = 0; h < heads.size(); h++) {
                float[][] rows = encodings.get(h);
                int width = rows.length == 0 ? 0 : rows[0].length;
                float[] flat = new float[Math.multiplyExact(rows.length, width)];
                for (int row = 0; row < rows.length; row++) {
                    System.arraycopy(rows[row], 0, flat, row * width, width);
                }
                writer.add(heads.get(h).toString(), new long[] {rows.length, width}, flat);
            }
            writer.write(folder.resolve(ENCODINGS));
            Map<String, Object> description = new TreeMap<>();
            description.put("format", FORMAT);
            description.put("version", VERSION);
            description.put("model_sha256", model.weightsSha256());
            description.put("heads", heads.stream().map(HeadId::toString).toList());
            // last, so that a folder with this file is whole
            Files.writeString(folder.resolve(DESCRIPTION), CanonicalJson.write(description));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the bundle cannot be written to " + folder + ": " + e.getMessage()
                            + "; make room or choose another",
                    e);
        }
    }

    /**
     * Opens a bundle.
     *
     * @param folder a folder that {@link #save} wrote
     * @param model the target model, to be closed by the caller after the bundle
     * @return the bundle, to be closed
     * @throws IllegalArgumentException if the bundle was fitted on another model, or its clusters or predictor are damaged
     * @throws ModelFileException if a file is damaged or of another kind
     * @throws UncheckedIOException if a file cannot be read
     */
    public static FittedBundle open(Path folder, TargetModel model) {
        Path file = folder.resolve(DESCRIPTION);
        JsonObject description = CheckpointFolder.readJson(file);
        if (!FORMAT.equals(text(file, description.get("format")))
                || !String.valueOf(VERSION).equals(text(file, description.get("version")))) {
            throw unusable(file, "it is not a bundle of version " + VERSION);
        }
        String sha256 = text(file, description.get("model_sha256"));
        if (!(description.get("heads") instanceof JsonArray names)) {
            throw unusable(file, "it has no list of heads");
        }
        List<HeadId> heads = new ArrayList<>();
        for (JsonElement name : names) {
            heads.add(HeadId.parse(text(file, name)));
        }
        if (!sha256.equals(model.weightsSha256())) {
            throw new IllegalArgumentException("the bundle " + folder + " was fitted on the model with the checksum "
                    + sha256 + ", but the model given has " + model.weightsSha256()
                    + "; open it with the model of its study");
        }
        heads.forEach(model.shape()::indexOf);
        List<float[][]> encodings = encodings(folder.resolve(ENCODINGS), heads);
        List<Clusters> clusters = ClustersJson.read(folder.resolve(CLUSTERS), encodings);
        FittedPredictor predictor = BoostedTrees.load(folder.resolve(PREDICTOR));
        try {
            return new FittedBundle(model, List.copyOf(heads), ApMae.load(folder.resolve(APMAE)), clusters, predictor);
        } catch (RuntimeException e) {
            predictor.close();
            throw e;
        }
    }

    private static String text(Path file, JsonElement value) {
        if (value == null || !value.isJsonPrimitive()) {
            throw unusable(file, "a field is missing or of another type");
        }
        return value.getAsString();
    }

    private static ModelFileException unusable(Path file, String why) {
        return new ModelFileException(file + " cannot be used: " + why + "; write the bundle again with apmae bundle");
    }

    /** Read when a head is first asked for, since all of them together may be large. */
    private static List<float[][]> encodings(Path file, List<HeadId> heads) {
        return new AbstractList<>() {
            @Override
            public float[][] get(int index) {
                String name = heads.get(index).toString();
                try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
                    List<Long> shape = tensors.info(name).shape();
                    float[] flat = tensors.floats(name);
                    int width = shape.size() == 2 && shape.get(0) > 0 ? Math.toIntExact(flat.length / shape.get(0)) : 0;
                    float[][] rows = new float[width == 0 ? 0 : flat.length / width][width];
                    for (int row = 0; row < rows.length; row++) {
                        System.arraycopy(flat, row * width, rows[row], 0, width);
                    }
                    return rows;
                }
            }

            @Override
            public int size() {
                return heads.size();
            }
        };
    }

    /**
     * Returns the length of the prompts that the bundle can judge.
     *
     * @return tokens
     */
    public int tokens() {
        return apmae.config().grid().patternSize();
    }

    /**
     * Foretells whether the completion about to be generated is right. Costs one run of the target model over the prompt, one
     * encoding of each head's pattern, and little besides.
     *
     * @param promptIds {@link #tokens()} token ids, fill-in-the-middle markers included; copied
     * @return the probability that the first token is right, 0 to 1
     * @throws IllegalArgumentException if the prompt has another length or an id is outside the vocabulary
     * @throws IllegalStateException if the bundle or the model is closed
     */
    public double probabilityCorrect(int[] promptIds) {
        return outlook(promptIds).probabilityCorrect();
    }

    /**
     * Foretells, and says what the model itself thinks.
     *
     * @param promptIds {@link #tokens()} token ids, fill-in-the-middle markers included; copied
     * @return the outlook
     * @throws IllegalArgumentException if the prompt has another length or an id is outside the vocabulary
     * @throws IllegalStateException if the bundle or the model is closed
     */
    public Outlook outlook(int[] promptIds) {
        if (closed) {
            throw new IllegalStateException("this bundle is closed; open it again");
        }
        if (promptIds.length != tokens()) {
            throw new IllegalArgumentException(
                    "the prompt has " + promptIds.length + " tokens but this bundle was fitted" + " on prompts of "
                            + tokens() + "; lay it out with FimWindow to that length");
        }
        Prompt prompt = new Prompt("live", CompletionTask.RANDOM, promptIds, Prompt.NO_TARGET);
        Map<HeadId, float[]> encoded = new HashMap<>();
        List<Verdict> verdicts = new ArrayList<>();
        try (HookedRecorder recorder = new HookedRecorder(model, 1)) {
            recorder.record(
                    Stream.of(prompt),
                    HeadSelection.of(heads),
                    AttentionSink.of(batch -> encode(batch, encoded), verdicts::addAll));
        }
        int[][] labels = new int[1][heads.size()];
        for (int h = 0; h < heads.size(); h++) {
            labels[0][h] = clusters.get(h).assign(new float[][] {encoded.get(heads.get(h))})[0];
        }
        Verdict verdict = verdicts.get(0);
        double[][] signals = {signals(verdict)};
        return new Outlook(predictor.probabilityCorrect(labels, signals)[0], verdict);
    }

    /**
     * Returns the model's own signals, in the order of {@link #SIGNALS}.
     *
     * @param verdict what the model predicts
     * @return three numbers
     */
    public static double[] signals(Verdict verdict) {
        return new double[] {verdict.topProbability(), verdict.margin(), verdict.entropy()};
    }

    private void encode(AttentionBatch batch, Map<HeadId, float[]> encoded) {
        AttentionScaler scaler = apmae.config().scaler();
        try (NDManager scratch = model.newManager()) {
            NDArray scaled = scaler.scale(scratch, batch.patterns());
            long side = scaled.getShape().get(3);
            float[] all =
                    encoder.encode(scratch, scaled.reshape(-1, 1, side, side)).toFloatArray();
            int width = encoder.width();
            for (int h = 0; h < batch.heads().size(); h++) {
                float[] own = new float[width];
                System.arraycopy(all, h * width, own, 0, width);
                encoded.put(batch.heads().get(h), own);
            }
        }
    }

    /** Releases encoder and predictor, not the target model. Calling it again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            encoder.close();
            apmae.close();
            predictor.close();
        }
    }
}
