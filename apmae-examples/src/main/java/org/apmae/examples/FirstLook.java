package org.apmae.examples;

import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.apmae.core.model.*;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.*;

/** Records the embedded model on a snippet, lists its most peaked heads, and removes one. */
public final class FirstLook {
    public static void main(String[] arguments) {
        try (TargetModel model = TargetModels.embedded();
                HookedRecorder recorder = new HookedRecorder(model, 1)) {
            CodeTokenizer tokenizer = model.tokenizer();
            int[] before =
                    tokenizer.encode("int sum(int[] values) {\n    int total = 0;\n    for (int value : values) {\n");
            int[] after = tokenizer.encode(" += value;\n    }\n    return total;\n}\n");
            int[] ids = FimWindow.layOut(before, after, tokenizer.fimTokens(), 256);
            Prompt prompt = new Prompt(
                    "snippet", CompletionTask.IDENTIFIERS, ids, tokenizer.encode("total")[0]);
            TreeMap<HeadId, Double> peaks = new TreeMap<>();
            AttentionSink sink = AttentionSink.of(
                    batch -> { // patterns (1, heads, tokens, tokens): the largest weight of each query, averaged
                        float[] peak = batch.patterns()
                                .max(new int[] {3})
                                .mean(new int[] {2})
                                .toFloatArray();
                        batch.heads().forEach(head -> peaks.put(head, (double) peak[head.head()]));
                    },
                    verdicts -> print(tokenizer, "as it is", verdicts));
            recorder.record(List.of(prompt).stream(), HeadSelection.all(model.shape()), sink);
            List<HeadId> ranked = peaks.keySet().stream()
                    .sorted(Comparator.comparing(peaks::get).reversed())
                    .toList();
            ranked.stream().limit(5).forEach(head -> System.out.printf("%s peaks at %.2f%n", head, peaks.get(head)));
            AttentionSink after1 =
                    AttentionSink.of(batch -> {}, found -> print(tokenizer, "without " + ranked.get(0), found));
            recorder.record(
                    List.of(prompt).stream(),
                    HeadSelection.of(List.of()),
                    new ZeroAblation(ranked.subList(0, 1)),
                    after1);
        }
    }

    private static void print(CodeTokenizer tokenizer, String when, List<Verdict> verdicts) {
        Verdict verdict = verdicts.get(0);
        String token = tokenizer.decode(verdict.predictedToken());
        System.out.printf(
                "%s: '%s' with %.3f, target loss %.3f%n", when, token, verdict.topProbability(), verdict.targetLoss());
    }
}
