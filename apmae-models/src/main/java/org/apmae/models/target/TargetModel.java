package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.apmae.core.model.ModelShape;

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
     * Runs the model and computes the logits of the last position only, which saves most of the output projection.
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
     * Returns the SHA-256 of the weights as they were loaded, for provenance.
     *
     * @return 64 hexadecimal digits
     */
    String weightsSha256();

    /** Releases the weights. Calling it again does nothing. */
    @Override
    void close();
}
