package org.apmae.mining;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;

/**
 * Draws scenarios from those of a corpus, spread over its files.
 *
 * <p>The files of a task are put in a seeded order and visited in turn, each giving one of its scenarios at a time, again
 * in a seeded order: no file gives a second scenario before every file has given one, so that a huge file does not
 * dominate. The draw depends on the set of scenarios and the seed only, not on the order they come in.
 */
public final class ScenarioSampler {
    private static final Comparator<Scenario> IN_FILE =
            Comparator.comparingInt(Scenario::start).thenComparingInt(Scenario::end);

    private ScenarioSampler() {}

    /**
     * Draws at most {@code perTask} scenarios of each task.
     *
     * @param scenarios what to draw from
     * @param perTask most scenarios of one task, 1 or more
     * @param seed seed of the draw
     * @return the tasks in the order of their declaration, each in the order drawn: the first k of a task are the draw
     *     that {@code perTask = k} gives; unmodifiable
     * @throws IllegalArgumentException if {@code perTask} is below 1
     */
    public static List<Scenario> sample(Collection<Scenario> scenarios, int perTask, long seed) {
        if (perTask < 1) {
            throw new IllegalArgumentException(
                    "perTask is " + perTask + "; it must be 1 or more (Integer.MAX_VALUE takes all)");
        }
        // Equal strings that are the same object compare at once, so a file as a key costs little.
        Map<CompletionTask, Map<SourceFile, List<Scenario>>> groups = new EnumMap<>(CompletionTask.class);
        Map<SourceFile, String> keys = new HashMap<>();
        for (Scenario scenario : scenarios) {
            keys.computeIfAbsent(
                    scenario.source(), source -> source.corpus() + '\n' + source.path() + '\n' + source.sha256());
            groups.computeIfAbsent(scenario.task(), task -> new HashMap<>())
                    .computeIfAbsent(scenario.source(), source -> new ArrayList<>())
                    .add(scenario);
        }
        List<Scenario> drawn = new ArrayList<>();
        groups.forEach((task, files) -> draw(task, files, keys, perTask, seed, drawn));
        return List.copyOf(drawn);
    }

    private static void draw(
            CompletionTask task,
            Map<SourceFile, List<Scenario>> files,
            Map<SourceFile, String> keys,
            int perTask,
            long seed,
            List<Scenario> drawn) {
        List<Map.Entry<SourceFile, List<Scenario>>> order = new ArrayList<>(files.entrySet());
        order.sort(Comparator.comparing(entry -> keys.getOrDefault(entry.getKey(), "")));
        shuffle(order, new SplitMix(seed, "files", task.wireName()));
        for (Map.Entry<SourceFile, List<Scenario>> entry : order) {
            entry.getValue().sort(IN_FILE);
            shuffle(
                    entry.getValue(),
                    new SplitMix(seed, "file", task.wireName(), keys.getOrDefault(entry.getKey(), "")));
        }
        int left = perTask;
        for (int round = 0; left > 0 && !order.isEmpty(); round++) {
            for (Map.Entry<SourceFile, List<Scenario>> entry : order) {
                if (left > 0) {
                    drawn.add(entry.getValue().get(round));
                    left--;
                }
            }
            int done = round + 1;
            order.removeIf(entry -> entry.getValue().size() <= done);
        }
    }

    private static <T> void shuffle(List<T> list, SplitMix random) {
        for (int i = list.size() - 1; i > 0; i--) {
            int j = random.below(i + 1);
            T moved = list.get(i);
            list.set(i, list.get(j));
            list.set(j, moved);
        }
    }
}
