package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;

/**
 * The hooks of one run, by TransformerLens's names. Immutable and thread-safe.
 *
 * <p>Hooks are passed to each run and never registered on a model. A name that the model does not have is an error that lists
 * the nearest ones.
 *
 * @see TargetModel#hookNames()
 */
public final class Hooks {
    private static final Hooks NONE = new Hooks(Map.of());

    private final Map<String, List<Hook>> byName;

    private Hooks(Map<String, List<Hook>> byName) {
        this.byName = byName;
    }

    /**
     * Returns no hooks.
     *
     * @return an empty set
     */
    public static Hooks none() {
        return NONE;
    }

    /**
     * Adds a hook; several on one name run in the order they were added.
     *
     * @param name for example {@code blocks.3.attn.hook_z}
     * @param hook what to do
     * @return a new set
     */
    public Hooks with(String name, Hook hook) {
        Map<String, List<Hook>> copy = new TreeMap<>(byName);
        List<Hook> list = new ArrayList<>(copy.getOrDefault(name, List.of()));
        list.add(hook);
        copy.put(name, List.copyOf(list));
        return new Hooks(copy);
    }

    /**
     * Adds the hooks that an intervention needs: on {@code hook_z} of every layer where it changes outputs, and on {@code
     * hook_pattern} of every layer where it changes patterns.
     *
     * @param intervention what to change
     * @return a new set
     */
    public Hooks with(HeadIntervention intervention) {
        Hooks hooks = this;
        for (int layer : layers(intervention.heads())) {
            hooks = hooks.with(
                    "blocks." + layer + ".attn.hook_z", (scratch, z) -> intervention.apply(scratch, layer, z));
        }
        for (int layer : layers(intervention.patternHeads())) {
            hooks = hooks.with(
                    "blocks." + layer + ".attn.hook_pattern",
                    (scratch, pattern) -> intervention.applyToPattern(scratch, layer, pattern));
        }
        return hooks;
    }

    private static int[] layers(Set<HeadId> heads) {
        return heads.stream().mapToInt(HeadId::layer).distinct().toArray();
    }

    boolean isEmpty() {
        return byName.isEmpty();
    }

    /** Whether a hook stands on a point whose name begins so. */
    boolean watch(String prefix) {
        return byName.keySet().stream().anyMatch(name -> name.startsWith(prefix));
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    NDArray apply(String name, NDManager scratch, NDArray activation) {
        NDArray current = activation;
        for (Hook hook : byName.getOrDefault(name, List.of())) {
            NDArray next = hook.apply(scratch, current);
            if (next == null
                    || !next.getShape().equals(current.getShape())
                    || next.getDataType() != current.getDataType()) {
                throw new IllegalArgumentException("the hook on " + name + " returned "
                        + (next == null ? "null" : next.getShape() + " " + next.getDataType()) + " for "
                        + current.getShape() + " " + current.getDataType()
                        + "; return the activation itself or one of the same shape and type");
            }
            current = next;
        }
        return current;
    }

    void check(List<String> known) {
        for (String name : byName.keySet()) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException("the model has no hook point '" + name + "'; the nearest are "
                        + known.stream()
                                .sorted(Comparator.comparingInt((String k) -> distance(k, name)))
                                .limit(3)
                                .collect(Collectors.joining(", ")));
            }
        }
    }

    /** Levenshtein distance. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
