package org.apmae.mining;

import java.util.Arrays;
import java.util.List;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;

/** Collects spans of all tasks and gives them in the order of their start, then of the task, then of their end. */
final class SpanOrder {
    /** Enough for {@link JavaParserMiner#MAX_CHARACTERS}; twice this and the task fit into a long. */
    private static final int POSITION_BITS = 28;

    private static final long POSITION = (1L << POSITION_BITS) - 1;
    private static final CompletionTask[] TASKS = CompletionTask.values();

    private long[] keys = new long[256];
    private int size;

    /** Adds the spans of a task, or a sample of as many as are asked for, in which all subsets are equally likely. */
    void add(CompletionTask task, Candidates.Spans spans, MiningOptions options, String sha) {
        int limit = options.perFileAndTask();
        if (spans.size() <= limit) {
            for (int i = 0; i < spans.size(); i++) {
                add(task, spans.start(i), spans.end(i));
            }
        } else {
            for (int index : new SplitMix(options.seed(), "sample", sha, task.wireName()).choose(spans.size(), limit)) {
                add(task, spans.start(index), spans.end(index));
            }
        }
    }

    private void add(CompletionTask task, int start, int end) {
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, size * 2);
        }
        keys[size++] = ((long) start << (POSITION_BITS + 4)) | ((long) number(task) << POSITION_BITS) | end;
    }

    /** The place in {@link #TASKS}. */
    private static int number(CompletionTask task) {
        return task.compareTo(TASKS[0]);
    }

    List<Scenario> scenarios(SourceFile source) {
        // Sorting numbers is several times as fast as sorting scenarios.
        Arrays.sort(keys, 0, size);
        Scenario[] scenarios = new Scenario[size];
        for (int i = 0; i < size; i++) {
            long key = keys[i];
            CompletionTask task = TASKS[(int) (key >>> POSITION_BITS) & 15];
            scenarios[i] = new Scenario(task, source, (int) (key >>> (POSITION_BITS + 4)), (int) (key & POSITION));
        }
        return Arrays.asList(scenarios);
    }
}
