package org.apmae.examples.howto;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** Removes more and more heads and prints how many completions remain right, and the loss of the right token. */
final class AblateHeads {
    private AblateHeads() {}

    public static void main(String[] arguments) {
        try (TargetModel model = TargetModels.embedded();
                HookedRecorder recorder = new HookedRecorder(model, 8)) {
            List<Prompt> prompts = Snippets.prompts(model.tokenizer(), 16, 64);
            print("none", recorder, prompts, HeadIntervention.none());
            List<HeadId> removed = new ArrayList<>();
            for (int layer = 0; layer < model.shape().layers(); layer++) {
                for (int head = 0; head < model.shape().heads(); head++) {
                    removed.add(new HeadId(layer, head));
                }
                print("layers 0 to " + layer, recorder, prompts, new ZeroAblation(removed));
            }
        }
    }

    private static void print(
            String what, HookedRecorder recorder, List<Prompt> prompts, HeadIntervention intervention) {
        List<Verdict> verdicts = new ArrayList<>();
        recorder.record(
                prompts.stream(),
                HeadSelection.of(List.of()),
                intervention,
                AttentionSink.of(batch -> {}, verdicts::addAll));
        System.out.printf(
                Locale.ROOT,
                "removed %s: %d of %d right, loss %.3f%n",
                what,
                verdicts.stream().filter(Verdict::correct).count(),
                verdicts.size(),
                verdicts.stream().mapToDouble(Verdict::targetLoss).average().orElseThrow());
    }
}
