package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.predict.BinaryMetrics;
import org.apmae.core.predict.Interval;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.pipeline.VerdictPass;

/** Stage 7: heads are removed in the order of four rankings, on scenarios that neither predictor nor ranking has seen. */
final class SweepStage {
    private static final int[] COUNTS = {1, 2, 5, 10, 20, 50, 100, 200, 400, 600, 800};

    private SweepStage() {}

    static void run(Study study) {
        study.run().require(Stage.PREDICT);
        StudyOptions options = study.options();
        Map<HeadId, Double> shap = new LinkedHashMap<>();
        Figures.map(Figures.map(study.run().metrics().get("predict")).get("mean_shap"))
                .forEach((head, value) -> shap.put(HeadId.parse(head), Figures.number(value)));
        List<Selected> scenarios = choose(Selected.read(study.run()), options);
        List<Prompt> prompts = scenarios.stream().map(one -> one.row().prompt()).toList();
        VerdictPass pass = new VerdictPass(study.model(), study.threads());
        Map<String, List<HeadId>> rankings = rankings(shap, options.seedOf("random heads"));
        List<Integer> counts = new ArrayList<>();
        for (int count : COUNTS) {
            if (count < shap.size()) {
                counts.add(count);
            }
        }
        counts.add(shap.size());
        List<Map<String, Object>> settings = new ArrayList<>();
        long total = (long) rankings.size() * (counts.size() - 1) + 1;
        try (Progress.Stage progress = study.progress().start("removing heads", total, "settings")) {
            for (Map.Entry<String, List<HeadId>> ranking : rankings.entrySet()) {
                for (int count : counts) {
                    boolean all = count == shap.size();
                    if (all && !ranking.getKey().equals("random")) {
                        continue; // every ranking ends with the same set
                    }
                    ZeroAblation ablation = new ZeroAblation(ranking.getValue().subList(0, count));
                    List<Verdict> after = pass.predict(prompts, ablation);
                    settings.add(outcome(all ? "all" : ranking.getKey(), count, ablation, scenarios, after, options));
                    progress.step(1);
                }
            }
        }
        try (StageWriter writer = study.run().begin(Stage.SWEEP)) {
            Map<String, Object> metrics = new HashMap<>();
            metrics.put("scenarios", prompts.size());
            metrics.put(
                    "correct",
                    scenarios.stream().filter(s -> s.verdict().correct()).count());
            metrics.put("settings", settings);
            writer.metrics(metrics);
            writer.commit(study.provenance());
        }
    }

    /** As many correct as incorrect scenarios of the test files, spread over the tasks. */
    private static List<Selected> choose(List<Selected> selected, StudyOptions options) {
        List<Selected> chosen = new ArrayList<>();
        List<Selected> order = new ArrayList<>(selected);
        Collections.shuffle(order, new Random(options.seedOf("sweep")));
        List<Selected> right = new ArrayList<>();
        List<Selected> wrong = new ArrayList<>();
        for (Selected one : order) {
            if (one.side() == RecordStage.Side.TEST) {
                (one.verdict().correct() ? right : wrong).add(one);
            }
        }
        int count = Math.min(options.sweepScenarios(), Math.min(right.size(), wrong.size()));
        if (count == 0) {
            throw new IllegalStateException("the test files hold " + right.size() + " correct and " + wrong.size()
                    + " incorrect scenarios; a sweep needs both, so mine more scenarios");
        }
        chosen.addAll(right.subList(0, count));
        chosen.addAll(wrong.subList(0, count));
        return chosen;
    }

    static Map<String, List<HeadId>> rankings(Map<HeadId, Double> shap, long seed) {
        List<HeadId> heads = new ArrayList<>(shap.keySet());
        Collections.sort(heads);
        Comparator<HeadId> byShap = Comparator.comparingDouble(head -> shap.getOrDefault(head, 0.0));
        Map<String, List<HeadId>> rankings = new LinkedHashMap<>();
        rankings.put("pos_only", heads.stream().sorted(byShap.reversed()).toList());
        rankings.put("neg_only", heads.stream().sorted(byShap).toList());
        rankings.put(
                "neutral",
                heads.stream()
                        .sorted(Comparator.comparingDouble(head -> Math.abs(shap.getOrDefault(head, 0.0))))
                        .toList());
        List<HeadId> random = new ArrayList<>(heads);
        Collections.shuffle(random, new Random(seed));
        rankings.put("random", random);
        return rankings;
    }

    private static Map<String, Object> outcome(
            String ranking,
            int count,
            ZeroAblation ablation,
            List<Selected> scenarios,
            List<Verdict> after,
            StudyOptions options) {
        int changed = 0;
        int mended = 0;
        int broken = 0;
        double lossBefore = 0;
        double lossAfter = 0;
        boolean[] hits = new boolean[scenarios.size()];
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < hits.length; i++) {
            Verdict before = scenarios.get(i).verdict();
            Verdict now = after.get(i);
            hits[i] = now.correct();
            groups.add(scenarios.get(i).row().path());
            changed += before.predictedToken() != now.predictedToken() ? 1 : 0;
            mended += !before.correct() && now.correct() ? 1 : 0;
            broken += before.correct() && !now.correct() ? 1 : 0;
            lossBefore += before.targetLoss() / hits.length;
            lossAfter += now.targetLoss() / hits.length;
        }
        Interval accuracy = BinaryMetrics.share(hits, groups, options.seedOf("sweep interval"));
        Map<String, Object> json = new HashMap<>();
        json.put("ranking", ranking);
        json.put("heads", count);
        json.put("intervention", ablation.id());
        json.put("predictions_changed", changed);
        json.put("incorrect_to_correct", mended);
        json.put("correct_to_incorrect", broken);
        json.put("accuracy", Figures.interval(accuracy));
        json.put("target_loss_before", lossBefore);
        json.put("target_loss_after", lossAfter);
        return json;
    }
}
