package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;
import org.apmae.models.parity.Difference;
import org.apmae.models.parity.ParityRow;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.training.AdamW;
import org.apmae.models.training.CosineSchedule;

/**
 * Compares an autoencoder with numbers of the published code: scaling, encodings, masks, predictions, gradients and some
 * optimiser steps. A folder holds a checkpoint, {@code expected.safetensors} and {@code metadata.json}; what the files do not
 * have is not compared.
 */
public final class ApMaeParity {
    private static final double SHARE = 0.995;

    private final Path folder;
    private final Runnable beforeBackward;
    private final List<ParityRow> rows = new ArrayList<>();

    private ApMaeParity(Path folder, Runnable beforeBackward) {
        this.folder = folder;
        this.beforeBackward = beforeBackward;
    }

    /**
     * Says whether a folder has this layout.
     *
     * @param folder the folder
     * @return true if it has expected.safetensors and a config.json of the model type ap_mae
     * @throws ModelFileException if config.json is damaged
     */
    public static boolean fits(Path folder) {
        Path config = folder.resolve("config.json");
        if (!Files.isRegularFile(folder.resolve("expected.safetensors")) || !Files.isRegularFile(config)) {
            return false;
        }
        JsonElement type = CheckpointFolder.readJson(config).get("model_type");
        return type != null && type.isJsonPrimitive() && type.getAsString().equals("ap_mae");
    }

    /**
     * Runs our code on everything the folder has inputs for.
     *
     * @param folder the folder
     * @return one row for each quantity, tolerances as in the fixtures' description
     * @throws ModelFileException if a file is missing, damaged, or does not fit the others
     */
    public static List<ParityRow> run(Path folder) {
        return run(folder, () -> {});
    }

    static List<ParityRow> run(Path folder, Runnable beforeBackward) {
        ApMaeParity parity = new ApMaeParity(folder, beforeBackward);
        try (SafetensorsFile expected = SafetensorsFile.open(folder.resolve("expected.safetensors"));
                ApMae model = ApMae.load(folder)) {
            parity.compare(expected, model);
        }
        return List.copyOf(parity.rows);
    }

    private void compare(SafetensorsFile expected, ApMae model) {
        Set<String> names = expected.names();
        PatchGrid grid = model.config().grid();
        try (NDManager scope = model.manager().newSubManager()) {
            NDArray scaled = input(scope, expected, model.config());
            encodings(scope, expected, model, scaled);
            if (!names.contains("rand") && !names.contains("masked_indices")) {
                return;
            }
            PatchMask mask = mask(expected, model.config());
            if (names.contains("masked_patches")) {
                rows.add(Difference.of(
                                model.maskedPatches(scope, scaled, mask).toFloatArray(),
                                expected.floats("masked_patches"))
                        .row("masked_patches", 1e-6));
            }
            Path metadata = folder.resolve("metadata.json");
            JsonObject meta = Files.exists(metadata) ? CheckpointFolder.readJson(metadata) : new JsonObject();
            for (DecoderMode mode : DecoderMode.values()) {
                String prefix = mode.name().toLowerCase(Locale.ROOT);
                if (names.contains(prefix + ".loss")) {
                    forward(scope, expected, model, scaled, mask, mode, prefix);
                }
                if (names.stream().anyMatch(name -> name.startsWith(prefix + ".after."))) {
                    training(expected, scaled, grid, mode, prefix, meta);
                }
            }
        }
    }

    /** The reference's scaled patterns, so that what follows is compared on equal input; ours where they are not finite. */
    private NDArray input(NDManager scope, SafetensorsFile expected, ApMaeConfig config) {
        if (!expected.names().contains("attn_weights")) {
            return expected.load(scope, "scaled");
        }
        NDArray weights = expected.load(scope, "attn_weights");
        NDArray ours = config.scaler().scale(scope, weights);
        if (!expected.names().contains("scaled")) {
            return ours;
        }
        float[] values = ours.toFloatArray();
        float[] reference = expected.floats("scaled");
        rows.add(Difference.of(values, reference).row("scaled", 1e-6));
        if (values.length != reference.length) {
            return ours;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.isFinite(reference[i]) ? reference[i] : values[i];
        }
        return scope.create(FloatBuffer.wrap(values), weights.getShape());
    }

