package org.apmae.models.cluster.catalogue;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * How much of a pattern is each of the well-known ones. Immutable.
 *
 * <p>For each there are queries that it speaks of and, for each query, keys that it expects. A score is (m - u) / (1 - u): m is
 * the mean attention of these queries to their keys, u what even attention to all tokens so far would give. So 1 is all
 * attention, 0 what chance gives, and below 0 is avoidance. NaN stands where a prompt has no such query.
 *
 * <table>
 * <caption>Queries q and keys k, both from 0</caption>
 * <tr><th>pattern</th><th>queries</th><th>keys</th></tr>
 * <tr><td>previous token</td><td>q &ge; 2</td><td>q - 1</td></tr>
 * <tr><td>first-token sink</td><td>q &ge; 2</td><td>0</td></tr>
 * <tr><td>local band</td><td>q &ge; 16</td><td>q - 7 to q</td></tr>
 * <tr><td>duplicate token</td><td>tokens seen before, no markers</td><td>k &lt; q - 1 with the same id</td></tr>
 * <tr><td>induction</td><td>the same</td><td>k + 1 &lt; q - 1 after such k</td></tr>
 * <tr><td>bracket matching</td><td>tokens with ), ] or }</td><td>the tokens with the brackets that these close</td></tr>
 * <tr><td>suffix across the gap</td><td>the suffix from its 16th token on</td><td>the last 32 tokens of the prefix</td></tr>
 * </table>
 *
 * @see <a href="https://arxiv.org/abs/2209.11895">Olsson et al. (2022) on induction heads</a>
 * @see <a href="https://arxiv.org/abs/2309.17453">Xiao et al. (2023) on attention sinks</a>
 */
@SuppressWarnings("serial") // the map is an EnumMap
public final class PatternScores implements Serializable {
    /** A pattern is named after the best score if it is at least this. */
    public static final double LEAST_FOR_A_NAME = 0.25;

    private static final int BAND = 8;
    private static final int APART = 16;
    private static final int BEFORE_GAP = 32;

    private static final long serialVersionUID = 1;

    private final Map<KnownPattern, Double> scores;

    private PatternScores(Map<KnownPattern, Double> scores) {
        this.scores = Collections.unmodifiableMap(scores);
    }

    /**
     * Scores one pattern.
     *
     * @param attention S rows of S weights, not scaled: row q holds the attention of token q, 0 above the diagonal; borrowed
     * @param tokens the prompt that it was recorded on
     * @return the scores
     * @throws IllegalArgumentException if the pattern is not S x S
     */
    public static PatternScores of(float[][] attention, PromptTokens tokens) {
        int size = tokens.length();
        if (attention.length != size || Arrays.stream(attention).anyMatch(row -> row.length != size)) {
            throw new IllegalArgumentException("the pattern has " + attention.length + " rows, but the prompt has "
                    + size + " tokens; give the pattern of that prompt");
        }
        Map<KnownPattern, Tally> tallies = new EnumMap<>(KnownPattern.class);
        for (KnownPattern pattern : KnownPattern.values()) {
            tallies.put(pattern, new Tally(attention, size));
        }
        positions(tallies, tokens, size);
        copies(tallies, tokens, size);
        brackets(tallies.get(KnownPattern.BRACKET_MATCHING), tokens, size);
        Map<KnownPattern, Double> scores = new EnumMap<>(KnownPattern.class);
        tallies.forEach((pattern, tally) -> scores.put(pattern, tally.score()));
        return new PatternScores(scores);
    }

    /**
     * Averages scores, each over the patterns that have it.
     *
     * @param all scores of patterns
     * @return their means; NaN where none has one
     */
    public static PatternScores mean(Iterable<PatternScores> all) {
        Map<KnownPattern, Double> means = new EnumMap<>(KnownPattern.class);
        for (KnownPattern pattern : KnownPattern.values()) {
            double sum = 0;
            int count = 0;
            for (PatternScores one : all) {
                double score = one.score(pattern);
                if (!Double.isNaN(score)) {
                    sum += score;
                    count++;
                }
            }
            means.put(pattern, count == 0 ? Double.NaN : sum / count);
        }
        return new PatternScores(means);
    }

    /**
     * Returns one score.
     *
     * @param pattern the pattern
     * @return at most 1, or NaN
     */
    public double score(KnownPattern pattern) {
        Double score = scores.get(pattern);
        return score == null ? Double.NaN : score;
    }

