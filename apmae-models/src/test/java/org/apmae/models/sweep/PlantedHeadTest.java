package org.apmae.models.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.intervention.Composition;
import org.apmae.models.intervention.HeadPoint;
import org.apmae.models.intervention.HeadScaling;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimWindow;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.Test;

/** A head that is known to hurt: one head of the embedded model, scaled up. The search has to find it on other prompts. */
class PlantedHeadTest {
    private static final HeadId PLANTED = new HeadId(3, 5);
    private static final float FACTOR = 40;
    private static final int WINDOW = 64;
    private static final int PROMPTS = 60;

    private final List<HeadId> heads = new ArrayList<>();

    private static HeadIntervention planted(Collection<HeadId> removed) {
        return new Composition(
                List.of(new HeadScaling(HeadPoint.OUTPUT, List.of(PLANTED), FACTOR), new ZeroAblation(removed)));
    }

    /** Places in this project's own sources where the model, as it is, says the right token. */
    private static List<Prompt> rightOnes(TargetModel model) throws IOException {
        CodeTokenizer tokenizer = model.tokenizer();
        List<Prompt> prompts = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                int[] ids = tokenizer.encode(Files.readString(file));
                for (int gap = WINDOW; gap < ids.length - WINDOW; gap += ids.length / 3) {
                    int[] window = FimWindow.layOut(
                            Arrays.copyOfRange(ids, gap - WINDOW, gap),
                            Arrays.copyOfRange(ids, gap + 1, gap + WINDOW),
                            tokenizer.fimTokens(),
                            WINDOW);
                    prompts.add(new Prompt(file.toString(), CompletionTask.RANDOM, window, ids[gap]));
                }
            }
        }
        prompts = prompts.subList(0, Math.min(prompts.size(), 3 * PROMPTS));
        SettingOutcomes found = new SweepPass(model, 2)
                .run(prompts, List.of(HeadIntervention.none()), done -> {})
                .get(0);
        List<Prompt> right = new ArrayList<>();
        for (int p = 0; p < prompts.size() && right.size() < PROMPTS; p++) {
            if (found.predictedToken(p) == prompts.get(p).targetToken()) {
                right.add(prompts.get(p));
            }
        }
        return right;
    }

    private static double accuracy(TargetModel model, List<Prompt> prompts, HeadIntervention setting) {
        SettingOutcomes found = new SweepPass(model, 2)
                .run(prompts, List.of(setting), done -> {})
                .get(0);
        int right = 0;
        for (int p = 0; p < prompts.size(); p++) {
            right += found.predictedToken(p) == prompts.get(p).targetToken() ? 1 : 0;
        }
        return (double) right / prompts.size();
    }

    @Test
    void theSearchFindsThePlantedHeadAndRemovingItRestoresTheAccuracy() throws IOException {
        try (TargetModel model = TargetModels.embedded()) {
            heads.addAll(HeadSelection.all(model.shape()).heads());
            List<Prompt> right = rightOnes(model);
            List<Prompt> search = right.subList(0, right.size() / 2);
            List<Prompt> judged = right.subList(right.size() / 2, right.size());
            double hurt = accuracy(model, judged, planted(List.of()));

            Function<Collection<HeadId>, HeadIntervention> removal = PlantedHeadTest::planted;
            HeadSearch trials = new HeadSearch(new SweepPass(model, 2)::run, search, removal, done -> {});
            Map<HeadId, Double> effects = trials.singleEffects(heads);
            HeadRanking ranking = HeadRanking.byEffect(effects);
            HeadRanking greedy = trials.greedy(ranking.heads().subList(0, 4), 2);
            double mended = accuracy(model, judged, planted(ranking.heads().subList(0, 1)));
            double random = 0;
            int draws = 0;
            for (int draw = 0; draw < 8; draw++) {
                HeadRanking other = ranking.matched(heads, "random", draw);
                if (!other.heads().get(0).equals(PLANTED)) {
                    random += accuracy(model, judged, planted(other.heads().subList(0, 1)));
                    draws++;
                }
            }
            System.out.printf(
                    "accuracy on %d prompts: hurt %.3f, mended %.3f, random %.3f; effect %.3f, next %.3f%n",
                    judged.size(),
                    hurt,
                    mended,
                    random / draws,
                    effects.get(ranking.heads().get(0)),
                    effects.get(ranking.heads().get(1)));
            assertThat(ranking.heads().get(0)).isEqualTo(PLANTED);
            assertThat(greedy.heads()).startsWith(PLANTED);
            assertThat(hurt).isLessThan(0.6);
            assertThat(mended).isGreaterThan(hurt + 0.25);
            assertThat(random / draws).isLessThan(hurt + 0.1);
        }
    }
}
