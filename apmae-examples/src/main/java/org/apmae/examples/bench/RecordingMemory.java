package org.apmae.examples.bench;

import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apmae.core.progress.Progress;
import org.apmae.examples.console.CommonOptions;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/**
 * Resident memory while the embedded model is recorded on many prompts, every pattern of every head. The Java heap is bounded,
 * in a process of its own: a heap without bound takes new pages as long as there are any, whatever the program does.
 */
final class RecordingMemory implements Benchmark {
    private static final int WARM_UP = 500;
    private static final int STEP = 100;
    private static final int HEAP_MB = 128;

    private final int prompts;

    RecordingMemory(int prompts) {
        this.prompts = prompts;
    }

    @Override
    public Map<String, Object> run(Settings settings) {
        JsonObject found;
        try (Progress.Stage stage = settings.progress().start("recording", prompts, "prompts")) {
            found = BoundedHeap.run(
                    HEAP_MB,
                    RecordingMemory.class,
                    stage::step,
                    String.valueOf(prompts),
                    String.valueOf(settings.threads()));
        }
        long first = found.get("first").getAsLong();
        long most = found.get("most").getAsLong();
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("prompts", found.get("prompts").getAsLong());
        figures.put("heap_limit_mb", HEAP_MB);
        figures.put("rss_after_500_mb", first >> 20);
        figures.put("rss_most_mb", most >> 20);
        figures.put("rss_growth", (double) most / first - 1);
        return figures;
    }

    /**
     * Records and prints.
     *
     * @param arguments prompts and threads
     */
    public static void main(String[] arguments) {
        int prompts = Integer.parseInt(arguments[0]);
        int threads = Integer.parseInt(arguments[1]);
        long first = 0;
        long most = 0;
        long done = 0;
        try (TargetModel model = TargetModels.embedded();
                PromptWorkers workers = new PromptWorkers(model, threads)) {
            while (done < prompts) {
                int each = Math.max(1, STEP / threads);
                workers.run(each, true);
                done += (long) each * threads;
                BoundedHeap.done((long) each * threads);
                long now = ResidentMemory.bytes();
                if (done >= WARM_UP) {
                    first = first == 0 ? now : first;
                    most = Math.max(most, now);
                }
            }
        }
        CommonOptions.print(Map.of("prompts", done, "first", first, "most", most));
    }
}
