package org.apmae.models.intervention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;

/** Several interventions, one after the other. Immutable and thread-safe. */
public final class Composition implements HeadIntervention {
    private final List<HeadIntervention> parts;
    private final SortedSet<HeadId> heads;
    private final SortedSet<HeadId> patternHeads;

    /**
     * Chooses the parts.
     *
     * @param parts in the order in which they act; a later one sees what an earlier one left
     */
    public Composition(List<HeadIntervention> parts) {
        this.parts = List.copyOf(parts);
        this.heads = union(HeadIntervention::heads);
        this.patternHeads = union(HeadIntervention::patternHeads);
    }

    private SortedSet<HeadId> union(Function<HeadIntervention, Set<HeadId>> of) {
        return Collections.unmodifiableSortedSet(
                parts.stream().flatMap(part -> of.apply(part).stream()).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Override
    public Set<HeadId> heads() {
        return heads;
    }

    @Override
    public Set<HeadId> patternHeads() {
        return patternHeads;
    }

    @Override
    public NDArray apply(NDManager scratch, int layer, NDArray z) {
        return inTurn(scratch, layer, z, HeadIntervention::heads, HeadIntervention::apply);
    }

    @Override
    public NDArray applyToPattern(NDManager scratch, int layer, NDArray pattern) {
        return inTurn(scratch, layer, pattern, HeadIntervention::patternHeads, HeadIntervention::applyToPattern);
    }

    private interface Change {
        NDArray apply(HeadIntervention part, NDManager scratch, int layer, NDArray activation);
    }

    private NDArray inTurn(
            NDManager scratch,
            int layer,
            NDArray activation,
            Function<HeadIntervention, Set<HeadId>> of,
            Change change) {
        NDArray current = activation.duplicate();
        current.attach(scratch);
        for (HeadIntervention part : parts) {
            if (of.apply(part).stream().anyMatch(head -> head.layer() == layer)) {
                NDArray next = change.apply(part, scratch, layer, current);
                current.close();
                current = next;
            }
        }
        return current;
    }

    @Override
    public String id() {
        return parts.stream().map(HeadIntervention::id).collect(Collectors.joining("|"));
    }
}
