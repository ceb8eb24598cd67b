package org.apmae.examples.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;

/** Prompts of random tokens, the same ones each time. */
final class RandomPrompts {
    private static final int FIRST_ORDINARY_TOKEN = 8;

    private RandomPrompts() {}

    static List<Prompt> of(int count, int tokens, int vocabulary) {
        Random random = new Random(5);
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = random.ints(tokens, FIRST_ORDINARY_TOKEN, vocabulary).toArray();
            prompts.add(new Prompt("scenario" + i, CompletionTask.RANDOM, ids, ids[0]));
        }
        return prompts;
    }
}
