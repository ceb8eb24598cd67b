package org.apmae.examples.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apmae.core.progress.Progress;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** Resident memory while the embedded model is recorded on many prompts, every pattern of every head. */
final class RecordingMemory implements Benchmark {
    private static final int WARM_UP = 500;

    private final int prompts;

    RecordingMemory(int prompts) {
        this.prompts = prompts;
    }

    @Override
    public Map<String, Object> run(Settings settings) {
        int step = 100;
        long first = 0;
        long most = 0;
        int done = 0;
        try (TargetModel model = TargetModels.embedded();
                PromptWorkers workers = new PromptWorkers(model, settings.threads());
                Progress.Stage stage = settings.progress().start("recording", prompts, "prompts")) {
            while (done < prompts) {
                workers.run(step / settings.threads(), true);
                done += step / settings.threads() * settings.threads();
                stage.step(step);
                long now = ResidentMemory.bytes();
                if (done >= WARM_UP) {
                    first = first == 0 ? now : first;
                    most = Math.max(most, now);
                }
            }
        }
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("prompts", done);
        figures.put("rss_after_500_mb", first >> 20);
        figures.put("rss_most_mb", most >> 20);
        figures.put("rss_growth", (double) most / first - 1);
        return figures;
    }
}
