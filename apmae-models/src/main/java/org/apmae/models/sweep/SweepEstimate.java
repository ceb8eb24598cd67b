package org.apmae.models.sweep;

import java.util.Locale;

/**
 * What a sweep will take, from a few measured prompts.
 *
 * @param scenarioSettings prompts times settings
 * @param sharedShare layers that have to be run, as a share of those that full passes would run, 0 to 1
 * @param seconds expected time
 */
public record SweepEstimate(long scenarioSettings, double sharedShare, double seconds) {
    /**
     * Adds another part.
     *
     * @param other what follows
     * @return both together
     */
    public SweepEstimate and(SweepEstimate other) {
        long all = scenarioSettings + other.scenarioSettings;
        return new SweepEstimate(
                all,
                (sharedShare * scenarioSettings + other.sharedShare * other.scenarioSettings) / all,
                seconds + other.seconds);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d scenario-settings, %.0f %% of the layers of full passes, about %.0f s",
                scenarioSettings,
                100 * sharedShare,
                seconds);
    }
}
