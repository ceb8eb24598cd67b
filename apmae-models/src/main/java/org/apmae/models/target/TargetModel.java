package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.apmae.core.model.ModelShape;
import org.apmae.models.runtime.Precision;

/**
 * A decoder-only language model whose inside can be watched and changed. Holds weights; thread-safe until closed.
 */
public interface TargetModel extends AutoCloseable {
    /**
     * Returns the sizes.
     *
     * @return the shape
     */
    ModelShape shape();

    /**
     * Returns the tokenizer that came with the weights.
     *
     * @return the tokenizer
     * @throws IllegalStateException if the checkpoint has none
     */
    CodeTokenizer tokenizer();

    /**
     * Returns every hook point of this model, in the order in which they fire.
     *
     * @return for example {@code blocks.0.attn.hook_pattern}
     */
    List<String> hookNames();

    /**
     * Returns a manager on the model's device. It must be closed by the caller, before the model.
     *
     * @return a new manager
     */
    NDManager newManager();

    /**
     * Runs the model.
     *
     * @param owner owner of the result, on the model's device
     * @param ids shape (B, S), int64, token ids; borrowed
     * @param hooks what to watch or change
     * @return shape (B, S, V), float32: logits
     * @throws IllegalArgumentException if an id is outside the vocabulary or a hook's name is unknown
     * @throws IllegalStateException if the model is closed
     */
    NDArray logits(NDManager owner, NDArray ids, Hooks hooks);

    /**
     * Runs the model and computes the logits of the last position only, which saves most of the output projection. Without
     * hooks attention is fused too, and the last layer runs for that position alone: several times as fast, and equal to the
     * run with hooks to rounding.
     *
     * @param owner owner of the result, on the model's device
     * @param ids shape (B, S), int64, token ids; borrowed
     * @param hooks what to watch or change
     * @return shape (B, V), float32
     * @throws IllegalArgumentException if an id is outside the vocabulary or a hook's name is unknown
     * @throws IllegalStateException if the model is closed
     */
    NDArray lastLogits(NDManager owner, NDArray ids, Hooks hooks);

    /**
     * Runs the model on prompts of several lengths, padded on the right to one, and computes the logits of each prompt's own
     * last position. Padding changes nothing before it; what hooks see at padded positions means nothing.
     *
     * @param owner owner of the result, on the model's device
     * @param ids shape (B, S), int64, token ids, with any id of the vocabulary as padding; borrowed
     * @param lengths B lengths, 1 to S
     * @param hooks what to watch or change
     * @return shape (B, V), float32
     * @throws IllegalArgumentException if an id is outside the vocabulary, a length is out of range or a hook's name is unknown
     * @throws IllegalStateException if the model is closed
     */
    NDArray lastLogits(NDManager owner, NDArray ids, int[] lengths, Hooks hooks);

    /**
     * Runs the model on the tokens that follow those in a cache, and adds them to it. Hooks see the new positions only; patterns
     * and scores have the shape (B, H, S, P + S) for P tokens in the cache.
     *
     * @param owner owner of the result, on the model's device
     * @param ids shape (B, S), int64, the new tokens; borrowed
     * @param cache what was seen before; gets the new keys and values, and is closed if the run fails
     * @param hooks what to watch or change
     * @return shape (B, V), float32: logits of the last position
     * @throws IllegalArgumentException if an id is outside the vocabulary, a hook's name is unknown, or the cache is of another
     *     model or number of prompts
     * @throws IllegalStateException if the model or the cache is closed
     */
    NDArray lastLogits(NDManager owner, NDArray ids, KeyValueCache cache, Hooks hooks);

    /**
     * Runs the model for what its hooks see, and no further: layers above the last hook are left out, and after a last {@code
     * hook_pattern} the rest of its layer too.
     *
     * @param ids shape (B, S), int64, token ids; borrowed
     * @param hooks what to watch or change
     * @throws IllegalArgumentException if an id is outside the vocabulary or a hook's name is unknown
     * @throws IllegalStateException if the model is closed
     */
    void watch(NDArray ids, Hooks hooks);