    /**
     * Returns the pattern with the best score, where that is at least {@link #LEAST_FOR_A_NAME}.
     *
     * @return the name, or nothing for a pattern that is none of the known ones
     */
    public Optional<KnownPattern> name() {
        KnownPattern best = null;
        for (KnownPattern pattern : KnownPattern.values()) {
            double score = score(pattern);
            if (score >= LEAST_FOR_A_NAME && (best == null || score > score(best))) {
                best = pattern;
            }
        }
        return Optional.ofNullable(best);
    }

    private static void positions(Map<KnownPattern, Tally> tallies, PromptTokens tokens, int size) {
        boolean[] expected = new boolean[size];
        int gap = tokens.suffixStart();
        for (int q = 2; q < size; q++) {
            tallies.get(KnownPattern.PREVIOUS_TOKEN).add(q, range(expected, q - 1, q));
            tallies.get(KnownPattern.FIRST_TOKEN).add(q, range(expected, 0, 1));
            if (q >= APART) {
                tallies.get(KnownPattern.LOCAL_BAND).add(q, range(expected, q - BAND + 1, q + 1));
            }
            if (q >= gap + APART && gap > 1) {
                tallies.get(KnownPattern.ACROSS_GAP).add(q, range(expected, Math.max(1, gap - BEFORE_GAP), gap));
            }
        }
    }

    private static boolean[] range(boolean[] expected, int from, int to) {
        Arrays.fill(expected, false);
        Arrays.fill(expected, from, to, true);
        return expected;
    }

    private static void copies(Map<KnownPattern, Tally> tallies, PromptTokens tokens, int size) {
        boolean[] same = new boolean[size];
        boolean[] next = new boolean[size];
        for (int q = 2; q < size; q++) {
            if (tokens.isMarker(q)) {
                continue;
            }
            Arrays.fill(same, false);
            Arrays.fill(next, false);
            boolean anySame = false;
            boolean anyNext = false;
            for (int k = 0; k < q - 1; k++) {
                if (tokens.id(k) == tokens.id(q)) {
                    same[k] = true;
                    anySame = true;
                    if (k + 1 < q - 1) {
                        next[k + 1] = true;
                        anyNext = true;
                    }
                }
            }
            if (anySame) {
                tallies.get(KnownPattern.DUPLICATE_TOKEN).add(q, same);
            }
            if (anyNext) {
                tallies.get(KnownPattern.INDUCTION).add(q, next);
            }
        }
    }

    private static void brackets(Tally tally, PromptTokens tokens, int size) {
        Deque<int[]> open = new ArrayDeque<>();
        boolean[] expected = new boolean[size];
        for (int q = 0; q < size; q++) {
            if (tokens.isMarker(q)) {
                continue;
            }
            Arrays.fill(expected, false);
            boolean any = false;
            for (char c : tokens.text(q).toCharArray()) {
                int opening = "([{".indexOf(c);
                int closing = ")]}".indexOf(c);
                if (opening >= 0) {
                    open.push(new int[] {opening, q});
                } else if (closing >= 0 && !open.isEmpty() && open.peek()[0] == closing) {
                    // Within one token there is nothing to look for.
                    int partner = open.pop()[1];
                    expected[partner] |= partner < q;
                    any |= partner < q;
                } else if (closing >= 0) {
                    // The partner lies before the window or in the gap, so the brackets inside match no more.
                    open.clear();
                }
            }
            if (any) {
                tally.add(q, expected);
            }
        }
    }

    /** Sums of attention and of chance over queries. */
    private static final class Tally {
        private final float[][] attention;
        private final int size;
        private double mass;
        private double chance;
        private int queries;

        Tally(float[][] attention, int size) {
            this.attention = attention;
            this.size = size;
        }

        void add(int query, boolean[] expected) {
            int keys = 0;
            for (int k = 0; k <= query && k < size; k++) {
                if (expected[k]) {
                    mass += attention[query][k];
                    keys++;
                }
            }
            chance += (double) keys / (query + 1);
            queries++;
        }

        double score() {
            if (queries == 0) {
                return Double.NaN;
            }
            double even = chance / queries;
            return even >= 1 ? Double.NaN : (mass / queries - even) / (1 - even);
        }
    }
}
