package org.apmae.core.model;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;

/** Which heads to record. Immutable and thread-safe. */
@SuppressWarnings("serial") // the set is a TreeSet
public final class HeadSelection implements Serializable {
    private static final long serialVersionUID = 1;

    private final SortedSet<HeadId> heads;

    private HeadSelection(SortedSet<HeadId> heads) {
        this.heads = heads;
    }

    /**
     * Selects every head.
     *
     * @param shape the model
     * @return the selection
     */
    public static HeadSelection all(ModelShape shape) {
        TreeSet<HeadId> heads = new TreeSet<>();
        for (int i = 0; i < shape.totalHeads(); i++) {
            heads.add(shape.headAt(i));
        }
        return new HeadSelection(heads);
    }

    /**
     * Selects the heads given.
     *
     * @param heads the heads; may be empty, then only verdicts are produced
     * @return the selection
     */
    public static HeadSelection of(Collection<HeadId> heads) {
        return new HeadSelection(new TreeSet<>(heads));
    }

    /**
     * Draws the same share of heads from every layer, as the training of an AP-MAE does.
     *
     * @param shape the model
     * @param share above 0, at most 1; at least one head of every layer is drawn
     * @param seed seed of the draw
     * @return the selection
     * @throws IllegalArgumentException if the share is out of range
     */
    public static HeadSelection layerwise(ModelShape shape, double share, long seed) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share is " + share + "; it must be above 0 and at most 1");
        }
        int count = Math.max(1, (int) Math.round(share * shape.heads()));
        Random random = new Random(seed);
        TreeSet<HeadId> heads = new TreeSet<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            List<Integer> order = new ArrayList<>();
            for (int head = 0; head < shape.heads(); head++) {
                order.add(head);
            }
            Collections.shuffle(order, random);
            for (int head : order.subList(0, count)) {
                heads.add(new HeadId(layer, head));
            }
        }
        return new HeadSelection(heads);
    }

    /**
     * Returns the heads selected in one layer.
     *
     * @param layer zero-based layer
     * @return the heads in ascending order, possibly none
     */
    public List<HeadId> inLayer(int layer) {
        return List.copyOf(heads.subSet(new HeadId(layer, 0), new HeadId(layer + 1, 0)));
    }

    /**
     * Returns all selected heads.
     *
     * @return in ascending order
     */
    public List<HeadId> heads() {
        return List.copyOf(heads);
    }

    /**
     * Checks that a model has all selected heads.
     *
     * @param shape the model
     * @throws IllegalArgumentException if a selected head does not exist
     */
    public void check(ModelShape shape) {
        heads.forEach(shape::indexOf);
    }
}
