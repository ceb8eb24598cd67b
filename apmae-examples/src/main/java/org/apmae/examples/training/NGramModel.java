package org.apmae.examples.training;

import java.util.Arrays;

/**
 * A back-off 5-gram model that predicts the next token: of the longest context seen in training, the token that followed it
 * most often. Immutable and thread-safe.
 */
final class NGramModel {
    private static final int ORDER = 5;

    private final int bits;
    private final long[][] contexts = new long[ORDER][];
    private final int[][] best = new int[ORDER][];

    /**
     * Counts.
     *
     * @param tokens the training text, a negative number between documents
     * @param vocabulary number of token ids
     */
    NGramModel(int[] tokens, int vocabulary) {
        this.bits = 32 - Integer.numberOfLeadingZeros(vocabulary - 1);
        for (int length = 0; length < ORDER; length++) {
            fit(length, tokens);
        }
    }

    private void fit(int length, int[] tokens) {
        long[] keys = new long[tokens.length];
        int count = 0;
        int sinceBreak = 0;
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0) {
                sinceBreak = 0;
                continue;
            }
            if (sinceBreak >= length) {
                keys[count++] = (context(tokens, i, length) << bits) | tokens[i];
            }
            sinceBreak++;
        }
        Arrays.sort(keys, 0, count);
        long[] seen = new long[count];
        int[] choice = new int[count];
        int size = 0;
        int most = 0;
        for (int from = 0; from < count; ) {
            int to = from;
            while (to < count && keys[to] == keys[from]) {
                to++;
            }
            long context = keys[from] >> bits;
            boolean first = size == 0 || seen[size - 1] != context;
            if (first) {
                seen[size++] = context;
                most = 0;
            }
            if (to - from > most) {
                most = to - from;
                choice[size - 1] = (int) (keys[from] & ((1L << bits) - 1));
            }
            from = to;
        }
        contexts[length] = Arrays.copyOf(seen, size);
        best[length] = Arrays.copyOf(choice, size);
    }

    /** The tokens before a position as one number; contexts of four tokens of up to 12 bits are told apart exactly. */
    private long context(int[] tokens, int end, int length) {
        long context = 0;
        for (int i = end - length; i < end; i++) {
            context = (context << bits) | tokens[i];
        }
        int room = 63 - bits;
        return length * bits <= room ? context : (context * 0x9E3779B97F4A7C15L) >>> (64 - room);
    }

    /**
     * Predicts.
     *
     * @param tokens what comes before; the last four are used
     * @param end number of tokens to look at
     * @return the most likely next token
     */
    int predict(int[] tokens, int end) {
        for (int length = Math.min(ORDER - 1, end); length > 0; length--) {
            int at = Arrays.binarySearch(contexts[length], context(tokens, end, length));
            if (at >= 0) {
                return best[length][at];
            }
        }
        return best[0][0];
    }
}
