package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;
import org.apmae.core.predict.PairedChange;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.sweep.HeadRanking;
import org.apmae.models.sweep.HeadSearch;
import org.apmae.models.sweep.SettingOutcomes;
import org.apmae.models.sweep.Sweep;
import org.apmae.models.sweep.SweepEstimate;
import org.apmae.models.sweep.SweepPass;

/**
 * Stage 7: heads are removed in the order of several rankings, on scenarios that neither predictor nor ranking has seen. What
 * has to be found by trial (the effect of single heads, the greedy choice) is found on the validation files, and all is judged
 * on the test files.
 */
final class SweepStage {
    private static final int[] COUNTS = {1, 2, 5, 10, 20, 50, 100, 200, 400, 600, 800};
    private static final int DRAWS = 3;
    private static final int EFFECT_DRAWS = 1;
    private static final int GREEDY = 6;
    private static final int CANDIDATES = 12;

    /** What decides the settings beside the options; a part of the key under which a sweep is gone on with. */
    private static final String PLAN = ", " + List.of(DRAWS, EFFECT_DRAWS, GREEDY, CANDIDATES);

    private final Study study;
    private final StudyOptions options;
    private final List<HeadId> heads;
    private final List<Selected> search;
    private final List<Selected> judged;

    private SweepStage(Study study) {
        this.study = study;
        this.options = study.options();
        this.heads = new ArrayList<>(shap().keySet());
        List<Selected> selected = Selected.read(study.run());
        this.judged = choose(selected, RecordStage.Side.TEST, options.sweepScenarios(), options.seedOf("sweep"));
        if (judged.isEmpty()) {
            throw new IllegalStateException(
                    "the test files do not hold both correct and incorrect scenarios, and a sweep"
                            + " needs both; mine more scenarios");
        }
        int few = (options.sweepScenarios() + 2) / 3;
        long seed = options.seedOf("sweep search");
        List<Selected> validation = choose(selected, RecordStage.Side.VALIDATION, few, seed);
        // a small study may have nothing there; what is found on training files is judged as fairly
        this.search = validation.isEmpty() ? choose(selected, RecordStage.Side.TRAIN, few, seed) : validation;
    }

    static void run(Study study) {
        study.run().require(Stage.PREDICT);
        new SweepStage(study).run();
    }

    /** What the stage would take; nothing is written. */
    static SweepEstimate estimate(Study study) {
        study.run().require(Stage.PREDICT);
        return new SweepStage(study).estimate();
    }

    private Map<HeadId, Double> shap() {
        Map<HeadId, Double> shap = new TreeMap<>();
        Figures.map(Figures.map(study.run().metrics().get("predict")).get("mean_shap"))
                .forEach((head, value) -> shap.put(HeadId.parse(head), Figures.number(value)));
        return shap;
    }

    /** One way to remove heads. */
    private record Setting(String ranking, List<HeadId> heads) {
        HeadIntervention intervention() {
            return new ZeroAblation(heads);
        }
    }

    private void run() {
        SweepPass pass = new SweepPass(study.model(), study.threads());
        SweepEstimate estimate = estimate();
        study.tell("removing heads: " + estimate);
        Provenance provenance = study.provenance();
        try (StageWriter writer = study.run().resume(Stage.SWEEP, provenance + ", " + options.toJson() + PLAN);
                Progress.Stage progress =
                        study.progress().start("removing heads", estimate.scenarioSettings(), "scenario-settings")) {
            Sweep sweep = pass.resuming(writer.segments());
            HeadSearch trials = new HeadSearch(sweep, prompts(search), ZeroAblation::new, progress::step);
            Map<HeadId, Double> effects = trials.singleEffects(heads);
            HeadRanking byEffect = HeadRanking.byEffect(effects);
            HeadRanking greedy = trials.greedy(candidates(byEffect), GREEDY);
            List<SettingOutcomes> greedySteps = sweep.run(prompts(search), steps(greedy), progress::step);
            int kept = best(greedySteps);
            List<HeadRanking> rankings = new ArrayList<>(List.of(byEffect, greedy));
            rankings.addAll(0, fromShap());
            rankings.addAll(random("random_single_effect", byEffect, EFFECT_DRAWS));
            List<Setting> settings = settings(rankings);
            if (kept > 0) {
                settings.add(new Setting("chosen", greedy.heads().subList(0, kept)));
            }
            List<HeadIntervention> interventions = new ArrayList<>(List.of(HeadIntervention.none()));
            settings.forEach(setting -> interventions.add(setting.intervention()));
            List<SettingOutcomes> found = sweep.run(prompts(judged), interventions, progress::step);
            writer.metrics(metrics(effects, rankings, greedySteps, settings, found));
            writer.commit(provenance);
        }
    }

