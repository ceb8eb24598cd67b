package org.apmae.mining;

import com.github.javaparser.JavaToken.Kind;

/**
 * Finds Unicode escapes that change where tokens begin and end.
 *
 * <p>Java translates the escapes before it looks for tokens; we parse the text as it stands, to keep every offset. Both
 * give the same tokens unless an escape stands for a quote, a line break, a comment's end or the like. Tokens before the
 * first such escape are the same in both readings, so it is enough to translate each token and to look where it ends.
 *
 * @see <a href="https://docs.oracle.com/javase/specs/jls/se21/html/jls-3.html#jls-3.3">Java Language Specification,
 *     3.3</a>
 */
final class UnicodeEscapes {
    private UnicodeEscapes() {}

    /** Says whether the token would be another one if its escapes were translated first. */
    static boolean changeTheToken(Kind kind, String token) {
        if (!token.contains("\\u")) {
            return false;
        }
        String translated = translate(token);
        return switch (kind) {
            case SINGLE_LINE_COMMENT -> lineEnd(translated, 0) < translated.length();
            case MULTI_LINE_COMMENT, JAVADOC_COMMENT -> translated.indexOf("*/", 2) != translated.length() - 2;
            case STRING_LITERAL, CHARACTER_LITERAL ->
                !closesAtTheEnd(translated, 1) || lineEnd(translated, 0) < translated.length();
            case TEXT_BLOCK_LITERAL -> !closesAtTheEnd(translated, 3);
            default -> !isName(translated);
        };
    }

    private static String translate(String token) {
        StringBuilder out = new StringBuilder(token.length());
        int at = 0;
        while (at < token.length()) {
            char c = token.charAt(at);
            if (c != '\\' || at + 1 == token.length()) {
                out.append(c);
                at++;
                continue;
            }
            int digits = at + 1;
            while (digits < token.length() && token.charAt(digits) == 'u') {
                digits++;
            }
            int value = digits > at + 1 && digits + 4 <= token.length() ? hex(token, digits) : -1;
            if (value >= 0) {
                out.append((char) value);
                at = digits + 4;
            } else {
                // The character after a plain backslash cannot begin an escape, even if it is a backslash.
                out.append(c).append(token.charAt(at + 1));
                at += 2;
            }
        }
        return out.toString();
    }

    private static int hex(String token, int from) {
        int value = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = Character.digit(token.charAt(i), 16);
            if (digit < 0) {
                return -1;
            }
            value = value * 16 + digit;
        }
        return value;
    }

    private static int lineEnd(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            at++;
        }
        return at;
    }

    private static boolean closesAtTheEnd(String literal, int quotes) {
        String quote = literal.substring(0, quotes);
        int at = quotes;
        while (at < literal.length() && !literal.startsWith(quote, at)) {
            at += literal.charAt(at) == '\\' ? 2 : 1;
        }
        return at == literal.length() - quotes;
    }

    /** By units and not code points: a surrogate pair may be half escaped, and the parser has taken it for letters. */
    private static boolean isName(String token) {
        for (int i = 0; i < token.length(); i++) {
            char c = token.charAt(i);
            boolean fits = i == 0 ? Character.isJavaIdentifierStart(c) : Character.isJavaIdentifierPart(c);
            if (!fits && !Character.isSurrogate(c)) {
                return false;
            }
        }
        return true;
    }
}
