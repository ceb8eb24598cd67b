package org.apmae.core.scenario;

import java.util.List;

/**
 * What mining one file gave.
 *
 * @param scenarios in the order of their start, then of the task's declaration
 * @param rejections what was dropped and why; a file that does not parse gives one of these and no scenario
 */
public record MiningResult(List<Scenario> scenarios, List<Rejection> rejections) {
    /** Copies the lists. */
    public MiningResult {
        scenarios = List.copyOf(scenarios);
        rejections = List.copyOf(rejections);
    }
}
