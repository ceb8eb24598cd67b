package org.apmae.examples.training;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Scenario;
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
    private final List<CompletionTask> tasks;
    /** Starts and ends in turn, one row for each of {@link #tasks}. */
    private final int[][] gaps;

    LexedFile(SourceFile file) {
        this(file, List.of());
    }

    /** With the gaps of scenarios mined from the file. */
    LexedFile(SourceFile file, List<Scenario> scenarios) {
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
        Map<CompletionTask, List<Scenario>> byTask = scenarios.stream()
                .filter(scenario -> scenario.task().hasTarget())
                .collect(Collectors.groupingBy(
                        Scenario::task, () -> new EnumMap<>(CompletionTask.class), Collectors.toList()));
        this.tasks = List.copyOf(byTask.keySet());
        this.gaps = byTask.values().stream()
                .map(list -> list.stream()
                        .flatMapToInt(scenario -> IntStream.of(scenario.start(), scenario.end()))
                        .toArray())
                .toArray(int[][]::new);
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

    /** The tasks that the file has gaps of. */
    List<CompletionTask> tasks() {
        return tasks;
    }

    int gaps(int task) {
        return gaps[task].length / 2;
    }

    int gapStart(int task, int gap) {
        return gaps[task][2 * gap];
    }

    int gapEnd(int task, int gap) {
        return gaps[task][2 * gap + 1];
    }
}
