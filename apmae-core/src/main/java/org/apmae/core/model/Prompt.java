package org.apmae.core.model;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;
import org.apmae.core.scenario.CompletionTask;

/** Token ids that a model is run on, with the token it should produce next. Immutable and thread-safe. */
public final class Prompt implements Serializable {
    /** The target token of a prompt that has none. */
    public static final int NO_TARGET = -1;

    private static final long serialVersionUID = 1;

    private final String scenarioId;
    private final CompletionTask task;
    private final int[] ids;
    private final int targetToken;

    /**
     * Checks and copies the arguments.
     *
     * @param scenarioId the scenario it was made from
     * @param task the scenario's task
     * @param ids token ids, fill-in-the-middle markers included; copied
     * @param targetToken the first token of the target, or {@link #NO_TARGET}
     * @throws IllegalArgumentException if there is no id, or an id or the target is negative
     */
    public Prompt(String scenarioId, CompletionTask task, int[] ids, int targetToken) {
        this.scenarioId = Objects.requireNonNull(scenarioId, "scenarioId");
        this.task = Objects.requireNonNull(task, "task");
        this.ids = ids.clone();
        this.targetToken = targetToken;
        if (ids.length == 0) {
            throw new IllegalArgumentException("the prompt of scenario " + scenarioId + " has no token");
        }
        if (targetToken < NO_TARGET) {
            throw new IllegalArgumentException("the prompt of scenario " + scenarioId + " has the target token "
                    + targetToken + "; give 0 or more, or NO_TARGET");
        }
        for (int id : ids) {
            if (id < 0) {
                throw new IllegalArgumentException(
                        "the prompt of scenario " + scenarioId + " has the token id " + id + "; ids are 0 or more");
            }
        }
    }

    /**
     * Returns the scenario this prompt was made from.
     *
     * @return its id
     */
    public String scenarioId() {
        return scenarioId;
    }

    /**
     * Returns the scenario's task.
     *
     * @return the task
     */
    public CompletionTask task() {
        return task;
    }

    /**
     * Returns the token ids, fill-in-the-middle markers included.
     *
     * @return S ids, a copy
     */
    public int[] ids() {
        return ids.clone();
    }

    /**
     * Returns the token that should come next.
     *
     * @return the first token of the target, or {@link #NO_TARGET}
     */
    public int targetToken() {
        return targetToken;
    }

    /**
     * Returns the number of tokens without copying them.
     *
     * @return S
     */
    public int length() {
        return ids.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Prompt that
                && scenarioId.equals(that.scenarioId)
                && task == that.task
                && targetToken == that.targetToken
                && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return Objects.hash(scenarioId, task, targetToken, Arrays.hashCode(ids));
    }

    @Override
    public String toString() {
        return "Prompt[" + scenarioId + ", " + task.wireName() + ", " + ids.length + " tokens, target " + targetToken
                + "]";
    }
}