    private void encodings(NDManager scope, SafetensorsFile expected, ApMae model, NDArray scaled) {
        Set<String> names = expected.names();
        if (names.contains("encode.tokens")) {
            NDArray tokens = model.encodeTokens(scope, scaled, EncodingMode.REFERENCE);
            rows.add(Difference.of(tokens.toFloatArray(), expected.floats("encode.tokens"))
                    .row("encode.tokens", 3e-5));
        }
        if (names.contains("encode.cls")) {
            try (ApMaeEncoder encoder = model.encoder(EncodingMode.REFERENCE)) {
                rows.add(Difference.of(encoder.encode(scope, scaled).toFloatArray(), expected.floats("encode.cls"))
                        .row("encode.cls", 3e-5));
            }
        }
        if (names.contains("encode.mean")) {
            NDArray mean = model.encodeMean(scope, scaled, EncodingMode.REFERENCE);
            rows.add(Difference.of(mean.toFloatArray(), expected.floats("encode.mean"))
                    .row("encode.mean", 3e-5));
        }
        if (names.contains("idx_tril")) {
            long[] ours = IntStream.concat(
                            IntStream.of(0),
                            Arrays.stream(model.config().grid().lowerTriangle()).map(patch -> 1 + patch))
                    .asLongStream()
                    .toArray();
            rows.add(Difference.of(ours, expected.longs("idx_tril")).row("idx_tril", 0));
        }
    }

    private PatchMask mask(SafetensorsFile expected, ApMaeConfig config) {
        if (!expected.names().contains("rand")) {
            return new PatchMask(indices(expected, "masked_indices"), indices(expected, "unmasked_indices"));
        }
        List<Long> shape = expected.info("rand").shape();
        PatchMask mask = drawn(config, expected.floats("rand"), 0, shape.get(0).intValue());
        indices(expected, "masked_indices", mask.masked());
        indices(expected, "unmasked_indices", mask.visible());
        return mask;
    }

    private static PatchMask drawn(ApMaeConfig config, float[] random, int first, int count) {
        int triangle = config.grid().lowerTriangle().length;
        float[][] numbers = new float[count][];
        for (int n = 0; n < count; n++) {
            numbers[n] = Arrays.copyOfRange(random, (first + n) * triangle, (first + n + 1) * triangle);
        }
        return PatchMask.ofRandomNumbers(config.grid(), config.maskRatio(), numbers);
    }

    private void indices(SafetensorsFile expected, String name, int[][] ours) {
        if (expected.names().contains(name)) {
            long[] flat = Arrays.stream(ours)
                    .flatMapToInt(Arrays::stream)
                    .asLongStream()
                    .toArray();
            rows.add(Difference.of(flat, expected.longs(name)).row(name, 0));
        }
    }

    private static int[][] indices(SafetensorsFile expected, String name) {
        int count = expected.info(name).shape().get(0).intValue();
        long[] flat = expected.longs(name);
        int width = flat.length / count;
        int[][] table = new int[count][width];
        for (int i = 0; i < flat.length; i++) {
            table[i / width][i % width] = Math.toIntExact(flat[i]);
        }
        return table;
    }

    private void forward(
            NDManager scope,
            SafetensorsFile expected,
            ApMae model,
            NDArray scaled,
            PatchMask mask,
            DecoderMode mode,
            String prefix) {
        if (expected.names().contains(prefix + ".pred_patches")) {
            NDArray predicted = model.predict(scope, scaled, mask, mode);
            rows.add(Difference.of(predicted.toFloatArray(), expected.floats(prefix + ".pred_patches"))
                    .row(prefix + ".pred_patches", 3e-5));
        }
        Gradients.Result result = Gradients.compute(model, scope, scaled, mask, mode, 1, beforeBackward);
        rows.add(Difference.relative(result.loss(), expected.floats(prefix + ".loss")[0])
                .row(prefix + ".loss", 1e-5));
        if (expected.names().stream().anyMatch(name -> name.startsWith(prefix + ".grad."))) {
            gradients(expected, model, result.gradient().toFloatArray(), prefix);
        }
    }

    /** One row for all: of the parameter that comes nearest to its tolerance or is farthest above it. */
    private void gradients(SafetensorsFile expected, ApMae model, float[] gradient, String prefix) {
        ParityRow worst = null;
        double worstShare = -1;
        int count = 0;
        for (Parameter parameter : model.layout().parameters()) {
            String name = prefix + ".grad." + parameter.name();
            int size = parameter.size();
            // A gradient that the reference does not have at all is one of zeros.
            float[] reference = expected.names().contains(name) ? expected.floats(name) : new float[size];
            double scale = 0;
            for (float value : reference) {
                scale = Math.max(scale, Math.abs(value));
            }
            double tolerance = Math.max(1e-6, 1e-3 * scale);
            float[] ours = Arrays.copyOfRange(gradient, parameter.offset(), parameter.offset() + size);
            Difference difference = Difference.of(ours, reference);
            count++;
            if (difference.largest() / tolerance > worstShare) {
                worstShare = difference.largest() / tolerance;
                worst = ParityRow.of(
                        prefix + ".gradients",
                        difference.largest(),
                        tolerance,
                        "nearest to its tolerance is " + parameter.name() + " " + difference.note());
            }
        }
        rows.add(ParityRow.of(
                worst.quantity(), worst.largestDifference(), worst.tolerance(), worst.note() + "; of " + count));
    }

