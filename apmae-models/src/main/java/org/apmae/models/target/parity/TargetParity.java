package org.apmae.models.target.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.ModelShape;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.parity.Difference;
import org.apmae.models.parity.ParityRow;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** Compares a target model with logits, attentions and hidden states that Hugging Face computed. */
public final class TargetParity {
    private static final double ATTENTIONS = 2e-5;
    private static final double HIDDEN = 5e-5;
    private static final double LOGITS = 2e-4;
    /** Below this distance of the two largest logits, rounding may choose either. */
    private static final float MARGIN = 1e-3f;

    private TargetParity() {}

    /**
     * Says whether a folder holds a checkpoint with expected outputs, or expected outputs under ablations.
     *
     * @param folder any path
     * @return true if {@link #run} can compare it
     */
    public static boolean fits(Path folder) {
        return Files.isRegularFile(folder.resolve("expected.safetensors"))
                && (Files.isRegularFile(folder.resolve("sets.json"))
                        || Files.isRegularFile(folder.resolve("config.json")));
    }

    /**
     * Runs the model on the inputs and compares.
     *
     * @param folder a checkpoint with {@code expected.safetensors}, or a folder with {@code sets.json} whose model is a
     *     folder beside it
     * @return a row for each quantity
     * @throws ModelFileException if a file is missing or damaged
     */
    public static List<ParityRow> run(Path folder) {
        Path sets = folder.resolve("sets.json");
        return Files.isRegularFile(sets) ? ablations(folder, CheckpointFolder.readJson(sets)) : forward(folder);
    }

    private static List<ParityRow> forward(Path folder) {
        List<ParityRow> rows = new ArrayList<>();
        try (TargetModel model = TargetModels.load(folder);
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve("expected.safetensors"));
                NDManager manager = model.newManager()) {
            ModelShape shape = model.shape();
            float[][] attentions = new float[shape.layers()][];
            float[][] hidden = new float[shape.layers() + 1][];
            Hooks hooks = Hooks.none();
            for (int l = 0; l < shape.layers(); l++) {
                int layer = l;
                hooks = hooks.with("blocks." + layer + ".attn.hook_pattern", (scratch, pattern) -> {
                            attentions[layer] = pattern.toFloatArray();
                            return pattern;
                        })
                        .with("blocks." + layer + ".hook_resid_pre", (scratch, residual) -> {
                            hidden[layer] = residual.toFloatArray();
                            return residual;
                        });
            }
            hooks = hooks.with("ln_final.hook_normalized", (scratch, normalized) -> {
                hidden[shape.layers()] = normalized.toFloatArray();
                return normalized;
            });
            NDArray ids = expected.load(manager, "input_ids");
            float[] logits = model.logits(manager, ids, hooks).toFloatArray();
            if (expected.names().contains("attentions")) {
                float[] ours = join(attentions);
                float[] reference = expected.floats("attentions");
                rows.add(Difference.of(ours, reference).row("attentions", ATTENTIONS));
                rows.add(zeros(ours, reference));
            }
            if (expected.names().contains("hidden_states")) {
                rows.add(Difference.of(join(hidden), expected.floats("hidden_states"))
                        .row("hidden_states", HIDDEN));
            }
            rows.addAll(logits("logits", logits, expected.floats("logits"), shape.vocabulary()));
        }
        return rows;
    }

    private static List<ParityRow> ablations(Path folder, JsonObject sets) {
        String name = sets.has("model") ? sets.get("model").getAsString() : "";
        Path beside = folder.toAbsolutePath().normalize().resolveSibling(name);
        if (!name.matches("[A-Za-z0-9._-]+") || !Files.isDirectory(beside)) {
            throw new ModelFileException(folder.resolve("sets.json") + " names the model '" + name
                    + "', which is no folder beside " + folder + "; put the checkpoint there");
        }
        List<ParityRow> rows = new ArrayList<>();
        try (TargetModel model = TargetModels.load(beside);
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve("expected.safetensors"));
                NDManager manager = model.newManager()) {
            NDArray ids = expected.load(manager, "input_ids");
            int vocabulary = model.shape().vocabulary();
            float[] plain = model.logits(manager, ids, Hooks.none()).toFloatArray();
            if (expected.names().contains("logits.plain")) {
                rows.addAll(logits("logits.plain", plain, expected.floats("logits.plain"), vocabulary));
            }
            for (JsonElement element : sets.getAsJsonArray("sets")) {
                JsonObject set = element.getAsJsonObject();
                ZeroAblation ablation = new ZeroAblation(heads(set.getAsJsonObject("heads")));
                ablation.heads().forEach(model.shape()::indexOf);
                Hooks hooks = Hooks.none().with(ablation);
                String key = "logits." + set.get("set").getAsInt();
                float[] ours = model.logits(manager, ids, hooks).toFloatArray();
                rows.addAll(logits(key, ours, expected.floats(key), vocabulary));
                if (ablation.heads().isEmpty()) {
                    rows.add(ParityRow.of(
                            key + " equal to plain", Arrays.equals(ours, plain) ? 0 : 1, 0, "bit for bit"));
                }
            }
        }
        return rows;
    }

    private static List<HeadId> heads(JsonObject json) {
        List<HeadId> heads = new ArrayList<>();
        for (Map.Entry<String, JsonElement> entry : json.entrySet()) {
            for (JsonElement head : entry.getValue().getAsJsonArray()) {
                heads.add(new HeadId(Integer.parseInt(entry.getKey()), head.getAsInt()));
            }
        }
        return heads;
    }

    private static float[] join(float[][] parts) {
        float[] all =
                new float[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int next = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, next, part.length);
            next += part.length;
        }
        return all;
    }

    /** What the reference has as exactly 0 must be exactly 0 here. */
    private static ParityRow zeros(float[] ours, float[] reference) {
        int wrong = 0;
        for (int i = 0; i < Math.min(ours.length, reference.length); i++) {
            wrong += reference[i] == 0 && ours[i] != 0 ? 1 : 0;
        }
        return ParityRow.of("attentions not exactly 0 where they must be", wrong, 0, "number of entries");
    }

    private static List<ParityRow> logits(String name, float[] ours, float[] reference, int vocabulary) {
        int wrong = 0;
        int positions = Math.min(ours.length, reference.length) / vocabulary;
        for (int position = 0; position < positions; position++) {
            int from = position * vocabulary;
            int best = argMax(reference, from, vocabulary, -1);
            int second = argMax(reference, from, vocabulary, best);
            boolean clear = second < 0 || reference[best] - reference[second] > MARGIN;
            wrong += clear && argMax(ours, from, vocabulary, -1) != best ? 1 : 0;
        }
        return List.of(
                Difference.of(ours, reference).row(name, LOGITS),
                ParityRow.of(name + " arg-max", wrong, 0, "positions that differ, of " + positions));
    }

    private static int argMax(float[] values, int from, int size, int without) {
        int best = -1;
        for (int i = from; i < from + size; i++) {
            if (i != without && (best < 0 || values[i] > values[best])) {
                best = i;
            }
        }
        return best;
    }
}
