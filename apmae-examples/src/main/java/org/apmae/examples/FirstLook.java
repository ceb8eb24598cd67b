package org.apmae.examples;

import java.util.*;
import org.apmae.core.model.*;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.*;

/** Records the embedded model on a snippet, lists its five most peaked heads, and removes them. */
class FirstLook {
    public static void main(String[] arguments) {
        try (TargetModel model = TargetModels.embedded();
                HookedRecorder recorder = new HookedRecorder(model, 1)) {
            CodeTokenizer code = model.tokenizer();
            int[] before =
                    code.encode("static int sum(int[] a) {\n    int total = 0;\n    for (int i = 0; i < a.length; ");
            int[] after = code.encode("++) {\n        total += a[i];\n    }\n    return total;\n}\n");
            int[] ids = FimWindow.layOut(before, after, code.fimTokens(), 256);
            List<Prompt> prompts = List.of(new Prompt("sum", CompletionTask.RANDOM, ids, code.encode("i")[0]));
            Map<HeadId, Float> peaks = new TreeMap<>();
            AttentionSink sink = AttentionSink.of(batch -> measure(batch, peaks), found -> print(found, code));
            recorder.record(prompts.stream(), HeadSelection.all(model.shape()), sink);
            List<HeadId> heads = new ArrayList<>(peaks.keySet());
            heads.sort(Comparator.comparing(peaks::get).reversed());
            heads.subList(0, 5).forEach(head -> System.out.println(head + " peaks at " + peaks.get(head)));
            recorder.record(prompts.stream(), HeadSelection.of(List.of()), new ZeroAblation(heads.subList(0, 5)), sink);
        }
    }

    private static void measure(AttentionBatch batch, Map<HeadId, Float> peaks) {
        float[] mean = batch.patterns().max(new int[] {3}).mean(new int[] {2}).toFloatArray(); // keys, queries
        batch.heads().forEach(head -> peaks.put(head, mean[head.head()]));
    }

    private static void print(List<Verdict> found, CodeTokenizer tokenizer) {
        found.forEach(v -> System.out.println(tokenizer.decode(v.predictedToken()) + " with " + v.topProbability()));
    }
}
