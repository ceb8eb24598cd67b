package org.apmae.examples.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.progress.Progress;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.pipeline.Workers;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.sweep.SettingOutcomes;
import org.apmae.models.sweep.SweepPass;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/**
 * A sweep of the embedded model beside full passes of one prompt each, one after the other, and beside such passes side by side
 * on as many threads as the sweep has, in turn: eight rankings in random order at five counts, each head by itself, and all
 * heads. The median of the rounds counts.
 */
final class SweepRate implements Benchmark {
    private static final int PROMPTS = 16;
    private static final int ROUNDS = 3;
    private static final int RANKINGS = 8;
    private static final int FULL_SETTINGS = 10;
    private static final int WINDOW = 256;
    private static final int[] COUNTS = {1, 2, 5, 10, 20};

    @Override
    public Map<String, Object> run(Settings settings) {
        try (TargetModel model = TargetModels.embedded();
                Progress.Stage progress = settings.progress().start("sweeping", 3 * ROUNDS + 3, "rounds")) {
            List<Prompt> prompts =
                    RandomPrompts.of(PROMPTS, WINDOW, model.shape().vocabulary());
            List<HeadIntervention> all = settings(model.shape());
            List<HeadIntervention> some = new ArrayList<>(all);
            Collections.shuffle(some, new Random(2));
            some = some.subList(0, FULL_SETTINGS);
            SweepPass pass = new SweepPass(model, settings.threads());
            double[] shared = new double[ROUNDS];
            double[] full = new double[ROUNDS];
            double[] ratios = new double[ROUNDS];
            double[] threaded = new double[ROUNDS];
            int different = 0;
            double worst = 0;
            for (int round = -1; round < ROUNDS; round++) {
                long started = System.nanoTime();
                List<SettingOutcomes> found = pass.run(prompts, all, done -> {});
                double swept = (double) all.size() * prompts.size() / seconds(started);
                progress.step(1);
                started = System.nanoTime();
                List<List<Verdict>> truth = full(model, prompts, some, 1);
                double each = (double) some.size() * prompts.size() / seconds(started);
                progress.step(1);
                started = System.nanoTime();
                full(model, prompts, some, settings.threads());
                double beside = (double) some.size() * prompts.size() / seconds(started);
                progress.step(1);
                if (round >= 0) {
                    shared[round] = swept;
                    full[round] = each;
                    ratios[round] = swept / each;
                    threaded[round] = swept / beside;
                    continue;
                }
                for (int s = 0; s < some.size(); s++) {
                    SettingOutcomes own = found.get(all.indexOf(some.get(s)));
                    for (int p = 0; p < prompts.size(); p++) {
                        Verdict verdict = truth.get(s).get(p);
                        different += verdict.predictedToken() == own.predictedToken(p) ? 0 : 1;
                        worst = Math.max(worst, Math.abs(verdict.targetLoss() - own.targetLoss(p)));
                    }
                }
            }
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("scenarios", prompts.size());
            figures.put("settings", all.size());
            figures.put("threads", settings.threads());
            figures.put("settings_per_s", Median.of(shared));
            figures.put("full_pass_settings_per_s", Median.of(full));
            figures.put("sweep_speedup", Median.of(ratios));
            figures.put("sweep_speedup_same_threads", Median.of(threaded));
            figures.put("different_predictions", different);
            figures.put("worst_loss_difference", worst);
            return figures;
        }
    }

    private static double seconds(long started) {
        return (System.nanoTime() - started) / 1e9;
    }

    private static List<HeadIntervention> settings(ModelShape shape) {
        List<HeadId> heads = HeadSelection.all(shape).heads();
        List<HeadIntervention> settings = new ArrayList<>();
        for (int ranking = 0; ranking < RANKINGS; ranking++) {
            List<HeadId> order = new ArrayList<>(heads);
            Collections.shuffle(order, new Random(ranking));
            for (int count : COUNTS) {
                settings.add(new ZeroAblation(order.subList(0, count)));
            }
        }
        heads.forEach(head -> settings.add(new ZeroAblation(List.of(head))));
        settings.add(new ZeroAblation(heads));
        return settings;
    }

    /** Full passes of one prompt, side by side on so many threads. */
    private static List<List<Verdict>> full(
            TargetModel model, List<Prompt> prompts, List<HeadIntervention> settings, int threads) {
        HeadSelection none = HeadSelection.of(List.of());
        List<List<Verdict>> all = new ArrayList<>();
        try (Workers workers = new Workers("apmae-bench", threads);
                HookedRecorder recorder = new HookedRecorder(model, 1)) {
            List<Future<List<Verdict>>> running = new ArrayList<>();
            for (HeadIntervention setting : settings) {
                for (Prompt prompt : prompts) {
                    running.add(workers.submit(() -> {
                        List<Verdict> found = new ArrayList<>();
                        recorder.record(
                                List.of(prompt).stream(),
                                none,
                                setting,
                                AttentionSink.of(patterns -> {}, found::addAll));
                        return found;
                    }));
                }
            }
            for (int s = 0; s < settings.size(); s++) {
                List<Verdict> own = new ArrayList<>();
                for (int p = 0; p < prompts.size(); p++) {
                    own.addAll(Workers.result(running.get(s * prompts.size() + p)));
                }
                all.add(own);
            }
        }
        return all;
    }
}
