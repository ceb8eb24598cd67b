package org.apmae.mining;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apmae.core.scenario.CompletionTask;

/**
 * What mining a corpus gave, in numbers.
 *
 * @param files files read, those that gave nothing included; 0 or more
 * @param characters length of all those files in UTF-16 units; 0 or more
 * @param scenarios number of scenarios by task, for the tasks that were asked for
 * @param rejections number of files or parts left out by reason, those left out by the corpus included
 * @param corpusSha256 {@link Corpus#sha256()} of what was read, found in the same pass
 */
public record MiningSummary(
        long files,
        long characters,
        Map<CompletionTask, Long> scenarios,
        SortedMap<String, Long> rejections,
        String corpusSha256) {
    /** Copies the maps; the copies cannot be changed and keep the order of the tasks and of the reasons. */
    public MiningSummary {
        Map<CompletionTask, Long> byTask = new EnumMap<>(CompletionTask.class);
        byTask.putAll(scenarios);
        scenarios = Collections.unmodifiableMap(byTask);
        rejections = Collections.unmodifiableSortedMap(new TreeMap<>(rejections));
    }

    /**
     * Adds up the scenarios of all tasks.
     *
     * @return the number of scenarios, 0 or more
     */
    public long total() {
        return scenarios.values().stream().mapToLong(Long::longValue).sum();
    }
}
