package org.apmae.models.sweep;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;

/**
 * Looks by trial for heads without which a model does better. What it finds is fitted to its prompts: judge it on others.
 * Immutable; as thread-safe as its sweep.
 */
public final class HeadSearch {
    private final Sweep sweep;
    private final List<Prompt> prompts;
    private final Function<Collection<HeadId>, HeadIntervention> removal;
    private final LongConsumer progress;

    /**
     * Prepares a search.
     *
     * @param sweep runs the trials
     * @param prompts prompts with targets, at least one
     * @param removal from heads to what removes them, for example {@code ZeroAblation::new}
     * @param progress told the number of scenario-settings done
     * @throws IllegalArgumentException if there is no prompt or one has no target
     */
    public HeadSearch(
            Sweep sweep,
            List<Prompt> prompts,
            Function<Collection<HeadId>, HeadIntervention> removal,
            LongConsumer progress) {
        if (prompts.isEmpty() || prompts.stream().anyMatch(prompt -> prompt.targetToken() == Prompt.NO_TARGET)) {
            throw new IllegalArgumentException("there are " + prompts.size()
                    + " prompts, or one without a target; give at least one, all with targets");
        }
        this.sweep = sweep;
        this.prompts = List.copyOf(prompts);
        this.removal = removal;
        this.progress = progress;
    }

    /**
     * Removes each head by itself.
     *
     * @param heads the heads
     * @return by head, the mean target loss without it less that of the whole model, in nats
     */
    public Map<HeadId, Double> singleEffects(Collection<HeadId> heads) {
        List<HeadId> order = new ArrayList<>(new TreeSet<>(heads));
        List<HeadIntervention> settings = new ArrayList<>();
        settings.add(HeadIntervention.none());
        order.forEach(head -> settings.add(removal.apply(List.of(head))));
        List<SettingOutcomes> found = sweep.run(prompts, settings, progress);
        Map<HeadId, Double> effects = new TreeMap<>();
        for (int i = 0; i < order.size(); i++) {
            effects.put(order.get(i), found.get(i + 1).meanLoss() - found.get(0).meanLoss());
        }
        return Collections.unmodifiableMap(effects);
    }

    /**
     * Removes one head after the other, each time the one without which the mean target loss is lowest, even if that is
     * higher than before.
     *
     * @param candidates the heads to choose from
     * @param count most heads to remove
     * @return {@code greedy}: the heads in the order in which they were chosen
     */
    public HeadRanking greedy(Collection<HeadId> candidates, int count) {
        List<HeadId> chosen = new ArrayList<>();
        TreeSet<HeadId> left = new TreeSet<>(candidates);
        while (chosen.size() < count && !left.isEmpty()) {
            List<HeadId> order = new ArrayList<>(left);
            List<HeadIntervention> settings = new ArrayList<>();
            for (HeadId head : order) {
                List<HeadId> tried = new ArrayList<>(chosen);
                tried.add(head);
                settings.add(removal.apply(tried));
            }
            List<SettingOutcomes> found = sweep.run(prompts, settings, progress);
            int best = 0;
            for (int i = 1; i < found.size(); i++) {
                best = found.get(i).meanLoss() < found.get(best).meanLoss() ? i : best;
            }
            chosen.add(order.get(best));
            left.remove(order.get(best));
        }
        return new HeadRanking("greedy", chosen);
    }
}
