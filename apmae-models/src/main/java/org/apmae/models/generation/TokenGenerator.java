package org.apmae.models.generation;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntConsumer;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.KeyValueCache;
import org.apmae.models.target.TargetModel;

/**
 * Lets a model go on from a prompt, token by token, with hooks at every step. Borrows the model. Thread-safe.
 *
 * <p>With a cache, hooks of step 0 see the whole prompt and later hooks see one position each; without one, the hooks of each
 * step see all positions again. An intervention that acts on every position, active at every step, gives the same numbers
 * either way. One that begins at a later step does not: with a cache, earlier positions keep what they were.
 */
public final class TokenGenerator {
    private final TargetModel model;

    /**
     * Wraps a model.
     *
     * @param model the model, to be closed by the caller
     */
    public TokenGenerator(TargetModel model) {
        this.model = model;
    }

    /**
     * Generates.
     *
     * @param prompt token ids, at least one; copied
     * @param options how much and how
     * @param hooks what is active at each step
     * @return the new ids alone, the stop id included if one was met
     * @throws IllegalArgumentException if the prompt is empty, an id is outside the vocabulary, a hook's name is unknown, or a
     *     model with learned positions runs out of them
     * @throws IllegalStateException if the model is closed
     */
    public int[] generate(int[] prompt, GenerationOptions options, StepHooks hooks) {
        return generate(prompt, options, hooks, id -> {});
    }

    /**
     * Generates, handing out each id as soon as it is chosen.
     *
     * @param prompt token ids, at least one; copied
     * @param options how much and how
     * @param hooks what is active at each step
     * @param listener gets each new id, on the calling thread
     * @return the new ids alone, the stop id included if one was met
     * @throws IllegalArgumentException if the prompt is empty, an id is outside the vocabulary, a hook's name is unknown, or a
     *     model with learned positions runs out of them
     * @throws IllegalStateException if the model is closed
     */
    public int[] generate(int[] prompt, GenerationOptions options, StepHooks hooks, IntConsumer listener) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("the prompt is empty; give at least one token id");
        }
        int[] ids = Arrays.copyOf(prompt, Math.addExact(prompt.length, options.newTokens()));
        Random random = new Random(options.sampling().seed());
        int length = prompt.length;
        try (KeyValueCache cache = options.cache() ? model.newCache() : null) {
            for (int step = 0; step < options.newTokens(); step++) {
                int from = cache == null ? 0 : cache.length();
                float[] logits = logits(Arrays.copyOfRange(ids, from, length), cache, hooks.at(step));
                ids[length] = options.sampling().choose(logits, random);
                listener.accept(ids[length]);
                length++;
                if (options.stopIds().contains(ids[length - 1])) {
                    break;
                }
            }
        }
        return Arrays.copyOfRange(ids, prompt.length, length);
    }

    private float[] logits(int[] ids, KeyValueCache cache, Hooks hooks) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        try (NDManager manager = model.newManager()) {
            var input = manager.create(wide, new Shape(1, wide.length));
            return (cache == null
                            ? model.lastLogits(manager, input, hooks)
                            : model.lastLogits(manager, input, cache, hooks))
                    .toFloatArray();
        }
    }
}