    private SweepEstimate estimate() {
        SweepPass pass = new SweepPass(study.model(), study.threads());
        List<HeadIntervention> singles = new ArrayList<>();
        heads.forEach(head -> singles.add(new ZeroAblation(List.of(head))));
        List<HeadIntervention> tests = new ArrayList<>();
        // which heads will be removed is not known yet; random ones stand for them
        HeadRanking some = HeadRanking.neutral(zeros(), 1);
        List<HeadRanking> stand = new ArrayList<>();
        for (int i = 0; i < 5 + DRAWS + EFFECT_DRAWS; i++) {
            stand.add(some.matched(heads, "estimate", i));
        }
        settings(stand).forEach(setting -> tests.add(setting.intervention()));
        List<HeadIntervention> trials = new ArrayList<>();
        int count = Math.min(GREEDY, heads.size());
        for (int step = 0; step < count; step++) {
            for (int i = step; i < Math.min(CANDIDATES, heads.size()); i++) {
                List<HeadId> tried = new ArrayList<>(some.heads().subList(0, step));
                tried.add(some.heads().get(i));
                trials.add(new ZeroAblation(tried));
            }
        }
        List<Prompt> searched = prompts(search);
        SweepEstimate first = pass.estimate(searched, singles);
        SweepEstimate second = pass.estimate(searched, trials);
        SweepEstimate third = pass.estimate(prompts(judged), tests);
        return first.and(second).and(third);
    }

    private Map<HeadId, Double> zeros() {
        Map<HeadId, Double> zeros = new TreeMap<>();
        heads.forEach(head -> zeros.put(head, 0.0));
        return zeros;
    }

    private List<HeadId> candidates(HeadRanking byEffect) {
        return byEffect.heads().subList(0, Math.min(CANDIDATES, heads.size()));
    }

    private static List<HeadIntervention> steps(HeadRanking greedy) {
        List<HeadIntervention> steps = new ArrayList<>(List.of(HeadIntervention.none()));
        for (int count = 1; count <= greedy.heads().size(); count++) {
            steps.add(new ZeroAblation(greedy.heads().subList(0, count)));
        }
        return steps;
    }

    /** The number of heads without which the loss is lowest, 0 for none. */
    private static int best(List<SettingOutcomes> steps) {
        int best = 0;
        for (int count = 1; count < steps.size(); count++) {
            best = steps.get(count).meanLoss() < steps.get(best).meanLoss() ? count : best;
        }
        return best;
    }

    private List<HeadRanking> fromShap() {
        Map<HeadId, Double> shap = shap();
        HeadRanking positive = HeadRanking.positive(shap);
        List<HeadRanking> rankings = new ArrayList<>(List.of(
                positive, HeadRanking.negative(shap), HeadRanking.neutral(shap, options.seedOf("neutral heads"))));
        rankings.addAll(random("random", positive, DRAWS));
        return rankings;
    }

    private List<HeadRanking> random(String name, HeadRanking like, int draws) {
        List<HeadRanking> random = new ArrayList<>();
        for (int draw = 1; draw <= draws; draw++) {
            random.add(like.matched(heads, name + "_" + draw, options.seedOf(name + draw)));
        }
        return random;
    }

    private List<Setting> settings(List<HeadRanking> rankings) {
        List<Setting> settings = new ArrayList<>();
        for (HeadRanking ranking : rankings) {
            for (int count : COUNTS) {
                if (count <= ranking.heads().size() && count < heads.size()) {
                    settings.add(new Setting(ranking.name(), ranking.heads().subList(0, count)));
                }
            }
        }
        settings.add(new Setting("all", heads));
        return settings;
    }

