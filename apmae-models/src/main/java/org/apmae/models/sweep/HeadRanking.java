package org.apmae.models.sweep;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apmae.core.model.HeadId;

/**
 * An order in which heads are removed; no head stands in it twice. Immutable and thread-safe.
 *
 * @param name for example {@code pos_only}
 * @param heads the heads, the first to be removed first; perhaps not all of the model's
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on interventions</a>
 */
public record HeadRanking(String name, List<HeadId> heads) {
    /** The mean contribution up to which a head counts as neutral, from the paper. */
    public static final double NEUTRAL = 1e-5;

    /**
     * Copies the heads.
     *
     * @throws IllegalArgumentException if a head stands twice
     */
    public HeadRanking {
        heads = List.copyOf(heads);
        if (new TreeSet<>(heads).size() != heads.size()) {
            throw new IllegalArgumentException("the ranking " + name + " names a head twice; name each once");
        }
    }

    /**
     * Ranks the heads that speak for a correct completion, most strongly first.
     *
     * @param contributions mean contribution of every head, in log-odds
     * @return {@code pos_only}: the heads with more than {@link #NEUTRAL}
     */
    public static HeadRanking positive(Map<HeadId, Double> contributions) {
        return new HeadRanking(
                "pos_only",
                sorted(contributions, Comparator.comparingDouble((HeadId head) -> -contributions.get(head))).stream()
                        .filter(head -> contributions.get(head) > NEUTRAL)
                        .toList());
    }

    /**
     * Ranks the heads that speak against a correct completion, most strongly first.
     *
     * @param contributions mean contribution of every head, in log-odds
     * @return {@code neg_only}: the heads with less than minus {@link #NEUTRAL}
     */
    public static HeadRanking negative(Map<HeadId, Double> contributions) {
        return new HeadRanking(
                "neg_only",
                sorted(contributions, Comparator.comparingDouble(contributions::get)).stream()
                        .filter(head -> contributions.get(head) < -NEUTRAL)
                        .toList());
    }

    /**
     * Draws the heads that speak neither way in random order, without replacement.
     *
     * @param contributions mean contribution of every head, in log-odds
     * @param seed seed of the order
     * @return {@code neutral}: the heads with at most {@link #NEUTRAL} either way
     */
    public static HeadRanking neutral(Map<HeadId, Double> contributions, long seed) {
        List<HeadId> heads = new ArrayList<>(sorted(contributions, Comparator.naturalOrder()));
        heads.removeIf(head -> Math.abs(contributions.get(head)) > NEUTRAL);
        Collections.shuffle(heads, new Random(seed));
        return new HeadRanking("neutral", heads);
    }

    /**
     * Ranks heads by what happens to the loss when each is removed by itself.
     *
     * @param effects change of the mean target loss by head, in nats; below 0 where the model does better without it
     * @return {@code single_effect}: all heads, those without which the model does best first
     */
    public static HeadRanking byEffect(Map<HeadId, Double> effects) {
        return new HeadRanking("single_effect", sorted(effects, Comparator.comparingDouble(effects::get)));
    }

    private static List<HeadId> sorted(Map<HeadId, Double> values, Comparator<HeadId> order) {
        List<HeadId> heads = new ArrayList<>(new TreeMap<>(values).keySet());
        heads.sort(order);
        return Collections.unmodifiableList(heads);
    }

    /**
     * Draws a random ranking that removes, at every count, as many heads of each layer as this one, so that a difference
     * between both is not one between layers.
     *
     * @param all all heads of the model
     * @param name the new ranking's name
     * @param seed seed of the draw
     * @return the ranking, as long as this one
     * @throws IllegalArgumentException if this ranking has more heads of a layer than there are
     */
    public HeadRanking matched(Collection<HeadId> all, String name, long seed) {
        Map<Integer, List<HeadId>> layers = new LinkedHashMap<>();
        for (HeadId head : new TreeSet<>(all)) {
            layers.computeIfAbsent(head.layer(), layer -> new ArrayList<>()).add(head);
        }
        Random random = new Random(seed);
        layers.values().forEach(heads -> Collections.shuffle(heads, random));
        List<HeadId> drawn = new ArrayList<>();
        for (HeadId head : heads) {
            List<HeadId> left = layers.getOrDefault(head.layer(), List.of());
            if (left.isEmpty()) {
                throw new IllegalArgumentException("the ranking " + this.name + " has more heads of layer "
                        + head.layer() + " than the heads given; give all heads of the model");
            }
            drawn.add(left.remove(left.size() - 1));
        }
        return new HeadRanking(name, drawn);
    }
}
