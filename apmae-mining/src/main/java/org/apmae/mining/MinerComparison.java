package org.apmae.mining;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;

/**
 * Counts where the published expressions select other spans than the exact miner, by task and kind of error.
 *
 * <p>Each span of the published miner is right (the exact one has the same), of another extent (the exact one has a span that
 * begins there), or wrong: in a comment, in a string or character literal, in a number, inside a name or keyword, part
 * of a longer token (the angle of an arrow), or a token that acts as something else (the angle brackets of type arguments, the
 * dots and stars of declarations). Each span that only the exact miner has is missed.
 * Files that the exact miner refuses are left out and counted. Not thread-safe.
 */
public final class MinerComparison {
    private static final JavaParserMiner EXACT = new JavaParserMiner();
    private static final PublishedMiner PUBLISHED = new PublishedMiner();

    private final Map<CompletionTask, SortedMap<String, Long>> counts = new EnumMap<>(CompletionTask.class);
    private long files;
    private long refused;

    /** Makes a comparison without any file. */
    public MinerComparison() {
        for (CompletionTask task : PUBLISHED.tasks()) {
            counts.put(task, new TreeMap<>());
        }
    }

    /**
     * Compares the miners on one more file.
     *
     * @param source the file
     */
    public void add(SourceFile source) {
        MiningOptions options = new MiningOptions(PUBLISHED.tasks(), Integer.MAX_VALUE, 0);
        Candidates candidates;
        try {
            candidates = EXACT.candidates(source.text());
        } catch (UnusableSource e) {
            refused++;
            return;
        }
        files++;
        MiningResult published = PUBLISHED.mine(source, options);
        Map<CompletionTask, Map<Integer, Integer>> left = new EnumMap<>(CompletionTask.class);
        for (CompletionTask task : options.tasks()) {
            Map<Integer, Integer> ends = new HashMap<>();
            Candidates.Spans spans = candidates.of(task);
            for (int i = 0; i < spans.size(); i++) {
                ends.put(spans.start(i), spans.end(i));
            }
            left.put(task, ends);
        }
        for (Scenario span : published.scenarios()) {
            Integer end = left.getOrDefault(span.task(), Map.of()).remove(span.start());
            if (end == null) {
                count(span.task(), place(source.text(), candidates.tokens(), span));
            } else {
                count(span.task(), end == span.end() ? "right" : "wrong: of another extent");
            }
        }
        left.forEach((task, ends) -> ends.forEach((start, end) -> count(task, "missed")));
    }

    private void count(CompletionTask task, String kind) {
        counts.computeIfAbsent(task, t -> new TreeMap<>()).merge(kind, 1L, Long::sum);
    }

    private static String place(String text, LexicalTokens tokens, Scenario span) {
        int token = tokens.covering(span.start());
        if (token < 0) {
            return "wrong: in a comment";
        }
        char first = text.charAt(tokens.start(token));
        if (first == '"' || first == '\'') {
            return "wrong: in a literal";
        }
        int second = tokens.start(token) + 1;
        boolean number = (first >= '0' && first <= '9')
                || (first == '.' && second < tokens.end(token) && Character.isDigit(text.charAt(second)));
        if (number) {
            return "wrong: in a number";
        }
        if (Character.isJavaIdentifierStart(first)) {
            return "wrong: in a name or keyword";
        }
        boolean part = span.start() > tokens.start(token) || span.end() < tokens.end(token);
        return part ? "wrong: part of a longer token" : "wrong: type argument or declaration";
    }

    /**
     * Returns the number of files compared.
     *
     * @return 0 or more, without those refused
     */
    public long files() {
        return files;
    }

    /**
     * Returns the number of files that the exact miner refused.
     *
     * @return 0 or more
     */
    public long refused() {
        return refused;
    }

    /**
     * Returns what was counted so far.
     *
     * @return for each task the number of spans of each kind: {@code right}, {@code missed} and those that begin with
     *     {@code wrong}; a copy
     */
    public Map<CompletionTask, SortedMap<String, Long>> counts() {
        Map<CompletionTask, SortedMap<String, Long>> copy = new EnumMap<>(CompletionTask.class);
        counts.forEach((task, kinds) -> copy.put(task, new TreeMap<>(kinds)));
        return copy;
    }

    /**
     * Returns the kinds counted so far, of all tasks together.
     *
     * @return in alphabetical order
     */
    public SortedSet<String> kinds() {
        TreeSet<String> kinds = new TreeSet<>();
        counts.values().forEach(each -> kinds.addAll(each.keySet()));
        return kinds;
    }
}
