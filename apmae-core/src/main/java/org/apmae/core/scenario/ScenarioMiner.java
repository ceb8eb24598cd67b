package org.apmae.core.scenario;

import java.util.Set;

/**
 * Finds the scenarios of a source file.
 *
 * <p>Implementations are pure and thread-safe: the same file, options and seed give the same result on any thread, in any
 * order.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on scenarios</a>
 */
public interface ScenarioMiner {
    /**
     * Returns the tasks this miner can find.
     *
     * @return an immutable set
     */
    Set<CompletionTask> tasks();

    /**
     * Mines one file.
     *
     * @param source the file; it may be anything, also text that is not Java
     * @param options what to look for
     * @return the scenarios and the rejections; never null, and never an exception because of what the file contains
     * @throws IllegalArgumentException if a task is asked for that is not in {@link #tasks()}
     */
    MiningResult mine(SourceFile source, MiningOptions options);
}
