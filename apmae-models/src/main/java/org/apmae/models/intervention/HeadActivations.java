package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Prompt;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;

/**
 * The outputs or patterns of heads on a named set of prompts, from which interventions take their values. Immutable and
 * thread-safe.
 *
 * <p>Letters: N prompts, S tokens, D width of a head. Memory is N · S · D floats a head for outputs, N · S · S for patterns.
 */
public final class HeadActivations {
    private final String name;
    private final HeadPoint point;
    private final int tokens;
    private final SortedMap<HeadId, float[][]> values;

    private HeadActivations(String name, HeadPoint point, int tokens, SortedMap<HeadId, float[][]> values) {
        this.name = name;
        this.point = point;
        this.tokens = tokens;
        this.values = values;
    }

    /**
     * Runs prompts, one by one, and keeps what the heads do.
     *
     * @param name name of the set, for the ids of interventions: letters, digits, {@code .}, {@code _} and {@code -}
     * @param model the model
     * @param point what to keep
     * @param prompts N prompts of one length, at least one
     * @param heads the heads
     * @return the activations
     * @throws IllegalArgumentException if there is no prompt, their lengths differ, a head does not exist or the name has
     *     other characters
     */
    public static HeadActivations record(
            String name, TargetModel model, HeadPoint point, List<Prompt> prompts, Collection<HeadId> heads) {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException(
                    "the name of a reference set is '" + name + "'; use letters, digits, '.', '_' and '-'");
        }
        if (prompts.isEmpty()
                || prompts.stream().mapToInt(Prompt::length).distinct().count() != 1) {
            throw new IllegalArgumentException("the reference set '" + name + "' has prompts of the lengths "
                    + prompts.stream().map(Prompt::length).distinct().toList()
                    + "; give at least one, all equally long");
        }
        SortedSet<HeadId> sorted = Blend.sorted(heads);
        sorted.forEach(model.shape()::indexOf);
        SortedMap<HeadId, float[][]> values = new TreeMap<>();
        sorted.forEach(head -> values.put(head, new float[prompts.size()][]));
        for (int n = 0; n < prompts.size(); n++) {
            read(model, point, prompts.get(n), n, values);
        }
        return new HeadActivations(name, point, prompts.get(0).length(), values);
    }

    private static void read(
            TargetModel model, HeadPoint point, Prompt prompt, int number, Map<HeadId, float[][]> values) {
        Hooks hooks = Hooks.none();
        for (int layer :
                values.keySet().stream().mapToInt(HeadId::layer).distinct().toArray()) {
            hooks = hooks.with(point.hookName(layer), (scratch, activation) -> {
                values.forEach((head, kept) -> {
                    if (head.layer() == layer) {
                        kept[number] = one(scratch, point, activation, head.head());
                    }
                });
                return activation;
            });
        }
        try (NDManager manager = model.newManager()) {
            long[] ids = Arrays.stream(prompt.ids()).asLongStream().toArray();
            model.lastLogits(manager, manager.create(ids, new Shape(1, ids.length)), hooks);
        }
    }

    private static float[] one(NDManager scratch, HeadPoint point, NDArray activation, int head) {
        String index = point == HeadPoint.OUTPUT ? "0, :, {}" : "0, {}";
        try (NDList part = new NDList(activation.get(scratch, new NDIndex(index, head)))) {
            return part.singletonOrThrow().toFloatArray();
        }
    }

    /**
     * Returns the name.
     *
     * @return the name of the set
     */
    public String name() {
        return name;
    }

    /**
     * Returns what was kept.
     *
     * @return outputs or patterns
     */
    public HeadPoint point() {
        return point;
    }

    /**
     * Returns the number of prompts.
     *
     * @return N
     */
    public int prompts() {
        return values.isEmpty() ? 0 : values.get(values.firstKey()).length;
    }

    /**
     * Returns the length of the prompts.
     *
     * @return S
     */
    public int tokens() {
        return tokens;
    }

    /**
     * Returns the heads.
     *
     * @return in ascending order
     */
    public List<HeadId> heads() {
        return List.copyOf(values.keySet());
    }

    /**
     * Returns what a head did on one prompt.
     *
     * @param head one of {@link #heads()}
     * @param prompt 0 to N - 1
     * @return S rows of D numbers for outputs, of S numbers for patterns, one after the other; a copy
     * @throws IllegalArgumentException if the head or the prompt is not in the set
     */
    public float[] of(HeadId head, int prompt) {
        float[][] all = all(head);
        if (prompt < 0 || prompt >= all.length) {
            throw new IllegalArgumentException("there is no prompt " + prompt + " in the reference set '" + name
                    + "'; allowed is 0 to " + (all.length - 1));
        }
        return all[prompt].clone();
    }

    /**
     * Returns the mean over the prompts.
     *
     * @param head one of {@link #heads()}
     * @return S rows of D numbers for outputs, of S numbers for patterns, one after the other
     * @throws IllegalArgumentException if the head is not in the set
     */
    public float[] mean(HeadId head) {
        float[][] all = all(head);
        double[] sum = new double[all[0].length];
        for (float[] one : all) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += one[i];
            }
        }
        float[] mean = new float[sum.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) (sum[i] / all.length);
        }
        return mean;
    }

    private float[][] all(HeadId head) {
        float[][] all = values.get(head);
        if (all == null) {
            throw new IllegalArgumentException("the reference set '" + name + "' has no head " + head
                    + "; record it with the heads that the intervention changes");
        }
        return all;
    }
}
