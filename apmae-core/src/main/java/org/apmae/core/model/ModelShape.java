package org.apmae.core.model;

/**
 * The sizes of a decoder-only transformer that the other stages need.
 *
 * @param layers number of layers, L
 * @param heads query heads of a layer, H
 * @param keyValueHeads key-value heads of a layer, K; divides H
 * @param headWidth width of a head, D
 * @param hidden width of the residual stream
 * @param vocabulary number of token ids
 */
public record ModelShape(int layers, int heads, int keyValueHeads, int headWidth, int hidden, int vocabulary) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if a size is below 1 or K does not divide H
     */
    public ModelShape {
        if (layers < 1 || heads < 1 || keyValueHeads < 1 || headWidth < 1 || hidden < 1 || vocabulary < 1) {
            throw new IllegalArgumentException("all sizes of a model must be 1 or more, not layers " + layers
                    + ", heads " + heads + ", key-value heads " + keyValueHeads + ", head width " + headWidth
                    + ", hidden " + hidden + ", vocabulary " + vocabulary);
        }
        if (heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(keyValueHeads + " key-value heads do not divide " + heads
                    + " query heads; grouped-query attention needs a whole group for each");
        }
    }

    /**
     * Returns the number of query heads of the whole model.
     *
     * @return L times H
     */
    public int totalHeads() {
        return layers * heads;
    }

    /**
     * Returns the position of a head when all heads are written one after another, layer by layer.
     *
     * @param head the head
     * @return 0 to {@link #totalHeads()} - 1
     * @throws IllegalArgumentException if this model has no such head
     */
    public int indexOf(HeadId head) {
        if (head.layer() >= layers || head.head() >= heads) {
            throw new IllegalArgumentException(
                    "there is no head " + head + "; the model has " + layers + " layers of " + heads + " heads");
        }
        return head.layer() * heads + head.head();
    }

    /**
     * Returns the head at a position, the inverse of {@link #indexOf}.
     *
     * @param index 0 to {@link #totalHeads()} - 1
     * @return the head
     * @throws IllegalArgumentException if the index is out of range
     */
    public HeadId headAt(int index) {
        if (index < 0 || index >= totalHeads()) {
            throw new IllegalArgumentException(
                    "head index " + index + " is out of range; the model has " + totalHeads() + " heads");
        }
        return new HeadId(index / heads, index % heads);
    }
}
