package org.apmae.mining;

import java.util.Arrays;

/**
 * A light lexer for comparing files: hashes of Java's lexical tokens without white space and comments.
 *
 * <p>It never fails: what is not Java comes out as tokens of some kind. Operators are taken one character at a time,
 * which is enough for equality and shingles.
 */
final class TokenHashes {
    private final String text;
    private int at;
    private long[] hashes;
    private int size;
    private int depth;
    private int deepest;

    private TokenHashes(String text) {
        this.text = text;
        this.hashes = new long[Math.max(16, text.length() / 4)];
    }

    /** Returns one well-mixed hash for each token, in order. */
    static long[] of(String text) {
        TokenHashes lexer = new TokenHashes(text);
        lexer.run();
        return Arrays.copyOf(lexer.hashes, lexer.size);
    }

    /** Returns how deep the brackets of the text are nested at most; a cheap check before a recursive parser runs. */
    static int bracketDepth(String text) {
        TokenHashes lexer = new TokenHashes(text);
        lexer.run();
        return lexer.deepest;
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
            } else if (Character.isJavaIdentifierPart(c) || Character.isSurrogate(c)) {
                while (at < length
                        && (Character.isJavaIdentifierPart(text.charAt(at))
                                || Character.isSurrogate(text.charAt(at)))) {
                    at++;
                }
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
