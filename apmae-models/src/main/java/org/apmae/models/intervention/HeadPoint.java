package org.apmae.models.intervention;

import ai.djl.ndarray.types.Shape;

/** A hook point of attention at which every head stands by itself. */
public enum HeadPoint {
    /** What a head writes before the output projection, (B, S, H, D). */
    OUTPUT("hook_z", 2),
    /** Where a head looks, (B, H, S, S), queries before keys. */
    PATTERN("hook_pattern", 1);

    private final String hook;
    private final int headAxis;

    HeadPoint(String hook, int headAxis) {
        this.hook = hook;
        this.headAxis = headAxis;
    }

    /**
     * Returns the name of the hook in one layer.
     *
     * @param layer zero-based layer
     * @return for example {@code blocks.3.attn.hook_z}
     */
    public String hookName(int layer) {
        return "blocks." + layer + ".attn." + hook;
    }

    int headAxis() {
        return headAxis;
    }

    /** The shape that broadcasts one number for each head. */
    Shape perHead(long heads) {
        return this == OUTPUT ? new Shape(1, 1, heads, 1) : new Shape(1, heads, 1, 1);
    }

    /** The shape that broadcasts one number for each query position. */
    Shape perPosition(long tokens) {
        return this == OUTPUT ? new Shape(1, tokens, 1, 1) : new Shape(1, 1, tokens, 1);
    }

    /** The axis of the query positions. */
    int tokenAxis() {
        return this == OUTPUT ? 1 : 2;
    }
}
