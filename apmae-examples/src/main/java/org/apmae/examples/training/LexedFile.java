package org.apmae.examples.training;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apmae.core.scenario.SourceFile;

/**
 * A file with the places of its lexical tokens, comments left out. Good enough to choose gaps for training; scenarios are
 * mined with a real parser.
 */
final class LexedFile {
    private static final Pattern TOKEN = Pattern.compile("(?<comment>//[^\\n]*|/\\*(?s:.*?)\\*/)"
            + "|(?<string>\"\"\"(?s:.*?)\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])+')"
            + "|(?<number>\\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.])*)"
            + "|(?<word>[\\p{L}_$][\\p{L}\\p{N}_$]*)"
            + "|(?<operator>>>>=|<<=|>>=|->|::|\\+\\+|--|&&|\\|\\||[=!<>+*/&|^%-]=|\\.\\.\\.|[^\\s])");

    private final SourceFile file;
    private final int[] starts;
    private final int[] ends;

    LexedFile(SourceFile file) {
        this.file = file;
        int[] from = new int[256];
        int[] to = new int[256];
        int count = 0;
        Matcher matcher = TOKEN.matcher(file.text());
        try {
            while (matcher.find()) {
                if (matcher.start("comment") < 0) {
                    if (count == from.length) {
                        from = Arrays.copyOf(from, 2 * count);
                        to = Arrays.copyOf(to, 2 * count);
                    }
                    from[count] = matcher.start();
                    to[count++] = matcher.end();
                }
            }
        } catch (StackOverflowError e) {
            // a literal too long for the regex engine: train on what comes before it
            count = Math.max(0, count - 1);
        }
        this.starts = Arrays.copyOf(from, count);
        this.ends = Arrays.copyOf(to, count);
    }

    String text() {
        return file.text();
    }

    int tokens() {
        return starts.length;
    }

    int start(int token) {
        return starts[token];
    }

    int end(int token) {
        return ends[token];
    }
}
