package org.apmae.core.scenario;

import java.io.Serializable;
import java.util.EnumSet;
import java.util.Set;

/**
 * What to mine from a file.
 *
 * @param tasks the tasks wanted; at least one
 * @param perFileAndTask most scenarios of one task taken from one file, 1 or more; where more exist, a seeded sample is
 *     taken so that the whole file is represented
 * @param seed seed of that sample and of the random spans; together with the file it fixes the result
 */
public record MiningOptions(Set<CompletionTask> tasks, int perFileAndTask, long seed) implements Serializable {
    /**
     * Checks and copies the arguments.
     *
     * @throws IllegalArgumentException if no task is wanted or {@code perFileAndTask} is below 1
     */
    public MiningOptions {
        if (tasks.isEmpty()) {
            throw new IllegalArgumentException("no task is asked for; name at least one of CompletionTask");
        }
        if (perFileAndTask < 1) {
            throw new IllegalArgumentException(
                    "perFileAndTask is " + perFileAndTask + "; it must be 1 or more (Integer.MAX_VALUE takes all)");
        }
        tasks = Set.copyOf(tasks);
    }

    /**
     * Asks for every candidate of every task.
     *
     * @param seed seed of the random spans
     * @return the options
     */
    public static MiningOptions everything(long seed) {
        return new MiningOptions(EnumSet.allOf(CompletionTask.class), Integer.MAX_VALUE, seed);
    }
}
