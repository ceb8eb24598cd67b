package org.apmae.mining;

import java.util.Arrays;

/**
 * A light lexer for comparing files: hashes of Java's lexical tokens without white space and comments.
 *
 * <p>It never fails: what is not Java comes out as tokens of some kind. Operators are taken one character at a time,
 * which is enough for equality and shingles.
 */
final class TokenHashes {
    private static final boolean[] NAME = new boolean[128];

    static {
        for (char c = 0; c < NAME.length; c++) {
            NAME[c] = Character.isJavaIdentifierPart(c);
        }
    }

    private final String text;
    private final boolean hashing;
    private int at;
    private long[] hashes;
    private int size;
    private int depth;
    private int deepest;

    /** With {@code hashing} false, only the size and depth are found. */
    private TokenHashes(String text, boolean hashing) {
        this.text = text;
        this.hashes = new long[hashing ? Math.max(16, text.length() / 4) : 0];
        this.hashing = hashing;
    }

    /** Returns one well-mixed hash for each token, in order. */
    static long[] of(String text) {
        TokenHashes lexer = new TokenHashes(text, true);
        lexer.run();
        return Arrays.copyOf(lexer.hashes, lexer.size);
    }

    /**
     * What a text asks of a parser.
     *
     * @param tokens its lexical tokens, operators counted by the character
     * @param depth how deep its brackets are nested at most
     */
    record Extent(int tokens, int depth) {}

    /** Returns the extent of a text: a cheap check before a parser runs that is recursive and holds every token. */
    static Extent extent(String text) {
        TokenHashes lexer = new TokenHashes(text, false);
        lexer.run();
        return new Extent(lexer.size, lexer.deepest);
    }

    private void run() {
        int length = text.length();
        while (at < length) {
            char c = text.charAt(at);
            int start = at;
            if (c <= ' ' || c == '\uFEFF') {
                at++;
                continue;
            } else if (c == '/' && text.startsWith("//", at)) {
                skipToLineEnd();
                continue;
            } else if (c == '/' && text.startsWith("/*", at)) {
                int end = text.indexOf("*/", at + 2);
                at = end < 0 ? length : end + 2;
                continue;
            } else if (inName(c)) {
                do {
                    at++;
                } while (at < length && inName(text.charAt(at)));
            } else if (c == '"' && text.startsWith("\"\"\"", at)) {
                at += 3;
                skipQuoted("\"\"\"", false);
            } else if (c == '"' || c == '\'') {
                at++;
                skipQuoted(String.valueOf(c), true);
            } else {
                nest(c);
                at++;
            }
            add(start);
        }
    }

    private static boolean inName(char c) {
        return c < NAME.length ? NAME[c] : Character.isJavaIdentifierPart(c) || Character.isSurrogate(c);
    }

    private void nest(char c) {
        if (c == '(' || c == '[' || c == '{') {
            deepest = Math.max(deepest, ++depth);
        } else if (c == ')' || c == ']' || c == '}') {
            depth--;
        }
    }

    private void skipToLineEnd() {
        while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            at++;
        }
    }

    /** Stops after the closing quote, or for one-line literals before the line's end when it is missing. */
    private void skipQuoted(String quote, boolean oneLine) {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (oneLine && (c == '\n' || c == '\r')) {
                return;
            }
            if (text.startsWith(quote, at)) {
                at += quote.length();
                return;
            }
            at = Math.min(text.length(), at + (c == '\\' ? 2 : 1));
        }
    }

    private void add(int start) {
        if (!hashing) {
            size++;
            return;
        }
        long hash = 0xcbf29ce484222325L;
        for (int i = start; i < at; i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        if (size == hashes.length) {
            hashes = Arrays.copyOf(hashes, size * 2);
        }
        hashes[size++] = SplitMix.mix(hash);
    }
}
