package org.apmae.core.scenario;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The fifteen kinds of span that are cut out of a Java file and completed by the model.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on scenarios</a>
 */
public enum CompletionTask {
    /** Three to ten lexical tokens starting at a random token. */
    RANDOM("random"),
    /** A name: of a variable, type, method, field, label, package part or annotation. */
    IDENTIFIERS("identifiers"),
    /** A string literal, text block or character literal, quotes included. */
    STRING_LITERALS("string_literals"),
    /** {@code true} or {@code false}. */
    BOOLEAN_LITERALS("boolean_literals"),
    /** An integer or floating-point literal in any base, suffix included. */
    NUMERIC_LITERALS("numeric_literals"),
    /** A whole method call: scope, name and arguments. */
    FUNCTION_CALL("function_call"),
    /** The name of a method where it is declared. */
    FUNCTION_NAME("function_name"),
    /** One of {@code ) ] }}. */
    CLOSING_BRACKET("closing_bracket"),
    /** A semicolon that ends its line, with the line break. */
    EOL("eol"),
    /** A dot that selects a member. */
    STOP("stop"),
    /** A reserved word, or a contextual keyword where it acts as one. */
    KEYWORDS("keywords"),
    /** An arithmetic, shift, bitwise or relational operator. */
    MATHEMATICAL_OPERATORS("mathematical_operators"),
    /** One of {@code != == && || !}. */
    BOOLEAN_OPERATORS("boolean_operators"),
    /** A compound assignment such as {@code +=} or {@code >>>=}. */
    ASSIGNMENT_OPERATORS("assignment_operators"),
    /** Random token ids with fill-in-the-middle markers at their places: a control that has no target. */
    NOISE("noise");

    private final String wireName;

    CompletionTask(String wireName) {
        this.wireName = wireName;
    }

    /**
     * Returns the name used in files and on the command line, that of the published data.
     *
     * @return the wire name, lower case with underscores
     */
    public String wireName() {
        return wireName;
    }

    /**
     * Says whether a scenario of this task has a text that the model should produce.
     *
     * @return false for {@link #NOISE} alone
     */
    public boolean hasTarget() {
        return this != NOISE;
    }

    /**
     * Finds a task by its wire name.
     *
     * @param wireName for example {@code closing_bracket}
     * @return the task
     * @throws IllegalArgumentException if no task has that name; the message lists those that exist
     */
    public static CompletionTask ofWireName(String wireName) {
        for (CompletionTask task : values()) {
            if (task.wireName.equals(wireName)) {
                return task;
            }
        }
        throw new IllegalArgumentException("there is no task '" + wireName + "'; the tasks are "
                + Arrays.stream(values()).map(CompletionTask::wireName).collect(Collectors.joining(", ")));
    }
}
