package org.apmae.models.sweep;

import java.util.List;
import java.util.function.LongConsumer;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;

/** Runs settings over prompts. */
@FunctionalInterface
public interface Sweep {
    /**
     * Runs settings.
     *
     * @param prompts N prompts of any lengths
     * @param settings what to change, each by itself
     * @param progress told the number of scenario-settings done
     * @return for each setting, in order, what the model predicts for the prompts
     * @throws IllegalArgumentException if a setting names a head, or a prompt a target, that the model lacks
     */
    List<SettingOutcomes> run(List<Prompt> prompts, List<HeadIntervention> settings, LongConsumer progress);
}
