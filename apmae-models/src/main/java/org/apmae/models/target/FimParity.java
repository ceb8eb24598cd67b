package org.apmae.models.target;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
     * Lays out every case by both policies and compares.
     *
     * @param file the file
     * @return one row for each policy that the file has: the number of cases that differ, none allowed
     */
    public static List<ParityRow> run(Path file) {
        JsonObject json = CheckpointFolder.readJson(file);
        FimTokens fim = markers(json.getAsJsonObject("ids"));
        List<ParityRow> rows = new ArrayList<>();
        for (FimWindow.Policy policy : FimWindow.Policy.values()) {
            int cases = 0;
            int wrong = 0;
            String first = "";
            for (JsonElement element : json.getAsJsonArray("cases")) {
                JsonObject one = element.getAsJsonObject();
                if (!one.has(policy.wireName())) {
                    continue;
                }
                cases++;
                if (!agrees(one, fim, policy)) {
                    first = wrong == 0 ? "first in case " + one.get("name").getAsString() : first;
                    wrong++;
                }
            }
            if (cases > 0) {
                rows.add(ParityRow.of(
                        policy.wireName() + " windows that differ", wrong, 0, wrong == 0 ? cases + " cases" : first));
            }
        }
        return rows;
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

    private static boolean agrees(JsonObject one, FimTokens fim, FimWindow.Policy policy) {
        int[] ids = ints(one.get("ids"));
        int length = one.get("max_length").getAsInt();
        JsonElement minimum = one.get("min_length");
        // only the training code knows a least length
        boolean bounded = policy == FimWindow.Policy.MODEL && minimum != null && !minimum.isJsonNull();
        int least = bounded ? minimum.getAsInt() : 0;
        JsonObject expected = one.getAsJsonObject(policy.wireName());
        int[] gaps = IntStream.range(0, ids.length)
                .filter(i -> ids[i] == fim.suffix())
                .toArray();
        boolean tooShort = ids.length + 2 < length;
        if (tooShort ? ids.length + 2 < least : gaps.length != 1) {
            return expected.has("error");
        }
        if (!expected.has("ids")) {
            return false;
        }
        // a short case is not cut, so the place of the gap does not matter there
        int[] window = FimWindow.cut(ids, tooShort ? 0 : gaps[0], fim, length, policy);
        return Arrays.equals(window, ints(expected.get("ids")))
                && (!expected.has("length") || expected.get("length").getAsInt() == window.length)
                && (!expected.has("dropped_by_length_filter")
                        || expected.get("dropped_by_length_filter").getAsBoolean() == window.length < length);
    }

    private static int[] ints(JsonElement array) {
        return array.getAsJsonArray().asList().stream()
                .mapToInt(JsonElement::getAsInt)
                .toArray();
    }
}
