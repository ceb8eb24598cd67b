package org.apmae.core.store;

import org.apmae.core.model.Verdict;
import org.apmae.core.run.ScenarioRow;

/**
 * A scenario with what the target model made of it. Immutable and thread-safe.
 *
 * @param row the scenario
 * @param verdict the prediction
 */
public record RecordedScenario(ScenarioRow row, Verdict verdict) {}
