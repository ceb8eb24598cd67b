package org.apmae.models.target;

/**
 * How the tokens around a gap are laid out and cut to a window: {@code prefix marker, prefix, suffix marker, suffix, middle
 * marker}, as the published training code does.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on scenarios</a>
 */
public final class FimWindow {
    private FimWindow() {}

    /** Which of the two published ways to cut is taken. */
    public enum Policy {
        /** The published training code's, the default: every window has its full length. */
        MODEL("model"),
        /**
         * The published clustering code's, for comparison: with a gap in the first half the prefix marker stands twice, and a
         * window centred on the gap is not filled up from the prefix, so that it comes out short where the suffix is.
         */
        CLUSTERING("clustering");

        private final String wireName;

        Policy(String wireName) {
            this.wireName = wireName;
        }

        /**
         * Returns the name used in files and on the command line.
         *
         * @return {@code model} or {@code clustering}
         */
        public String wireName() {
            return wireName;
        }

        /**
         * Finds a policy by its name.
         *
         * @param wireName {@code model} or {@code clustering}
         * @return the policy
         * @throws IllegalArgumentException if there is no such policy
         */
        public static Policy ofWireName(String wireName) {
            for (Policy policy : values()) {
                if (policy.wireName.equals(wireName)) {
                    return policy;
                }
            }
            throw new IllegalArgumentException(
                    "there is no window policy '" + wireName + "'; the policies are model and clustering");
        }
    }

    /**
     * Lays out and cuts.
     *
     * <p>With too few tokens for the window, all are taken and the result is shorter than the window. With a gap in the first
     * half, the window starts where the prefix starts. Else the window is centred on the gap: half of it is suffix, and where
     * the suffix is shorter the prefix fills up.
     *
     * @param prefix ids of what stands before the gap
     * @param suffix ids of what stands after it
     * @param fim the markers
     * @param length length of the window, 4 or more
     * @return the ids, {@code length} of them or fewer
     * @throws IllegalArgumentException if the window is too short to hold the markers
     */
    public static int[] layOut(int[] prefix, int[] suffix, FimTokens fim, int length) {
        return layOut(prefix, suffix, fim, length, Policy.MODEL);
    }

    /**
     * Lays out and cuts by a policy.
     *
     * @param prefix ids of what stands before the gap
     * @param suffix ids of what stands after it
     * @param fim the markers
     * @param length length of the window, 4 or more
     * @param policy how to cut
     * @return the ids, {@code length} of them or fewer; a shorter result means that the window cannot be filled
     * @throws IllegalArgumentException if the window is too short to hold the markers
     */
    public static int[] layOut(int[] prefix, int[] suffix, FimTokens fim, int length, Policy policy) {
        int[] ids = new int[prefix.length + 1 + suffix.length];
        System.arraycopy(prefix, 0, ids, 0, prefix.length);
        ids[prefix.length] = fim.suffix();
        System.arraycopy(suffix, 0, ids, prefix.length + 1, suffix.length);
        return cut(ids, prefix.length, fim, length, policy);
    }

    /**
     * Cuts ids that already hold the suffix marker.
     *
     * @param ids prefix, suffix marker, suffix
     * @param gap index of the suffix marker
     * @param fim the markers
     * @param length length of the window, 4 or more
     * @param policy how to cut
     * @return the ids with the outer markers, {@code length} of them or fewer; too few ids come back from the clustering policy
     *     as they are
     * @throws IllegalArgumentException if the window is too short or the gap lies outside the ids
     */
    static int[] cut(int[] ids, int gap, FimTokens fim, int length, Policy policy) {
        if (length < 4) {
            throw new IllegalArgumentException("a window of " + length
                    + " tokens cannot hold three markers and a token; choose 4 or more, 256 as the paper does");
        }
        if (gap < 0 || (gap >= ids.length && gap > 0)) {
            throw new IllegalArgumentException("the gap is at " + gap + " of " + ids.length + " ids");
        }
        boolean model = policy == Policy.MODEL;
        int half = (length - 2) / 2;
        if (ids.length + 2 < length) {
            return model ? framed(fim, ids, 0, ids.length) : ids.clone();
        }
        if (gap <= length / 2) {
            return model ? framed(fim, ids, 0, length - 2) : twiceMarked(fim, ids, length);
        }
        int right = Math.min(half, ids.length - gap);
        int left = model ? length - 2 - right : half;
        return framed(fim, ids, gap - left, gap + right);
    }

    private static int[] twiceMarked(FimTokens fim, int[] ids, int length) {
        int[] window = new int[length];
        window[0] = fim.prefix();
        window[1] = fim.prefix();
        System.arraycopy(ids, 0, window, 2, length - 3);
        window[length - 1] = fim.middle();
        return window;
    }

    private static int[] framed(FimTokens fim, int[] ids, int from, int to) {
        int[] window = new int[to - from + 2];
        window[0] = fim.prefix();
        System.arraycopy(ids, from, window, 1, to - from);
        window[window.length - 1] = fim.middle();
        return window;
    }
}
