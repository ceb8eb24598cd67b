package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/**
 * The keys and values of the tokens that a model has seen, so that the next token costs one position only. Keys are kept after
 * {@code hook_k} and the rotation, values after {@code hook_v}: what hooks change there stays changed in later steps.
 *
 * <p>Holds native memory. Not thread-safe. A run that fails closes its cache.
 *
 * @see TargetModel#newCache()
 */
public final class KeyValueCache implements AutoCloseable {
    private final TargetModel model;
    private final NDManager manager;
    private final NDArray[] keys;
    private final NDArray[] values;
    private long batch;
    private int length;
    private boolean closed;

    KeyValueCache(TargetModel model, NDManager manager) {
        this.model = model;
        this.manager = manager;
        this.keys = new NDArray[model.shape().layers()];
        this.values = new NDArray[model.shape().layers()];
    }

    /**
     * Returns the number of tokens seen.
     *
     * @return 0 or more
     */
    public int length() {
        return length;
    }

    void check(TargetModel user, long prompts) {
        if (closed) {
            throw new IllegalStateException("this cache is closed; make another one and start from the whole prompt");
        }
        if (user != model) {
            throw new IllegalArgumentException(
                    "this cache belongs to another model; make one with the model that runs");
        }
        if (length > 0 && prompts != batch) {
            throw new IllegalArgumentException("this cache holds " + batch + " prompts, but " + prompts
                    + " are given; go on with the same prompts");
        }
        batch = prompts;
    }

    /** Adds keys and values of shape (B, S, K, D) and returns all of them; the cache owns the results. */
    NDArray[] append(int layer, NDArray key, NDArray value) {
        keys[layer] = joined(keys[layer], key);
        values[layer] = joined(values[layer], value);
        return new NDArray[] {keys[layer], values[layer]};
    }

    private NDArray joined(NDArray old, NDArray more) {
        NDArray all = old == null ? more.duplicate() : NDArrays.concat(new NDList(old, more), 1);
        all.attach(manager);
        if (old != null) {
            old.close();
        }
        return all;
    }

    void advance(long tokens) {
        length += (int) tokens;
    }

    /** Releases keys and values. Calling it again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            manager.close();
        }
    }
}
