package org.apmae.models.apmae;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apmae.models.parity.Difference;
import org.apmae.models.parity.ParityRow;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsFile;

/**
 * Compares the scalers with numbers of the published code. A folder holds {@code expected.safetensors} with {@code input}
 * (cases, 1, S, S) and one tensor for each scaler, named after it, and {@code cases.json} with the names of the cases.
 *
 * <p>Where the reference is NaN or infinite, ours only has to be finite. A case with NaN in its input must be refused.
 */
public final class ScalerParity {
    private static final double TOLERANCE = 1e-6;

    private ScalerParity() {}

    /**
     * Says whether a folder has this layout.
     *
     * @param folder the folder
     * @return true if it has both files and no config.json
     */
    public static boolean fits(Path folder) {
        return Files.isRegularFile(folder.resolve("cases.json"))
                && Files.isRegularFile(folder.resolve("expected.safetensors"))
                && !Files.exists(folder.resolve("config.json"));
    }

    /**
     * Runs all scalers of a folder.
     *
     * @param folder the folder
     * @return one row for each scaler, and one for each of its refused cases
     * @throws ModelFileException if a file is missing or damaged
     */
    public static List<ParityRow> run(Path folder) {
        List<ParityRow> rows = new ArrayList<>();
        List<String> cases = names(folder);
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("expected.safetensors"));
                NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            List<Long> shape = file.info("input").shape();
            if (shape.size() != 4 || shape.get(0) != cases.size()) {
                throw new ModelFileException(folder + " holds an input of the shape " + shape + " for " + cases.size()
                        + " cases; take both files from the same set");
            }
            float[] input = file.floats("input");
            for (String name : file.names()) {
                if (!name.equals("input")) {
                    compare(name, manager, shape, cases, input, file.floats(name), rows);
                }
            }
        }
        return rows;
    }

    private static List<String> names(Path folder) {
        JsonElement cases =
                CheckpointFolder.readJson(folder.resolve("cases.json")).get("cases");
        if (!(cases instanceof JsonArray array)) {
            throw new ModelFileException(folder.resolve("cases.json") + " has no list of cases");
        }
        return array.asList().stream().map(JsonElement::getAsString).toList();
    }

    private static void compare(
            String name,
            NDManager manager,
            List<Long> shape,
            List<String> cases,
            float[] input,
            float[] expected,
            List<ParityRow> rows) {
        AttentionScaler scaler = AttentionScaler.ofWireName(name);
        int pixels = input.length / cases.size();
        double largest = 0;
        List<String> notes = new ArrayList<>();
        for (int i = 0; i < cases.size(); i++) {
            float[] pattern = Arrays.copyOfRange(input, i * pixels, (i + 1) * pixels);
            float[] reference = Arrays.copyOfRange(expected, i * pixels, (i + 1) * pixels);
            boolean broken = false;
            for (float weight : pattern) {
                broken |= Float.isNaN(weight);
            }
            try (NDManager scope = manager.newSubManager()) {
                NDArray scaled = scaler.scale(
                        scope, scope.create(FloatBuffer.wrap(pattern), new Shape(1, 1, shape.get(2), shape.get(3))));
                if (broken) {
                    rows.add(ParityRow.of(
                            name + " " + cases.get(i), Double.POSITIVE_INFINITY, 0, "NaN was not refused"));
                    continue;
                }
                Difference difference = Difference.of(scaled.toFloatArray(), reference);
                if (difference.largest() >= largest && difference.largest() > 0) {
                    largest = difference.largest();
                    notes.add(0, cases.get(i) + " " + difference.note());
                }
            } catch (IllegalArgumentException e) {
                rows.add(ParityRow.of(
                        name + " " + cases.get(i),
                        broken ? 0 : Double.POSITIVE_INFINITY,
                        0,
                        "refused: " + e.getMessage()));
            }
        }
        rows.add(ParityRow.of(name, largest, TOLERANCE, notes.isEmpty() ? "equal" : notes.get(0)));
    }
}