    private void training(
            SafetensorsFile expected,
            NDArray scaled,
            PatchGrid grid,
            DecoderMode mode,
            String prefix,
            JsonObject meta) {
        JsonObject recipe = object(meta, "train_recipe");
        JsonObject reference = object(object(object(meta, "modes"), prefix), "train");
        int steps = (int) number(recipe, "steps");
        JsonArray betas = array(recipe, "betas");
        CosineSchedule schedule = new CosineSchedule(number(recipe, "lr"), 0, (int) number(recipe, "T_0"));
        List<Long> shape = expected.info("train.rand").shape();
        if (shape.size() != 3 || shape.get(0) < steps || shape.get(2) != grid.lowerTriangle().length) {
            throw new ModelFileException(folder + " holds train.rand of the shape " + shape + " for " + steps
                    + " steps; take all files from the same set");
        }
        int count = shape.get(1).intValue();
        float[] random = expected.floats("train.rand");
        try (ApMae model = ApMae.load(folder);
                AdamW optimizer = new AdamW(
                        model.manager(),
                        new NDList(model.flat()),
                        betas.get(0).getAsDouble(),
                        betas.get(1).getAsDouble(),
                        number(recipe, "eps"),
                        number(recipe, "weight_decay"))) {
            double rateDifference = 0;
            double lossDifference = 0;
            String lossNote = "";
            for (int step = 0; step < steps; step++) {
                double rate = schedule.at(step);
                double expectedRate = array(reference, "lr_used").get(step).getAsDouble();
                rateDifference = Math.max(rateDifference, Math.abs(rate - expectedRate));
                try (NDManager scope = model.manager().newSubManager()) {
                    PatchMask mask = drawn(model.config(), random, step * count, count);
                    Gradients.Result result = Gradients.compute(model, scope, scaled, mask, mode, 1, beforeBackward);
                    Difference difference = Difference.relative(
                            result.loss(), array(reference, "losses").get(step).getAsDouble());
                    if (difference.largest() >= lossDifference) {
                        lossDifference = difference.largest();
                        lossNote = "step " + step + ", " + difference.note();
                    }
                    optimizer.step(new NDList(result.gradient()), rate);
                }
            }
            rows.add(ParityRow.of(prefix + ".train.lr", rateDifference, 1e-12, "over " + steps + " steps"));
            rows.add(ParityRow.of(prefix + ".train.losses", lossDifference, 1e-4, lossNote));
            after(expected, model, prefix, number(recipe, "lr"));
        }
    }

    private void after(SafetensorsFile expected, ApMae model, String prefix, double rate) {
        float[] ours = model.flat().toFloatArray();
        List<float[]> differences = new ArrayList<>();
        double largest = 0;
        String where = "equal";
        int total = 0;
        for (Parameter parameter : model.layout().parameters()) {
            String name = prefix + ".after." + parameter.name();
            if (!expected.names().contains(name)) {
                continue;
            }
            float[] mine = Arrays.copyOfRange(ours, parameter.offset(), parameter.offset() + parameter.size());
            float[] reference = expected.floats(name);
            Difference difference = Difference.of(mine, reference);
            if (difference.largest() > largest) {
                largest = difference.largest();
                where = parameter.name() + " " + difference.note();
            }
            float[] each = new float[Math.min(mine.length, reference.length)];
            for (int i = 0; i < each.length; i++) {
                each[i] = Math.abs(mine[i] - reference[i]);
            }
            total += each.length;
            differences.add(each);
        }
        FloatBuffer all = FloatBuffer.allocate(total);
        differences.forEach(all::put);
        float[] sorted = all.array();
        Arrays.sort(sorted);
        int last = Math.max(0, (int) Math.ceil(SHARE * total) - 1);
        rows.add(ParityRow.of(
                prefix + ".after (99.5 % of the elements)", sorted[last], 1e-5, "of " + total + " elements"));
        rows.add(ParityRow.of(prefix + ".after (all)", largest, rate, where));
    }

    private JsonObject object(JsonObject parent, String key) {
        if (parent.get(key) instanceof JsonObject child) {
            return child;
        }
        throw missing(key);
    }

    private JsonArray array(JsonObject parent, String key) {
        if (parent.get(key) instanceof JsonArray child) {
            return child;
        }
        throw missing(key);
    }

    private double number(JsonObject parent, String key) {
        if (parent.get(key) != null && parent.get(key).isJsonPrimitive()) {
            return parent.get(key).getAsDouble();
        }
        throw missing(key);
    }

    private ModelFileException missing(String key) {
        return new ModelFileException(folder.resolve("metadata.json") + " lacks '" + key
                + "', without which the optimiser steps of expected.safetensors cannot be repeated");
    }
}
