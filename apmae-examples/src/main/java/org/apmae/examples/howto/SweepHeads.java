package org.apmae.examples.howto;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.sweep.HeadRanking;
import org.apmae.models.sweep.HeadSearch;
import org.apmae.models.sweep.SettingOutcomes;
import org.apmae.models.sweep.SweepPass;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** Ranks heads by what their removal costs on some prompts, and removes the most harmful ones on others. */
final class SweepHeads {
    private static final int[] COUNTS = {1, 2, 4, 8};

    private SweepHeads() {}

    public static void main(String[] arguments) {
        try (TargetModel model = TargetModels.embedded()) {
            SweepPass sweep = new SweepPass(model, 2);
            List<Prompt> prompts = Snippets.mixed(model.tokenizer(), 64, 64);
            List<Prompt> search = prompts.subList(0, 32);
            List<Prompt> test = prompts.subList(32, 64);
            List<HeadId> heads = new ArrayList<>();
            for (int head = 0; head < model.shape().totalHeads(); head++) {
                heads.add(model.shape().headAt(head));
            }
            Map<HeadId, Double> effects =
                    new HeadSearch(sweep::run, search, ZeroAblation::new, done -> {}).singleEffects(heads);
            HeadRanking harmful = HeadRanking.byEffect(effects);
            List<HeadRanking> rankings = List.of(harmful, harmful.matched(heads, "random of the same layers", 7));

            List<String> names = new ArrayList<>(List.of("no head"));
            List<HeadIntervention> settings = new ArrayList<>(List.of(HeadIntervention.none()));
            for (HeadRanking ranking : rankings) {
                for (int count : COUNTS) {
                    names.add(count + " by " + ranking.name());
                    settings.add(new ZeroAblation(ranking.heads().subList(0, count)));
                }
            }
            List<SettingOutcomes> outcomes = sweep.run(test, settings, done -> {});
            for (int s = 0; s < settings.size(); s++) {
                print(names.get(s), outcomes.get(s), test);
            }
        }
    }

    private static void print(String removed, SettingOutcomes outcomes, List<Prompt> test) {
        int right = 0;
        for (int p = 0; p < test.size(); p++) {
            right += outcomes.predictedToken(p) == test.get(p).targetToken() ? 1 : 0;
        }
        System.out.printf(
                Locale.ROOT,
                "removed %s: %d of %d right, loss %.3f%n",
                removed,
                right,
                test.size(),
                outcomes.meanLoss());
    }
}
