package org.apmae.models.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.intervention.AtPositions;
import org.apmae.models.intervention.Composition;
import org.apmae.models.intervention.HeadPoint;
import org.apmae.models.intervention.HeadScaling;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.runtime.Precision;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sweeps against full passes of one prompt and one setting each. */
class SweepPassTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final double TOLERANCE = 2e-4;

    private static TargetModel model;

    @BeforeAll
    static void load() {
        model = TargetModels.embedded();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<Prompt> prompts(TargetModel model, int count, int shortest, int longest) {
        Random random = new Random(7);
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = shortest + random.nextInt(longest - shortest + 1);
            int[] ids = random.ints(length, 0, model.shape().vocabulary()).toArray();
            prompts.add(new Prompt("s" + i, CompletionTask.RANDOM, ids, ids[0]));
        }
        return prompts;
    }

    /** Sets of all sizes, equal ones among them, and interventions of which a sweep knows nothing. */
    private static List<HeadIntervention> settings(TargetModel model) {
        List<HeadId> heads = HeadSelection.all(model.shape()).heads();
        List<HeadIntervention> settings = new ArrayList<>();
        settings.add(HeadIntervention.none());
        Random random = new Random(3);
        for (int count = 1; count <= heads.size(); count = 2 * count + 1) {
            List<HeadId> order = new ArrayList<>(heads);
            Collections.shuffle(order, random);
            settings.add(new ZeroAblation(order.subList(0, count)));
            settings.add(new HeadScaling(HeadPoint.OUTPUT, order.subList(0, count), 0.5f));
            settings.add(new ZeroAblation(order.subList(0, count)));
        }
        HeadId last = heads.get(heads.size() - 1);
        settings.add(new AtPositions(new ZeroAblation(List.of(last)), List.of(-1)));
        settings.add(new AtPositions(new ZeroAblation(List.of(heads.get(0))), List.of(0, 2)));
        settings.add(new HeadScaling(HeadPoint.PATTERN, List.of(heads.get(1)), 0));
        settings.add(new Composition(
                List.of(new HeadScaling(HeadPoint.OUTPUT, List.of(last), 3), new ZeroAblation(List.of(heads.get(0))))));
        settings.add(new ZeroAblation(heads));
        return settings;
    }

    private static float[] logits(TargetModel model, Prompt prompt, HeadIntervention setting) {
        int[] own = prompt.ids();
        long[] ids = new long[own.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = own[i];
        }
        try (NDManager manager = model.newManager()) {
            NDArray input = manager.create(ids, new Shape(1, ids.length));
            return model.lastLogits(manager, input, Hooks.none().with(setting)).toFloatArray();
        }
    }

    private static void check(TargetModel model, List<Prompt> prompts, List<HeadIntervention> settings) {
        List<SettingOutcomes> found = new SweepPass(model, 2).run(prompts, settings, done -> {});
        assertThat(found).hasSize(settings.size());
        for (int s = 0; s < settings.size(); s++) {
            for (int p = 0; p < prompts.size(); p++) {
                float[] truth = logits(model, prompts.get(p), settings.get(s));
                int best = 0;
                double sum = 0;
                for (int i = 0; i < truth.length; i++) {
                    best = truth[i] > truth[best] ? i : best;
                }
                for (float logit : truth) {
                    sum += Math.exp(logit - truth[best]);
                }
                double loss = Math.log(sum) - (truth[prompts.get(p).targetToken()] - truth[best]);
                String where = settings.get(s).id() + " of prompt " + p;
                double lead = Double.MAX_VALUE;
                for (int i = 0; i < truth.length; i++) {
                    lead = i == best ? lead : Math.min(lead, truth[best] - truth[i]);
                }
                if (lead > 1e-3) {
                    assertThat(found.get(s).predictedToken(p)).as(where).isEqualTo(best);
                }
                assertThat(Math.abs(found.get(s).targetLoss(p) - loss))
                        .as(where)
                        .isLessThan(2 * TOLERANCE);
            }
        }
    }

    @Test
    void equalsFullPassesOnTheEmbeddedModel() {
        check(model, prompts(model, 5, 12, 40), settings(model));
    }

    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny", "starcoder2-tiny-window", "gpt2-tiny", "llama-tiny", "qwen2-tiny"})
    void equalsFullPassesOfEveryFamily(String name) {
        try (TargetModel tiny = TargetModels.load(GOLDEN.resolve(name), Device.cpu(), Precision.F32)) {
            check(tiny, prompts(tiny, 11, 3, 24), settings(tiny));
        }
    }

    @Test
    void stepsGiveTheLogitsOfAFullPass() {
        List<Prompt> prompts = prompts(model, 3, 20, 30);
        int longest = prompts.stream().mapToInt(Prompt::length).max().orElseThrow();
        long[] ids = new long[3 * longest];
        int[] lengths = new int[3];
        for (int row = 0; row < 3; row++) {
            int[] own = prompts.get(row).ids();
            lengths[row] = own.length;
            for (int i = 0; i < own.length; i++) {
                ids[row * longest + i] = own[i];
            }
        }
        try (NDManager manager = model.newManager()) {
            NDArray input = manager.create(ids, new Shape(3, longest));
            float[] truth =
                    model.lastLogits(manager, input, lengths, Hooks.none()).toFloatArray();
            TargetModel.LayerSteps steps = model.steps(manager, input, lengths);
            for (boolean lastAlone : new boolean[] {false, true}) {
                NDArray residual = steps.embedded(manager);
                for (int layer = 0; layer < model.shape().layers(); layer++) {
                    boolean last = lastAlone && layer == model.shape().layers() - 1;
                    NDArray heads =
                            last ? steps.lastHeads(manager, layer, residual) : steps.heads(manager, layer, residual);
                    residual = steps.finish(manager, layer, residual, heads);
                }
                float[] found = steps.logits(manager, residual).toFloatArray();
                double worst = 0;
                for (int i = 0; i < truth.length; i++) {
                    worst = Math.max(worst, Math.abs(truth[i] - found[i]));
                }
                assertThat(worst).isLessThan(TOLERANCE);
            }
            assertThatThrownBy(() -> model.steps(manager, input, new int[] {1, 2, longest + 1}))
                    .hasMessageContaining(String.valueOf(longest + 1));
        }
    }

    @Test
    void threadsAndNeighboursChangeNothing() {
        List<Prompt> prompts = prompts(model, 20, 16, 16);
        List<HeadIntervention> settings = settings(model);
        List<SettingOutcomes> one = new SweepPass(model, 1).run(prompts, settings, done -> {});
        List<SettingOutcomes> three = new SweepPass(model, 3).run(prompts, settings, done -> {});
        for (int s = 0; s < settings.size(); s++) {
            assertThat(three.get(s).targetLosses()).isEqualTo(one.get(s).targetLosses());
            assertThat(three.get(s).predictedTokens()).isEqualTo(one.get(s).predictedTokens());
        }
    }

    @Test
    void goesOnAfterAnInterruptionAndRefusesAnotherSweep(@TempDir Path folder) {
        List<Prompt> prompts = prompts(model, 20, 16, 16);
        List<HeadIntervention> settings = settings(model).subList(0, 6);
        SweepPass pass = new SweepPass(model, 2);
        List<SettingOutcomes> whole = pass.run(prompts, settings, done -> {});
        try (RunFolder run = RunFolder.create(folder)) {
            for (Stage stage : Stage.values()) {
                if (stage.compareTo(Stage.SWEEP) < 0) {
                    try (StageWriter writer = run.begin(stage)) {
                        writer.metrics(Map.of());
                        writer.commit(Provenance.seeded(1));
                    }
                }
            }
            long[] done = new long[1];
            try (StageWriter writer = run.resume(Stage.SWEEP, "key")) {
                assertThatThrownBy(() -> pass.resuming(writer.segments()).run(prompts, settings, step -> {
                            done[0] += step;
                            if (done[0] > 60) {
                                throw new IllegalStateException("killed");
                            }
                        }))
                        .hasMessage("killed");
                assertThat(writer.segments().notes()).hasSize(2);
            }
            try (StageWriter writer = run.resume(Stage.SWEEP, "key")) {
                assertThat(writer.segments().notes()).hasSize(2);
                List<SettingOutcomes> again = pass.resuming(writer.segments()).run(prompts, settings, step -> {});
                for (int s = 0; s < settings.size(); s++) {
                    assertThat(again.get(s).targetLosses())
                            .isEqualTo(whole.get(s).targetLosses());
                }
                assertThat(writer.segments().notes()).hasSize(3);
                assertThatThrownBy(() ->
                                pass.resuming(writer.segments()).run(prompts.subList(1, 20), settings, step -> {}))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("another key");
            }
        }
    }

    @Test
    void estimatesAndRefusesWhatTheModelLacks() {
        SweepPass pass = new SweepPass(model, 2);
        List<Prompt> prompts = prompts(model, 4, 16, 16);
        SweepEstimate estimate = pass.estimate(prompts, settings(model));
        assertThat(estimate.scenarioSettings()).isEqualTo(4L * settings(model).size());
        assertThat(estimate.seconds()).isPositive();
        assertThat(estimate.sharedShare()).isBetween(0.1, 1.0);
        HeadIntervention foreign = new ZeroAblation(List.of(new HeadId(99, 0)));
        assertThatThrownBy(() -> pass.run(prompts, List.of(foreign), done -> {}))
                .hasMessageContaining("L99H0");
        assertThatThrownBy(() -> new SweepPass(model, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
