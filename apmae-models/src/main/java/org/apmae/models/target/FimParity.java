package org.apmae.models.target;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apmae.models.parity.ParityRow;
import org.apmae.models.safetensors.CheckpointFolder;

/** Compares the window policy with windows that the published code laid out. */
public final class FimParity {
    private FimParity() {}

    /**
     * Says whether a file holds such windows.
     *
     * @param file any path
     * @return true for a JSON file with {@code cases} and the marker {@code ids}
     */
    public static boolean fits(Path file) {
        if (!Files.isRegularFile(file) || !file.toString().endsWith(".json")) {
            return false;
        }
        JsonObject json = CheckpointFolder.readJson(file);
        return json.has("cases") && json.has("ids");
    }

    /**
     * Lays out every case and compares.
     *
     * @param file the file
     * @return one row: the number of cases whose ids differ, none allowed
     */
    public static List<ParityRow> run(Path file) {
        JsonObject json = CheckpointFolder.readJson(file);
        FimTokens fim = markers(json.getAsJsonObject("ids"));
        int wrong = 0;
        String first = "";
        for (JsonElement element : json.getAsJsonArray("cases")) {
            JsonObject one = element.getAsJsonObject();
            if (!agrees(one, fim)) {
                first = wrong == 0 ? "first in case " + one.get("name").getAsString() : first;
                wrong++;
            }
        }
        int cases = json.getAsJsonArray("cases").size();
        return List.of(ParityRow.of("windows that differ", wrong, 0, wrong == 0 ? cases + " cases" : first));
    }

    /** The markers stand either by their own names or by the published code's start, stop and suffix. */
    private static FimTokens markers(JsonObject ids) {
        return new FimTokens(
                id(ids, "fim_prefix", "start", 1),
                id(ids, "fim_middle", "stop", 2),
                id(ids, "fim_suffix", "suffix", 3));
    }

    private static int id(JsonObject ids, String name, String other, int usual) {
        for (String key : List.of(name, other, "<" + name + ">")) {
            if (ids.has(key)) {
                return ids.get(key).getAsInt();
            }
        }
        return usual;
    }

    private static boolean agrees(JsonObject one, FimTokens fim) {
        int[] ids = ints(one.get("ids"));
        int length = one.get("max_length").getAsInt();
        JsonElement minimum = one.get("min_length");
        int least = minimum == null || minimum.isJsonNull() ? 0 : minimum.getAsInt();
        JsonObject expected = one.getAsJsonObject("model");
        int[] gaps = IntStream.range(0, ids.length)
                .filter(i -> ids[i] == fim.suffix())
                .toArray();
        boolean tooShort = ids.length + 2 < length;
        if (tooShort ? ids.length + 2 < least : gaps.length != 1) {
            return expected.has("error");
        }
        // a short case is only framed, so the place of the gap does not matter there
        int[] window = FimWindow.cut(ids, tooShort ? 0 : gaps[0], fim, length);
        return expected.has("ids") && Arrays.equals(window, ints(expected.get("ids")));
    }

    private static int[] ints(JsonElement array) {
        return array.getAsJsonArray().asList().stream()
                .mapToInt(JsonElement::getAsInt)
                .toArray();
    }
}
