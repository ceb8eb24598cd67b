package org.apmae.models.sweep;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;

/** One batch of prompts under all settings of a plan, on the calling thread. */
final class LayeredBatch {
    private final TargetModel model;
    private final List<Prompt> prompts;
    private final LayerPlan plan;
    private final List<SettingOutcomes> outcomes;
    private final int[] lengths;
    private final long[] ids;
    private final int tokens;

    LayeredBatch(TargetModel model, List<Prompt> prompts, LayerPlan plan) {
        this.model = model;
        this.prompts = prompts;
        this.plan = plan;
        this.outcomes = new ArrayList<>();
        plan.all().forEach(s -> outcomes.add(null));
        this.lengths = prompts.stream().mapToInt(Prompt::length).toArray();
        this.tokens = prompts.stream().mapToInt(Prompt::length).max().orElseThrow();
        this.ids = new long[Math.multiplyExact(prompts.size(), tokens)];
        for (int row = 0; row < prompts.size(); row++) {
            int[] own = prompts.get(row).ids();
            for (int i = 0; i < own.length; i++) {
                ids[row * tokens + i] = own[i];
            }
        }
    }

    /** Runs everything. */
    List<SettingOutcomes> run() {
        List<Integer> layerwise = plan.all().stream()
                .filter(s -> LayerPlan.layerwise(plan.setting(s)))
                .toList();
        try (NDManager manager = model.newManager()) {
            NDArray input = manager.create(ids, new Shape(prompts.size(), tokens));
            for (int s : plan.all()) {
                if (!layerwise.contains(s)) {
                    whole(manager, input, s);
                }
            }
            if (!layerwise.isEmpty()) {
                TargetModel.LayerSteps steps = model.steps(manager, input, lengths);
                descend(steps, manager, 0, steps.embedded(manager), layerwise);
            }
        }
        return outcomes;
    }

    /** What changes patterns, or needs all of a run, is run as one. */
    private void whole(NDManager manager, NDArray input, int s) {
        try (NDManager scratch = manager.newSubManager()) {
            keep(
                    model.lastLogits(scratch, input, lengths, Hooks.none().with(plan.setting(s)))
                            .toFloatArray(),
                    List.of(s));
        }
    }

    private void descend(
            TargetModel.LayerSteps steps, NDManager owner, int layer, NDArray residual, List<Integer> settings) {
        boolean end = layer == model.shape().layers() - 1;
        try (NDManager level = owner.newSubManager()) {
            NDArray heads = end && plan.lastAlone(settings, layer)
                    ? steps.lastHeads(level, layer, residual)
                    : steps.heads(level, layer, residual);
            for (List<Integer> branch : plan.branches(settings, layer)) {
                try (NDManager scratch = level.newSubManager()) {
                    HeadIntervention first = plan.setting(branch.get(0));
                    NDArray changed = plan.changes(branch.get(0), layer) ? first.apply(scratch, layer, heads) : heads;
                    NDArray next = steps.finish(scratch, layer, residual, changed);
                    if (end) {
                        keep(steps.logits(scratch, next).toFloatArray(), branch);
                    } else {
                        descend(steps, scratch, layer + 1, next, branch);
                    }
                }
            }
        }
    }

    private void keep(float[] logits, List<Integer> settings) {
        int vocabulary = model.shape().vocabulary();
        List<Verdict> verdicts = new ArrayList<>();
        for (int row = 0; row < prompts.size(); row++) {
            verdicts.add(Verdict.of(prompts.get(row), logits, row * vocabulary, vocabulary));
        }
        SettingOutcomes found = SettingOutcomes.of(verdicts);
        settings.forEach(s -> outcomes.set(s, found));
    }
}