    private static List<Prompt> prompts(List<Selected> scenarios) {
        return scenarios.stream().map(one -> one.row().prompt()).toList();
    }

    /** As many correct as incorrect scenarios of one side, spread over the tasks; none where there are not both. */
    private static List<Selected> choose(List<Selected> selected, RecordStage.Side side, int most, long seed) {
        List<Selected> order = new ArrayList<>(selected);
        Collections.shuffle(order, new Random(seed));
        List<Selected> right = new ArrayList<>();
        List<Selected> wrong = new ArrayList<>();
        for (Selected one : order) {
            if (one.side() == side) {
                (one.verdict().correct() ? right : wrong).add(one);
            }
        }
        int count = Math.min(most, Math.min(right.size(), wrong.size()));
        List<Selected> chosen = new ArrayList<>(right.subList(0, count));
        chosen.addAll(wrong.subList(0, count));
        return chosen;
    }

    private Map<String, Object> metrics(
            Map<HeadId, Double> effects,
            List<HeadRanking> rankings,
            List<SettingOutcomes> greedySteps,
            List<Setting> settings,
            List<SettingOutcomes> found) {
        SettingOutcomes before = found.get(0);
        List<PairedChange> changes = new ArrayList<>();
        for (int s = 0; s < settings.size(); s++) {
            changes.add(change(before, found.get(s + 1)));
        }
        double[] corrected = PairedChange.holm(
                changes.stream().mapToDouble(PairedChange::mcNemar).toArray());
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<String, Object> metrics = new HashMap<>();
        for (int s = 0; s < settings.size(); s++) {
            Map<String, Object> row = row(settings.get(s), before, found.get(s + 1), changes.get(s), corrected[s]);
            rows.add(row);
            if (settings.get(s).ranking().equals("chosen")) {
                metrics.put("chosen", row);
            }
        }
        Map<String, Object> orders = new LinkedHashMap<>();
        rankings.forEach(ranking -> orders.put(
                ranking.name(), ranking.heads().stream().map(HeadId::toString).toList()));
        Map<String, Object> single = new LinkedHashMap<>();
        effects.forEach((head, effect) -> single.put(head.toString(), effect));
        metrics.put("scenarios", judged.size());
        metrics.put(
                "correct", judged.stream().filter(s -> s.verdict().correct()).count());
        metrics.put("search_scenarios", search.size());
        metrics.put("rankings", orders);
        metrics.put("single_effects", single);
        metrics.put(
                "greedy_search_loss",
                greedySteps.stream().map(SettingOutcomes::meanLoss).toList());
        metrics.put("settings", rows);
        return metrics;
    }

    private PairedChange change(SettingOutcomes before, SettingOutcomes after) {
        return PairedChange.of(
                correct(before),
                correct(after),
                before.targetLosses(),
                after.targetLosses(),
                judged.stream().map(one -> one.row().path()).toList(),
                options.seedOf("sweep interval"));
    }

    private boolean[] correct(SettingOutcomes outcomes) {
        boolean[] correct = new boolean[judged.size()];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = outcomes.predictedToken(i) == judged.get(i).row().targetToken();
        }
        return correct;
    }

    private static Map<String, Object> row(
            Setting setting, SettingOutcomes before, SettingOutcomes after, PairedChange change, double corrected) {
        int changed = 0;
        for (int i = 0; i < before.size(); i++) {
            changed += before.predictedToken(i) != after.predictedToken(i) ? 1 : 0;
        }
        Map<String, Object> json = new HashMap<>();
        json.put("ranking", setting.ranking());
        json.put("heads", setting.heads().size());
        json.put("intervention", setting.intervention().id());
        json.put("predictions_changed", changed);
        json.put("incorrect_to_correct", change.mended());
        json.put("correct_to_incorrect", change.broken());
        json.put("accuracy", Figures.interval(change.accuracy()));
        json.put("accuracy_change", Figures.interval(change.accuracyChange()));
        json.put("target_loss_before", before.meanLoss());
        json.put("target_loss_after", after.meanLoss());
        json.put("target_loss_change", Figures.interval(change.lossChange()));
        json.put("mcnemar_p", change.mcNemar());
        json.put("holm_p", corrected);
        return json;
    }
}
