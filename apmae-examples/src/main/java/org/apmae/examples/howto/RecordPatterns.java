package org.apmae.examples.howto;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** Records every head on a few prompts and prints, for each layer, the head that looks at the previous token most. */
final class RecordPatterns {
    private RecordPatterns() {}

    public static void main(String[] arguments) {
        Map<HeadId, Double> previous = new TreeMap<>();
        try (TargetModel model = TargetModels.embedded();
                HookedRecorder recorder = new HookedRecorder(model, 4)) {
            recorder.record(
                    Snippets.prompts(model.tokenizer(), 8, 64).stream(),
                    HeadSelection.all(model.shape()),
                    AttentionSink.patternsOnly(batch -> measure(batch, previous)));
            for (int layer = 0; layer < model.shape().layers(); layer++) {
                int wanted = layer;
                HeadId best = previous.keySet().stream()
                        .filter(head -> head.layer() == wanted)
                        .max((a, b) -> Double.compare(previous.get(a), previous.get(b)))
                        .orElseThrow();
                System.out.printf(
                        Locale.ROOT, "%s looks at the previous token with %.3f%n", best, previous.get(best) / 8);
            }
        }
    }

    /** Adds the mean weight of the diagonal below the main one; patterns are (B, h, S, S). */
    private static void measure(AttentionBatch batch, Map<HeadId, Double> previous) {
        int tokens = (int) batch.patterns().getShape().get(2);
        float[] weights = batch.patterns().toFloatArray();
        for (int row = 0; row < batch.prompts().size(); row++) {
            for (int h = 0; h < batch.heads().size(); h++) {
                int start = (row * batch.heads().size() + h) * tokens * tokens;
                double sum = 0;
                for (int query = 1; query < tokens; query++) {
                    sum += weights[start + query * tokens + query - 1];
                }
                previous.merge(batch.heads().get(h), sum / (tokens - 1), Double::sum);
            }
        }
    }
}
