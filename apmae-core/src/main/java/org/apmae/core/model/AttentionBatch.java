package org.apmae.core.model;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * The attention patterns of some heads of one layer over a batch of prompts.
 *
 * @param prompts the B prompts, all of S tokens
 * @param layer the layer
 * @param heads the h selected heads of this layer, ascending
 * @param patterns shape (B, h, S, S), float32, on the model's device: row = query, column = key, rows sum to 1, entries
 *     above the diagonal are exactly 0; borrowed, valid during the call only, not to be written or closed
 */
public record AttentionBatch(List<Prompt> prompts, int layer, List<HeadId> heads, NDArray patterns) {
    /** Copies the lists. */
    public AttentionBatch {
        prompts = List.copyOf(prompts);
        heads = List.copyOf(heads);
    }
}
