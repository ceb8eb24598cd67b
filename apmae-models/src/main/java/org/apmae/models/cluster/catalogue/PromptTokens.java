package org.apmae.models.cluster.catalogue;

import java.util.List;
import java.util.Set;

/**
 * What the scores have to know of a prompt: its tokens and where the gap is. Immutable.
 */
public final class PromptTokens {
    private final int[] ids;
    private final List<String> texts;
    private final Set<Integer> special;
    private final int suffixStart;

    /**
     * Copies its arguments.
     *
     * @param ids S token ids, markers included
     * @param texts the text of each token
     * @param special ids of markers, which are no text
     * @param suffixMarker id of the marker in front of the suffix; the prefix ends before it
     * @throws IllegalArgumentException if the numbers of ids and texts differ
     */
    public PromptTokens(int[] ids, List<String> texts, Set<Integer> special, int suffixMarker) {
        if (ids.length != texts.size()) {
            throw new IllegalArgumentException(
                    ids.length + " ids but " + texts.size() + " texts; give the text of each token");
        }
        this.ids = ids.clone();
        this.texts = List.copyOf(texts);
        this.special = Set.copyOf(special);
        int at = 0;
        while (at < ids.length && ids[at] != suffixMarker) {
            at++;
        }
        this.suffixStart = at;
    }

    /**
     * Returns the number of tokens.
     *
     * @return S
     */
    public int length() {
        return ids.length;
    }

    int id(int token) {
        return ids[token];
    }

    String text(int token) {
        return texts.get(token);
    }

    boolean isMarker(int token) {
        return special.contains(ids[token]);
    }

    /** Place of the marker in front of the suffix; S where there is none. */
    int suffixStart() {
        return suffixStart;
    }
}
