package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;

/**
 * Puts values from a reference set in the place of what heads write or where they look: their mean (mean ablation), those of
 * a prompt drawn for each head (resample ablation), or those of one prompt (activation patching). Immutable and thread-safe.
 *
 * <p>The prompts of a run must be as long as those of the reference set.
 *
 * @see <a href="https://arxiv.org/abs/2309.16042">Towards Best Practices of Activation Patching in Language Models</a>
 */
public final class HeadReplacement implements HeadIntervention {
    private final String id;
    private final HeadPoint point;
    private final int tokens;
    private final SortedMap<HeadId, float[]> values;

    private HeadReplacement(
            String kind, HeadActivations reference, Collection<HeadId> heads, Function<HeadId, float[]> value) {
        SortedMap<HeadId, float[]> found = new TreeMap<>();
        Blend.sorted(heads).forEach(head -> found.put(head, value.apply(head)));
        this.values = Collections.unmodifiableSortedMap(found);
        this.point = reference.point();
        this.tokens = reference.tokens();
        this.id = kind + (point == HeadPoint.PATTERN ? ",pattern" : "") + "):" + Blend.names(found.keySet());
    }

    /**
     * Replaces by the mean over the reference prompts, position by position.
     *
     * @param reference where the values come from
     * @param heads heads of the reference set; one named twice counts once
     * @return the intervention
     * @throws IllegalArgumentException if the reference set lacks a head
     */
    public static HeadReplacement mean(HeadActivations reference, Collection<HeadId> heads) {
        return new HeadReplacement("mean(" + reference.name(), reference, heads, reference::mean);
    }

    /**
     * Replaces each head by what it did on a reference prompt of its own, the same one for all prompts of a run, so that the
     * result does not depend on how they are batched; several seeds give several draws.
     *
     * @param reference where the values come from
     * @param heads heads of the reference set; one named twice counts once
     * @param seed seed of the draw
     * @return the intervention
     * @throws IllegalArgumentException if the reference set lacks a head
     */
    public static HeadReplacement resample(HeadActivations reference, Collection<HeadId> heads, long seed) {
        return new HeadReplacement(
                "resample(" + reference.name() + ",seed=" + seed,
                reference,
                heads,
                // a draw by head, not by order: a head gets the same prompt whatever other heads are changed
                head -> reference.of(
                        head,
                        new Random(seed * 0x9E3779B97F4A7C15L
                                        + (1000L * head.layer() + head.head()) * 0xD1B54A32D192ED03L)
                                .nextInt(reference.prompts())));
    }

    /**
     * Replaces by what the heads did on one reference prompt.
     *
     * @param reference where the values come from
     * @param prompt 0 to N - 1
     * @param heads heads of the reference set; one named twice counts once
     * @return the intervention
     * @throws IllegalArgumentException if the reference set lacks a head or the prompt
     */
    public static HeadReplacement patch(HeadActivations reference, int prompt, Collection<HeadId> heads) {
        return new HeadReplacement(
                "patch(" + reference.name() + "," + prompt, reference, heads, head -> reference.of(head, prompt));
    }

    @Override
    public Set<HeadId> heads() {
        return point == HeadPoint.OUTPUT ? values.keySet() : Set.of();
    }

    @Override
    public Set<HeadId> patternHeads() {
        return point == HeadPoint.PATTERN ? values.keySet() : Set.of();
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        return replace(scratch, layer, z, HeadPoint.OUTPUT);
    }

    @Override
    public NDArray applyToPattern(NDManager scratch, int layer, NDArray pattern) {
        return replace(scratch, layer, pattern, HeadPoint.PATTERN);
    }

    private NDArray replace(NDManager scratch, int layer, NDArray activation, HeadPoint at) {
        Map<HeadId, float[]> replaced = at == point ? values : Map.of();
        long given = activation.getShape().get(at.tokenAxis());
        if (at == point && given != tokens) {
            throw new IllegalArgumentException("the run has prompts of " + given + " tokens and the reference set of "
                    + id + " has " + tokens + "; record a reference set of the same length");
        }
        return Blend.replace(scratch, layer, activation, at, replaced, Math.toIntExact(given));
    }

    @Override
    public String id() {
        return id;
    }
}
