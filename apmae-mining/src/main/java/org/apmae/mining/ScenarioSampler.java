package org.apmae.mining;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;

/**
 * Draws scenarios from those of a corpus as they stream by, spread over its projects and files.
 *
 * <p>Projects are visited in turn, in a seeded order; within a project its files in turn, in a seeded order; within a file its
 * scenarios in a seeded order, one at a visit. So no file gives a second scenario before every file of its project has given
 * one, and no huge file or project dominates. The draw depends on the set of scenarios and the seed only, not on the order of
 * the files; only as many scenarios as can still be drawn are held, so memory does not grow with the corpus.
 *
 * <p>The scenarios of one file have to come one after another, as {@link CorpusMiner} gives them. Not thread-safe.
 */
public final class ScenarioSampler implements Consumer<Scenario> {
    private static final Comparator<Scenario> IN_FILE =
            Comparator.comparingInt(Scenario::start).thenComparingInt(Scenario::end);

    private final int perTask;
    private final long seed;
    private final Spread spread;
    private final Map<CompletionTask, Draw> draws = new EnumMap<>(CompletionTask.class);
    private final Map<CompletionTask, List<Scenario>> file = new EnumMap<>(CompletionTask.class);

    /** What is visited in turn. */
    public enum Spread {
        /** Projects in turn (see {@link SourceFile#corpus()}), and within each its files. */
        PROJECTS,
        /** All files in turn, whatever project they belong to. */
        FILES
    }

    /**
     * Starts a draw.
     *
     * @param perTask most scenarios of one task, 1 or more
     * @param seed seed of the draw
     * @param spread what is visited in turn
     * @throws IllegalArgumentException if {@code perTask} is below 1
     */
    public ScenarioSampler(int perTask, long seed, Spread spread) {
        if (perTask < 1) {
            throw new IllegalArgumentException(
                    "perTask is " + perTask + "; it must be 1 or more (Integer.MAX_VALUE takes all)");
        }
        this.perTask = perTask;
        this.seed = seed;
        this.spread = spread;
    }

    /**
     * Draws at most {@code perTask} scenarios of each task, all files in turn.
     *
     * @param scenarios what to draw from, in any order
     * @param perTask most scenarios of one task, 1 or more
     * @param seed seed of the draw
     * @return the tasks in the order of their declaration, each in the order drawn: the first k of a task are the draw
     *     that {@code perTask = k} gives; unmodifiable
     * @throws IllegalArgumentException if {@code perTask} is below 1
     */
    public static List<Scenario> sample(Collection<Scenario> scenarios, int perTask, long seed) {
        ScenarioSampler sampler = new ScenarioSampler(perTask, seed, Spread.FILES);
        Map<SourceFile, List<Scenario>> files = new LinkedHashMap<>();
        for (Scenario scenario : scenarios) {
            files.computeIfAbsent(scenario.source(), source -> new ArrayList<>())
                    .add(scenario);
        }
        files.values().forEach(each -> each.forEach(sampler));
        return sampler.drawn();
    }

    /**
     * Takes one more scenario into account.
     *
     * @param scenario the next scenario of the same file as the one before, or the first of another
     */
    @Override
    public void accept(Scenario scenario) {
        if (!file.isEmpty() && !file.values().iterator().next().get(0).source().equals(scenario.source())) {
            flush();
        }
        file.computeIfAbsent(scenario.task(), task -> new ArrayList<>()).add(scenario);
    }

    /**
     * Returns what is drawn of the scenarios so far.
     *
     * @return the tasks in the order of their declaration, each in the order drawn: the first k of a task are the draw that
     *     {@code perTask = k} gives; unmodifiable
     */
    public List<Scenario> drawn() {
        flush();
        List<Scenario> drawn = new ArrayList<>();
        draws.values()
                .forEach(draw ->
                        draw.best().forEach(slot -> drawn.add(slot.entry().scenario())));
        return List.copyOf(drawn);
    }

    private void flush() {
        file.forEach((task, scenarios) -> {
            scenarios.sort(IN_FILE);
            SourceFile source = scenarios.get(0).source();
            String key = source.corpus() + '\n' + source.path() + '\n' + source.sha256();
            shuffle(scenarios, new SplitMix(seed, "file", task.wireName(), key));
            long order = new SplitMix(seed, "files", task.wireName(), key).nextLong();
            String project = spread == Spread.PROJECTS ? source.corpus() : "";
            Draw draw = draws.computeIfAbsent(task, Draw::new);
            int most = Math.min(perTask, scenarios.size());
            for (int round = 0; round < most; round++) {
                draw.add(project, new Entry(scenarios.get(round), round, order));
            }
        });
        file.clear();
    }

    /** A scenario with its turn in its file and its file's place in each turn. */
    private record Entry(Scenario scenario, int round, long order) implements Comparable<Entry> {
        private static final Comparator<Entry> ORDER = Comparator.comparingInt(Entry::round)
                .thenComparingLong(Entry::order)
                .thenComparing(entry -> entry.scenario().source().corpus())
                .thenComparing(entry -> entry.scenario().source().path())
                .thenComparing(entry -> entry.scenario().source().sha256())
                .thenComparing(Entry::scenario, IN_FILE);

        @Override
        public int compareTo(Entry other) {
            return ORDER.compare(this, other);
        }
    }

    /** An entry with its place among all: its turn in its project, and its project's place in each turn. */
    private record Slot(Entry entry, String project, int turn, long order) {
        private static final Comparator<Slot> ORDER = Comparator.comparingInt(Slot::turn)
                .thenComparingLong(Slot::order)
                .thenComparing(Slot::project);
    }

    /** The best entries of one task. */
    private final class Draw {
        private final CompletionTask task;
        private final Map<String, TreeSet<Entry>> projects = new HashMap<>();
        private long held;

        Draw(CompletionTask task) {
            this.task = task;
        }

        void add(String project, Entry entry) {
            TreeSet<Entry> entries = projects.computeIfAbsent(project, name -> new TreeSet<>());
            // Once full, a project needs nothing behind its last; most scenarios of a large corpus end here.
            if (entries.size() >= perTask && entries.last().compareTo(entry) <= 0) {
                return;
            }
            held += entries.add(entry) ? 1 : 0;
            if (entries.size() > perTask) {
                entries.pollLast();
                held--;
            }
            if (held > 2L * perTask + 16) {
                prune();
            }
        }

        /**
         * Drops what is behind the first {@code perTask}. It can never be drawn: what comes later takes places in front of it or
         * behind it, and frees none.
         */
        private void prune() {
            List<Slot> best = best();
            projects.clear();
            best.forEach(slot -> projects.computeIfAbsent(slot.project(), name -> new TreeSet<>())
                    .add(slot.entry()));
            held = best.size();
        }

        List<Slot> best() {
            List<Slot> slots = new ArrayList<>();
            projects.forEach((project, entries) -> {
                long order = new SplitMix(seed, "projects", task.wireName(), project).nextLong();
                int turn = 0;
                for (Entry entry : entries) {
                    slots.add(new Slot(entry, project, turn++, order));
                }
            });
            slots.sort(Slot.ORDER);
            return slots.subList(0, (int) Math.min(perTask, (long) slots.size()));
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
