package org.apmae.models.recording;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimTokens;
import org.apmae.models.target.FimWindow;

/**
 * Makes prompts of a fixed length from scenarios, by one of the published window policies. Thread-safe.
 *
 * <p>The first token of the target is that of the target tokenised alone, as published; {@link #contextChangesFirstToken} says
 * where the text around it would give another.
 *
 * @see FimWindow
 */
public final class PromptFactory {
    /** Characters on either side of a target that are tokenised with it, up to the next place where a text can be cut. */
    private static final int CONTEXT = 64;
    /** Characters for each token wanted, at first; Java has 3 to 4 to a token, and too few cost a second encoding. */
    private static final int REACH = 5;

    private final CodeTokenizer tokenizer;
    private final FimTokens fim;
    private final int window;
    private final long seed;
    private final FimWindow.Policy policy;

    /**
     * Takes the default policy, {@link FimWindow.Policy#MODEL}.
     *
     * @param tokenizer the target model's tokenizer; its fill-in-the-middle ids are read from it
     * @param window length of every prompt in tokens; the paper uses 256
     * @param seed seed of the random ids of noise prompts
     * @throws IllegalArgumentException if the window is below 4
     */
    public PromptFactory(CodeTokenizer tokenizer, int window, long seed) {
        this(tokenizer, window, seed, FimWindow.Policy.MODEL);
    }

    /**
     * Fixes the policy.
     *
     * @param tokenizer the target model's tokenizer; its fill-in-the-middle ids are read from it
     * @param window length of every prompt in tokens; the paper uses 256
     * @param seed seed of the random ids of noise prompts
     * @param policy how the window is cut
     * @throws IllegalArgumentException if the window is below 4
     */
    public PromptFactory(CodeTokenizer tokenizer, int window, long seed, FimWindow.Policy policy) {
        if (window < 4) {
            throw new IllegalArgumentException("a window of " + window
                    + " tokens cannot hold three markers and a token; choose 4 or more, 256 as the paper does");
        }
        this.tokenizer = tokenizer;
        this.fim = tokenizer.fimTokens();
        this.window = window;
        this.seed = seed;
        this.policy = policy;
    }

    /**
     * Makes the prompt of a scenario.
     *
     * @param scenario the scenario
     * @param rejections told why, where no prompt can be made: {@code window_not_filled} or {@code target_without_token}
     * @return the prompt, of exactly the window's length, or nothing
     */
    public Optional<Prompt> prompt(Scenario scenario, Consumer<Rejection> rejections) {
        String text = scenario.source().text();
        int[] ids = FimWindow.layOut(
                encodeTail(text.substring(0, scenario.start())),
                encodeHead(text.substring(scenario.end())),
                fim,
                window,
                policy);
        if (ids.length < window) {
            rejections.accept(new Rejection(
                    scenario.source().path(),
                    "window_not_filled",
                    ids.length + " tokens where " + window + " are needed"));
            return Optional.empty();
        }
        if (scenario.task() == CompletionTask.NOISE) {
            return Optional.of(noise(scenario, ids));
        }
        int[] target = tokenizer.encode(scenario.target());
        if (target.length == 0) {
            rejections.accept(new Rejection(
                    scenario.source().path(), "target_without_token", "the target has no token of its own"));
            return Optional.empty();
        }
        return Optional.of(new Prompt(scenario.id(), scenario.task(), ids, target[0]));
    }

    /**
     * Says whether the target's first token would be another one, or would begin before the target, if the target were tokenised
     * together with the text around it. Such a prompt asks for a token that the model has seldom seen there.
     *
     * @param scenario the scenario
     * @return false where both agree, and for scenarios without a target
     */
    public boolean contextChangesFirstToken(Scenario scenario) {
        int[] alone = tokenizer.encode(scenario.target());
        if (alone.length == 0) {
            return false;
        }
        String text = scenario.source().text();
        int from = 0;
        int to = text.length();
        if (tokenizer.splitsAtWhitespace()) {
            from = Math.max(0, scenario.start() - CONTEXT);
            while (from > 0 && !boundary(text, from)) {
                from--;
            }
            to = Math.min(to, scenario.end() + CONTEXT);
            while (to < text.length() && !boundary(text, to)) {
                to++;
            }
        }
        String before = text.substring(from, scenario.start());
        int[] left = tokenizer.encode(before);
        int[] whole = tokenizer.encode(text.substring(from, to));
        int same = Arrays.mismatch(left, whole);
        if (same == left.length) {
            return whole[same] != alone[0];
        }
        // The text after may have changed how the text before is split, and a token may still begin at the target.
        for (int k = same + 1; k < whole.length; k++) {
            String split = tokenizer.decode(Arrays.copyOf(whole, k));
            if (split.equals(before)) {
                return whole[k] != alone[0];
            }
            if (split.length() > before.length() + 3) { // a part of a character may decode to more units than the whole
                return true;
            }
        }
        return true;
    }

    private Prompt noise(Scenario scenario, int[] ids) {
        Random random = new Random(seed ^ Long.parseUnsignedLong(scenario.id().substring(0, 16), 16));
        Set<Integer> special = tokenizer.specialIds();
        int[] noise = ids.clone();
        for (int i = 0; i < noise.length; i++) {
            if (noise[i] != fim.prefix() && noise[i] != fim.suffix() && noise[i] != fim.middle()) {
                do {
                    noise[i] = random.nextInt(tokenizer.size());
                } while (special.contains(noise[i]));
            }
        }
        return new Prompt(scenario.id(), scenario.task(), noise, Prompt.NO_TARGET);
    }

    /** Encodes the end of a text: at least as many ids as a window can use, and the same ones as of the whole text. */
    private int[] encodeTail(String text) {
        for (int reach = REACH * window; tokenizer.splitsAtWhitespace(); reach *= 2) {
            int cut = text.length() - reach;
            while (cut > 0 && !boundary(text, cut)) {
                cut--;
            }
            if (cut <= 0) {
                break;
            }
            int[] ids = tokenizer.encode(text.substring(cut));
            if (ids.length >= window) {
                return ids;
            }
        }
        return tokenizer.encode(text);
    }

    private int[] encodeHead(String text) {
        for (int reach = REACH * window; tokenizer.splitsAtWhitespace(); reach *= 2) {
            int cut = reach;
            while (cut < text.length() && !boundary(text, cut)) {
                cut++;
            }
            if (cut >= text.length()) {
                break;
            }
            int[] ids = tokenizer.encode(text.substring(0, cut));
            if (ids.length >= window) {
                return ids;
            }
        }
        return tokenizer.encode(text);
    }

    private static boolean boundary(String text, int at) {
        return text.charAt(at) == '\n' && text.charAt(at - 1) > ' ' && text.charAt(at - 1) < 127;
    }
}