    /**
     * Prepares a batch of prompts to be run layer by layer, without hooks.
     *
     * @param owner owner of the batch's small tables, on the model's device; must outlive the steps
     * @param ids shape (B, S), int64, token ids, padded on the right with any id of the vocabulary; borrowed
     * @param lengths B lengths, 1 to S
     * @return the steps
     * @throws IllegalArgumentException if an id is outside the vocabulary or a length is out of range
     * @throws IllegalStateException if the model is closed
     */
    LayerSteps steps(NDManager owner, NDArray ids, int[] lengths);

    /**
     * One batch of prompts, run layer by layer by whoever holds it, so that what several runs have in common is computed once.
     * Attention is fused: patterns are never in memory, so results agree with {@link #lastLogits} to rounding. Thread-safe as
     * long as each call has an owner of its own.
     *
     * <p>Letters: B prompts, S tokens, C width of the residual stream, H heads of width D, V token ids. Where only a prompt's
     * last position is asked for, S is 1.
     */
    interface LayerSteps {
        /**
         * Embeds the tokens.
         *
         * @param owner owner of the result
         * @return shape (B, S, C): the residual stream before the first layer
         */
        NDArray embedded(NDManager owner);

        /**
         * Computes what the heads of a layer write, at all positions.
         *
         * @param owner owner of the result
         * @param layer zero-based layer
         * @param residual shape (B, S, C): the residual stream before the layer; borrowed
         * @return shape (B, S, H, D), as {@code hook_z} has it
         */
        NDArray heads(NDManager owner, int layer, NDArray residual);

        /**
         * Computes what the heads of a layer write at each prompt's own last position, for a layer after which nothing looks at
         * the others.
         *
         * @param owner owner of the result
         * @param layer zero-based layer
         * @param residual shape (B, S, C): the residual stream before the layer; borrowed
         * @return shape (B, 1, H, D)
         */
        NDArray lastHeads(NDManager owner, int layer, NDArray residual);

        /**
         * Finishes a layer: output projection and MLP.
         *
         * @param owner owner of the result
         * @param layer zero-based layer
         * @param residual shape (B, S, C): the residual stream before the layer; borrowed
         * @param heads shape (B, S, H, D), or (B, 1, H, D) of {@link #lastHeads}, changed or not; borrowed
         * @return shape (B, S, C) or (B, 1, C): the residual stream after the layer
         */
        NDArray finish(NDManager owner, int layer, NDArray residual, NDArray heads);

        /**
         * Computes the logits of each prompt's own last position.
         *
         * @param owner owner of the result
         * @param residual shape (B, S, C) or (B, 1, C): the residual stream after the last layer; borrowed
         * @return shape (B, V)
         */
        NDArray logits(NDManager owner, NDArray residual);
    }

    /**
     * Makes an empty cache of keys and values. It must be closed by the caller, before the model.
     *
     * @return a new cache
     * @throws IllegalStateException if the model is closed
     */
    KeyValueCache newCache();

    /**
     * Returns the precision in which matrices are held and multiplied.
     *
     * @return as asked for when the model was loaded
     */
    Precision precision();

    /**
     * Returns the size of the weights in memory.
     *
     * @return bytes
     */
    long weightBytes();

    /**
     * Measures the way this model computes against plain f32 operations on the same weights: each layer is given this model's
     * own input of that layer, so that differences do not add up, and one layer at most is held in f32 besides.
     *
     * @param ids shape (B, S), int64, token ids; borrowed
     * @return for each layer the largest absolute difference of its output
     * @throws IllegalArgumentException if an id is outside the vocabulary
     * @throws IllegalStateException if the model is closed
     */
    double[] layerDifferences(NDArray ids);

    /**
     * Returns the SHA-256 of the weights as they were loaded, for provenance: over the names, types, shapes and stored bytes of
     * the tensors in use. It is the same for one file and for shards, and does not depend on the precision they are loaded in.
     *
     * @return 64 hexadecimal digits
     */
    String weightsSha256();

    /** Releases the weights. Calling it again does nothing. */
    @Override
    void close();
}
