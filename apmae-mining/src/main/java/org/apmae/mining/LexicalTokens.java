package org.apmae.mining;

import com.github.javaparser.JavaToken;
import com.github.javaparser.JavaToken.Kind;
import com.github.javaparser.Position;
import com.github.javaparser.TokenRange;
import java.util.Arrays;

/**
 * The tokens of a file without white space and comments, with their offsets in UTF-16 units of the original text.
 *
 * <p>JavaParser gives lines and columns. The offsets here are sums of token lengths, and every token (white space and
 * comments included) is compared with the text at its offset and with its line and column: a file on which the three do
 * not agree is refused, so that a span is never wrong.
 */
final class LexicalTokens {
    private static final Kind[] KINDS = kinds();

    private final int[] lineStarts;
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private Kind[] kinds = new Kind[256];
    private int size;

    private LexicalTokens(String text) {
        this.lineStarts = lineStarts(text);
    }

    static LexicalTokens of(String text, TokenRange range) throws UnusableSource {
        LexicalTokens tokens = new LexicalTokens(text);
        // Most files have no escape: one search in the text saves one in each token.
        boolean escapes = text.contains("\\u");
        int offset = 0;
        JavaToken token = range.getBegin().findFirstToken();
        while (token != null) {
            int number = token.getKind();
            if (number == Kind.EOF.getKind()) {
                break;
            }
            String image = token.getText();
            if (!text.startsWith(image, offset) || tokens.offset(begin(token)) != offset) {
                throw new UnusableSource(
                        "tokens_do_not_fit",
                        "the parser's token at " + begin(token) + " is not what the text has there");
            }
            if (escapes && UnicodeEscapes.changeTheToken(KINDS[number], image)) {
                throw new UnusableSource(
                        "escaped_syntax",
                        "a Unicode escape at " + begin(token) + " stands for a character that ends or begins a token");
            }
            int end = offset + image.length();
            if (!token.getCategory().isWhitespaceOrComment()) {
                tokens.add(offset, end, KINDS[number]);
            }
            offset = end;
            token = token.getNextToken().orElse(null);
        }
        if (offset != text.length()) {
            throw new UnusableSource(
                    "tokens_do_not_fit",
                    "the parser's tokens end at character " + offset + " of " + text.length() + " in the text");
        }
        return tokens;
    }

    private static Kind[] kinds() {
        Kind[] kinds = new Kind[Kind.values().length];
        for (Kind kind : Kind.values()) {
            kinds[kind.getKind()] = kind;
        }
        return kinds;
    }

    int size() {
        return size;
    }

    int start(int token) {
        return starts[token];
    }

    int end(int token) {
        return ends[token];
    }

    Kind kind(int token) {
        return kinds[token];
    }

    /** Corrects the kind where only the tree knows it. */
    void kind(int token, Kind kind) {
        kinds[token] = kind;
    }

    /** Finds a token of the tree in this table. */
    int index(JavaToken token) throws UnusableSource {
        int index = Arrays.binarySearch(starts, 0, size, offset(begin(token)));
        if (index < 0) {
            throw new UnusableSource(
                    "tokens_do_not_fit", "the tree has a token at " + begin(token) + " the text lacks");
        }
        return index;
    }

    /** Finds the token that has a character; negative where white space or a comment has it. */
    int covering(int offset) {
        int index = Arrays.binarySearch(starts, 0, size, offset);
        int before = index >= 0 ? index : -index - 2;
        return before >= 0 && offset < ends[before] ? before : -1;
    }

    /** Makes one token of {@code count} that touch; those swallowed stay as empty tokens without a kind until packed. */
    void merge(int token, int count, Kind kind) throws UnusableSource {
        for (int i = token + 1; i < token + count; i++) {
            if (i >= size || starts[i] != ends[i - 1]) {
                throw new UnusableSource("tokens_do_not_fit", "the parts of an operator do not touch");
            }
            kinds[i] = null;
        }
        ends[token] = ends[token + count - 1];
        kinds[token] = kind;
    }

    /** Removes what {@link #merge} swallowed; indices found before no longer hold. */
    void pack() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (kinds[i] != null) {
                starts[kept] = starts[i];
                ends[kept] = ends[i];
                kinds[kept++] = kinds[i];
            }
        }
        size = kept;
    }

    private void add(int start, int end, Kind kind) {
        if (size == starts.length) {
            starts = Arrays.copyOf(starts, size * 2);
            ends = Arrays.copyOf(ends, size * 2);
            kinds = Arrays.copyOf(kinds, size * 2);
        }
        starts[size] = start;
        ends[size] = end;
        kinds[size++] = kind;
    }

    private static Position begin(JavaToken token) {
        return token.getRange().orElseThrow().begin;
    }

    private int offset(Position position) {
        return position.line < 1 || position.line > lineStarts.length
                ? -1
                : lineStarts[position.line - 1] + position.column - 1;
    }

    /** Lines end as the parser counts them: after a line feed, and after a carriage return that no line feed follows. */
    private static int[] lineStarts(String text) {
        int[] starts = new int[64];
        int lines = 1;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || (c == '\r' && (i + 1 == text.length() || text.charAt(i + 1) != '\n'))) {
                if (lines == starts.length) {
                    starts = Arrays.copyOf(starts, lines * 2);
                }
                starts[lines++] = i + 1;
            }
        }
        return Arrays.copyOf(starts, lines);
    }
}
