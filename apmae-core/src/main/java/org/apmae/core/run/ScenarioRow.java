package org.apmae.core.run;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Scenario;

/**
 * A scenario as the table {@code scenarios.jsonl} holds it: its key, where it comes from, the prompt made of it, and enough
 * text around the gap to show it. Immutable and thread-safe.
 *
 * @param id the key of the scenario in every table
 * @param task the kind of span
 * @param corpus where the source file comes from
 * @param path the file within the corpus
 * @param start first UTF-16 unit of the span in the file
 * @param end first UTF-16 unit after the span
 * @param target the text of the span; empty for noise
 * @param promptIds token ids of the prompt, fill-in-the-middle markers included
 * @param targetToken first token of the target, or {@link Prompt#NO_TARGET}
 * @param before the text that ends where the span starts, at most {@link #SNIPPET} UTF-16 units; for display
 * @param after the text that starts where the span ends, at most {@link #SNIPPET} UTF-16 units; for display
 */
public record ScenarioRow(
        String id,
        CompletionTask task,
        String corpus,
        String path,
        int start,
        int end,
        String target,
        List<Integer> promptIds,
        int targetToken,
        String before,
        String after) {
    /** Most UTF-16 units of text kept on either side of the gap. */
    public static final int SNIPPET = 300;

    /**
     * Checks and copies the arguments.
     *
     * @throws IllegalArgumentException if the span is not half-open within a file, or there is no prompt
     */
    public ScenarioRow {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(task, "task");
        Objects.requireNonNull(corpus, "corpus");
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(before, "before");
        Objects.requireNonNull(after, "after");
        promptIds = List.copyOf(promptIds);
        if (start < 0 || end < start) {
            throw new IllegalArgumentException("the span [" + start + ", " + end + ") of scenario " + id
                    + " is not one; a span is half-open from 0 on");
        }
        if (promptIds.isEmpty()) {
            throw new IllegalArgumentException("scenario " + id + " has a prompt without tokens");
        }
    }

    /**
     * Makes the row of a scenario.
     *
     * @param scenario the scenario
     * @param prompt the prompt made from it
     * @return the row
     * @throws IllegalArgumentException if the prompt was made from another scenario
     */
    public static ScenarioRow of(Scenario scenario, Prompt prompt) {
        String id = scenario.id();
        if (!id.equals(prompt.scenarioId())) {
            throw new IllegalArgumentException("the prompt of scenario " + prompt.scenarioId()
                    + " does not belong to scenario " + id + "; give the one made from it");
        }
        String text = scenario.source().text();
        int from = Math.max(0, scenario.start() - SNIPPET);
        if (from > 0 && Character.isLowSurrogate(text.charAt(from))) {
            from++;
        }
        int to = Math.min(text.length(), scenario.end() + SNIPPET);
        if (to < text.length() && Character.isLowSurrogate(text.charAt(to))) {
            to--;
        }
        return new ScenarioRow(
                id,
                scenario.task(),
                scenario.source().corpus(),
                scenario.source().path(),
                scenario.start(),
                scenario.end(),
                scenario.target(),
                Arrays.stream(prompt.ids()).boxed().toList(),
                prompt.targetToken(),
                text.substring(Math.min(from, scenario.start()), scenario.start()),
                text.substring(scenario.end(), Math.max(to, scenario.end())));
    }

    /**
     * Returns the prompt.
     *
     * @return the token ids with the target token
     */
    public Prompt prompt() {
        return new Prompt(
                id, task, promptIds.stream().mapToInt(Integer::intValue).toArray(), targetToken);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new TreeMap<>();
        json.put("id", id);
        json.put("task", task.wireName());
        json.put("corpus", corpus);
        json.put("path", path);
        json.put("start", start);
        json.put("end", end);
        json.put("target", target);
        json.put("prompt_ids", promptIds);
        json.put("target_token", targetToken);
        json.put("before", before);
        json.put("after", after);
        return json;
    }

    static ScenarioRow fromJson(Map<String, Object> json) {
        Fields row = Fields.of(json, "the row");
        return new ScenarioRow(
                row.text("id"),
                CompletionTask.ofWireName(row.text("task")),
                row.text("corpus"),
                row.text("path"),
                row.integer("start"),
                row.integer("end"),
                row.text("target"),
                row.integers("prompt_ids"),
                row.integer("target_token"),
                row.text("before"),
                row.text("after"));
    }
}
