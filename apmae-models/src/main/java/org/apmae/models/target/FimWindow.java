package org.apmae.models.target;

/**
 * How the tokens around a gap are laid out and cut to a window: {@code prefix marker, prefix, suffix marker, suffix, middle
 * marker}, as the published training code does.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on scenarios</a>
 */
public final class FimWindow {
    private FimWindow() {}

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
        int[] ids = new int[prefix.length + 1 + suffix.length];
        System.arraycopy(prefix, 0, ids, 0, prefix.length);
        ids[prefix.length] = fim.suffix();
        System.arraycopy(suffix, 0, ids, prefix.length + 1, suffix.length);
        return cut(ids, prefix.length, fim, length);
    }

    /**
     * Cuts ids that already hold the suffix marker.
     *
     * @param ids prefix, suffix marker, suffix
     * @param gap index of the suffix marker
     * @param fim the markers
     * @param length length of the window, 4 or more
     * @return the ids with the outer markers, {@code length} of them or fewer
     * @throws IllegalArgumentException if the window is too short or the gap lies outside the ids
     */
    static int[] cut(int[] ids, int gap, FimTokens fim, int length) {
        if (length < 4) {
            throw new IllegalArgumentException("a window of " + length
                    + " tokens cannot hold three markers and a token; choose 4 or more, 256 as the paper does");
        }
        if (gap < 0 || gap >= ids.length) {
            throw new IllegalArgumentException("the gap is at " + gap + " of " + ids.length + " ids");
        }
        if (ids.length + 2 < length) {
            return framed(fim, ids, 0, ids.length);
        }
        if (gap <= length / 2) {
            return framed(fim, ids, 0, length - 2);
        }
        int right = Math.min((length - 2) / 2, ids.length - gap);
        int left = length - 2 - right;
        return framed(fim, ids, gap - left, gap + right);
    }

    private static int[] framed(FimTokens fim, int[] ids, int from, int to) {
        int[] window = new int[to - from + 2];
        window[0] = fim.prefix();
        System.arraycopy(ids, from, window, 1, to - from);
        window[window.length - 1] = fim.middle();
        return window;
    }
}
