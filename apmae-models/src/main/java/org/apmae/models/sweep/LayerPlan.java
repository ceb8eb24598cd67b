package org.apmae.models.sweep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.models.intervention.HeadScaling;
import org.apmae.models.intervention.ZeroAblation;

/**
 * The settings as a tree: at each layer those part that do something else there, and what stands above a parting is computed
 * once for all below it. Immutable and thread-safe.
 */
final class LayerPlan {
    private final int layers;
    private final List<HeadIntervention> settings;
    /** One key for each setting and layer; equal keys do the same there. Empty: nothing. */
    private final String[][] keys;

    LayerPlan(List<HeadIntervention> settings, int layers) {
        this.layers = layers;
        this.settings = List.copyOf(settings);
        this.keys = new String[settings.size()][layers];
        for (int s = 0; s < keys.length; s++) {
            for (int layer = 0; layer < layers; layer++) {
                keys[s][layer] = key(s, layer);
            }
        }
    }

    /**
     * Whether an intervention changes outputs only, so that it can be given them layer by layer.
     */
    static boolean layerwise(HeadIntervention setting) {
        return setting.patternHeads().isEmpty();
    }

    /** Multiplying is the same at every position and for every layer by itself; of others nothing is known. */
    static boolean multiplies(HeadIntervention setting) {
        return (setting.heads().isEmpty() && setting.patternHeads().isEmpty())
                || setting instanceof ZeroAblation
                || setting instanceof HeadScaling;
    }

    private String key(int s, int layer) {
        HeadIntervention setting = settings.get(s);
        SortedSet<HeadId> here = inLayer(setting.heads(), layer);
        if (here.isEmpty()) {
            return "";
        }
        // the ids of these two name the factor, then the heads
        return multiplies(setting) ? setting.id().substring(0, setting.id().indexOf(':')) + here : "setting " + s;
    }

    private static SortedSet<HeadId> inLayer(Set<HeadId> heads, int layer) {
        SortedSet<HeadId> here = new TreeSet<>();
        for (HeadId head : heads) {
            if (head.layer() == layer) {
                here.add(head);
            }
        }
        return here;
    }

    List<Integer> all() {
        List<Integer> all = new ArrayList<>();
        for (int s = 0; s < keys.length; s++) {
            all.add(s);
        }
        return all;
    }

    /** The settings ordered so that those with long common prefixes stand together. */
    int[] byPrefix() {
        return all().stream()
                .sorted((a, b) -> Arrays.compare(keys[a], keys[b]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    HeadIntervention setting(int s) {
        return settings.get(s);
    }

    /** Those that do the same in a layer, in the order of their first. */
    List<List<Integer>> branches(List<Integer> some, int layer) {
        Map<String, List<Integer>> branches = new LinkedHashMap<>();
        for (int s : some) {
            branches.computeIfAbsent(keys[s][layer], key -> new ArrayList<>()).add(s);
        }
        return new ArrayList<>(branches.values());
    }

    boolean changes(int s, int layer) {
        return !keys[s][layer].isEmpty();
    }

    /** Whether the last position alone is enough in a layer that nothing follows. */
    boolean lastAlone(List<Integer> some, int layer) {
        return some.stream().allMatch(s -> !changes(s, layer) || multiplies(settings.get(s)));
    }

    /** Layers run for one prompt: attention counts half a layer and the rest of it the other half; the last hardly anything. */
    double layersRun() {
        return layersRun(all(), 0);
    }

    private double layersRun(List<Integer> some, int layer) {
        if (some.isEmpty()) {
            return 0;
        }
        if (layer == layers - 1) {
            return lastAlone(some, layer) ? 0.2 : 0.5;
        }
        double run = 0.5;
        for (List<Integer> branch : branches(some, layer)) {
            run += 0.5 + layersRun(branch, layer + 1);
        }
        return run;
    }
}
