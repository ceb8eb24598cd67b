package org.apmae.core.scenario;

import java.util.Objects;

/**
 * One span of one source file, to be completed by a model that sees what stands before and after it.
 *
 * <p>{@code prefix() + target() + suffix()} is always the text of the file. A scenario of {@link CompletionTask#NOISE}
 * has an empty target: its span is a position only.
 *
 * @param task the kind of span
 * @param source the file
 * @param start first UTF-16 unit of the span, 0 or more
 * @param end first UTF-16 unit after the span, at most the length of the text
 */
public record Scenario(CompletionTask task, SourceFile source, int start, int end) {
    /**
     * Checks the span.
     *
     * @throws IllegalArgumentException if the span lies outside the text, or is empty for a task that has a target
     */
    public Scenario {
        Objects.requireNonNull(task, "task");
        Objects.requireNonNull(source, "source");
        int length = source.text().length();
        if (start < 0 || end < start || end > length || (task.hasTarget() && start == end)) {
            throw new IllegalArgumentException("the span [" + start + ", " + end + ") of a " + task.wireName()
                    + " scenario does not fit " + source.path() + ", which has " + length
                    + " characters; a span is half-open and not empty unless the task is noise");
        }
    }

    /**
     * Returns the key of this scenario in every table: it depends on the corpus, the path, the text of the file, the
     * task and the span, and on nothing else.
     *
     * @return 24 hexadecimal digits
     */
    public String id() {
        String key = source.corpus()
                + '\n'
                + source.path()
                + '\n'
                + source.sha256()
                + '\n'
                + task.wireName()
                + '\n'
                + start
                + '\n'
                + end;
        return SourceFile.sha256(key).substring(0, 24);
    }

    /**
     * Returns what stands before the span.
     *
     * @return the text from the start of the file to {@link #start()}
     */
    public String prefix() {
        return source.text().substring(0, start);
    }

    /**
     * Returns what the model should produce.
     *
     * @return the text of the span; empty for noise
     */
    public String target() {
        return source.text().substring(start, end);
    }

    /**
     * Returns what stands after the span.
     *
     * @return the text from {@link #end()} to the end of the file
     */
    public String suffix() {
        return source.text().substring(end);
    }
}
