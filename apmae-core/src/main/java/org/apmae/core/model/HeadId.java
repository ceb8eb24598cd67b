package org.apmae.core.model;

import java.io.Serializable;

/**
 * One query head of one layer.
 *
 * @param layer zero-based layer
 * @param head zero-based query head in the layer
 */
public record HeadId(int layer, int head) implements Comparable<HeadId>, Serializable {
    /**
     * Checks the indices.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public HeadId {
        if (layer < 0 || head < 0) {
            throw new IllegalArgumentException(
                    "layer " + layer + " and head " + head + " must both be 0 or more; indices are zero-based");
        }
    }

    /**
     * Returns the usual short name.
     *
     * @return for example {@code L3H5}
     */
    @Override
    public String toString() {
        return "L" + layer + "H" + head;
    }

    /**
     * Reads a name as {@link #toString()} writes it.
     *
     * @param name for example {@code L3H5}
     * @return the head
     * @throws IllegalArgumentException if the name is not of that form
     */
    public static HeadId parse(String name) {
        int h = name.indexOf('H');
        try {
            if (name.startsWith("L") && h > 1) {
                return new HeadId(Integer.parseInt(name.substring(1, h)), Integer.parseInt(name.substring(h + 1)));
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + name + "' names no head; write L3H5 for head 5 of layer 3", e);
        }
        throw new IllegalArgumentException("'" + name + "' names no head; write L3H5 for head 5 of layer 3");
    }

    @Override
    public int compareTo(HeadId other) {
        return layer != other.layer ? Integer.compare(layer, other.layer) : Integer.compare(head, other.head);
    }
}
