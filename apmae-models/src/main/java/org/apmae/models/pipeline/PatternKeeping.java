package org.apmae.models.pipeline;

import java.io.Serializable;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Prompt;

/**
 * Which raw attention patterns a recording keeps beside the encodings: nothing unless asked, and each condition adds to what
 * is kept. Immutable and thread-safe.
 *
 * <p>A pattern of S tokens takes S (S + 1) bytes: 66 KB at 256 tokens, where its encoding takes 1 KB.
 */
@SuppressWarnings("serial") // sets and map are serializable copies
public final class PatternKeeping implements Serializable {
    private static final long serialVersionUID = 1;

    private final Set<HeadId> heads;
    private final double share;
    private final long seed;
    private final boolean wrong;
    private final Map<String, Set<HeadId>> pairs;

    private PatternKeeping(Set<HeadId> heads, double share, long seed, boolean wrong, Map<String, Set<HeadId>> pairs) {
        this.heads = heads;
        this.share = share;
        this.seed = seed;
        this.wrong = wrong;
        this.pairs = pairs;
    }

    /**
     * Keeps nothing.
     *
     * @return the policy
     */
    public static PatternKeeping none() {
        return new PatternKeeping(Set.of(), 0, 0, false, Map.of());
    }

    /**
     * Keeps all scenarios' patterns of some heads.
     *
     * @param named the heads
     * @return a copy with it
     */
    public PatternKeeping withHeads(Collection<HeadId> named) {
        return new PatternKeeping(Set.copyOf(named), share, seed, wrong, pairs);
    }

    /**
     * Keeps all heads' patterns of a sample of the scenarios. Whether a scenario is in it depends on its id and the seed
     * alone.
     *
     * @param part expected part of the scenarios, 0 to 1
     * @param sampleSeed seed of the draw
     * @return a copy with it
     * @throws IllegalArgumentException if the part is out of range
     */
    public PatternKeeping withSample(double part, long sampleSeed) {
        if (!(part >= 0 && part <= 1)) {
            throw new IllegalArgumentException("the sample is " + part + " of the scenarios; give 0 to 1");
        }
        return new PatternKeeping(heads, part, sampleSeed, wrong, pairs);
    }

    /**
     * Keeps all heads' patterns of the scenarios that have a target and were not predicted right.
     *
     * @return a copy with it
     */
    public PatternKeeping withWrongAnswers() {
        return new PatternKeeping(heads, share, seed, true, pairs);
    }

    /**
     * Keeps single patterns, such as the medoids of clusters.
     *
     * @param named heads by scenario id
     * @return a copy with it
     */
    public PatternKeeping withPatterns(Map<String, Set<HeadId>> named) {
        Map<String, Set<HeadId>> copy = new HashMap<>();
        named.forEach((id, set) -> copy.put(id, Set.copyOf(set)));
        return new PatternKeeping(heads, share, seed, wrong, Map.copyOf(copy));
    }

    /** Whether the pattern is kept whatever the model predicts. */
    boolean always(Prompt prompt, HeadId head) {
        return heads.contains(head)
                || pairs.getOrDefault(prompt.scenarioId(), Set.of()).contains(head)
                || (share > 0 && draw(prompt.scenarioId()) < share);
    }

    /** Whether the pattern is kept if the prediction is wrong. */
    boolean ifWrong(Prompt prompt) {
        return wrong && prompt.task().hasTarget();
    }

    boolean isNothing() {
        return heads.isEmpty() && share == 0 && !wrong && pairs.isEmpty();
    }

    private double draw(String id) {
        long mixed = seed;
        for (int i = 0; i < id.length(); i++) {
            mixed = (mixed ^ id.charAt(i)) * 0x9E3779B97F4A7C15L;
            mixed ^= mixed >>> 29;
        }
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return ((mixed ^ (mixed >>> 31)) >>> 11) * 0x1p-53;
    }

    /** Says what is kept, in one form for equal policies: part of a recording's key. */
    @Override
    public String toString() {
        return "heads " + new TreeSet<>(heads) + ", sample " + share + " (seed " + seed + "), wrong answers " + wrong
                + ", patterns "
                + pairs.entrySet().stream()
                        .map(entry -> entry.getKey() + new TreeSet<>(entry.getValue()))
                        .sorted()
                        .collect(Collectors.joining(" "));
    }
}
