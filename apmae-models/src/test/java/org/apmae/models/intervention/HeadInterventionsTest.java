package org.apmae.models.intervention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadInterventionContract;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimWindow;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Interventions on the embedded model. */
class HeadInterventionsTest {
    private static final List<HeadId> HEADS = List.of(new HeadId(1, 2), new HeadId(3, 0), new HeadId(3, 5));
    /** Runs the hooks and changes nothing. */
    private static final HeadIntervention UNCHANGED = new HeadScaling(HeadPoint.OUTPUT, HEADS, 1);

    private static TargetModel model;
    private static List<Prompt> prompts;

    @BeforeAll
    static void load() {
        model = TargetModels.embedded();
        CodeTokenizer tokenizer = model.tokenizer();
        List<Prompt> made = new ArrayList<>();
        for (String name : List.of("total", "count", "index", "value")) {
            int[] before =
                    tokenizer.encode("int f(int[] a) {\n    int " + name + " = 0;\n    for (int x : a)\n        ");
            int[] ids = FimWindow.layOut(before, tokenizer.encode(" += x;\n"), tokenizer.fimTokens(), 256);
            made.add(new Prompt(name, CompletionTask.IDENTIFIERS, Arrays.copyOf(ids, 28), 7));
        }
        prompts = List.copyOf(made);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<Verdict> run(HeadIntervention intervention, List<Prompt> on) {
        List<Verdict> verdicts = new ArrayList<>();
        try (HookedRecorder recorder = new HookedRecorder(model, 4)) {
            recorder.record(
                    on.stream(),
                    HeadSelection.of(List.of()),
                    intervention,
                    AttentionSink.of(batch -> {}, verdicts::addAll));
        }
        return verdicts;
    }

    private static HeadActivations reference(HeadPoint point) {
        return HeadActivations.record("set", model, point, prompts, HEADS);
    }

    /** The contract on arrays of the sizes that it uses: 3 tokens, width 5, heads 0 to 3. */
    abstract static class Contract extends HeadInterventionContract {
        @Override
        protected NDManager manager() {
            return NativeRuntime.newManager(Device.cpu());
        }
    }

    @Nested
    class ScalingContract extends Contract {
        @Override
        protected HeadIntervention intervention() {
            return new HeadScaling(HeadPoint.OUTPUT, List.of(new HeadId(2, 1), new HeadId(2, 3)), -1.5f);
        }
    }

    @Nested
    class PositionsContract extends Contract {
        @Override
        protected HeadIntervention intervention() {
            return new AtPositions(new ZeroAblation(List.of(new HeadId(2, 1))), List.of(-1, 0));
        }
    }

    @Nested
    class CompositionContract extends Contract {
        @Override
        protected HeadIntervention intervention() {
            return new Composition(List.of(
                    new ZeroAblation(List.of(new HeadId(2, 1))),
                    new HeadScaling(HeadPoint.OUTPUT, List.of(new HeadId(1, 0), new HeadId(2, 3)), 2)));
        }
    }

    @Test
    void replacingHeadsByTheirOwnOutputOrPatternChangesNothing() {
        for (HeadPoint point : HeadPoint.values()) {
            HeadActivations reference = reference(point);
            for (int p = 0; p < prompts.size(); p++) {
                Verdict plain = run(UNCHANGED, prompts.subList(p, p + 1)).get(0);
                assertThat(run(HeadReplacement.patch(reference, p, HEADS), prompts.subList(p, p + 1)))
                        .containsExactly(plain);
                assertThat(run(HeadReplacement.patch(reference, (p + 1) % 4, HEADS), prompts.subList(p, p + 1)))
                        .doesNotContain(plain);
            }
        }
    }

    @Test
    void theMeanIsThatOfThePrompts() {
        HeadActivations reference = reference(HeadPoint.OUTPUT);
        float[] mean = reference.mean(HEADS.get(1));
        assertThat(mean).hasSize(28 * 32);
        float sum = 0;
        for (int p = 0; p < 4; p++) {
            sum += reference.of(HEADS.get(1), p)[100];
        }
        assertThat(mean[100]).isCloseTo(sum / 4, within(1e-6f));
        assertThat(HeadReplacement.mean(reference, HEADS).id()).isEqualTo("mean(set):L1H2+L3H0+L3H5");
    }

    @Test
    void aScalingOfThePatternIsOneOfTheOutput() {
        Verdict output =
                run(new HeadScaling(HeadPoint.OUTPUT, HEADS, 0.5f), prompts).get(0);
        Verdict pattern =
                run(new HeadScaling(HeadPoint.PATTERN, HEADS, 0.5f), prompts).get(0);
        assertThat(pattern.targetLoss()).isCloseTo(output.targetLoss(), within(1e-4));
        assertThat(run(new HeadScaling(HeadPoint.OUTPUT, HEADS, 0), prompts))
                .isEqualTo(run(new ZeroAblation(HEADS), prompts));
        assertThat(run(new HeadScaling(HeadPoint.PATTERN, HEADS, 1), prompts)).isEqualTo(run(UNCHANGED, prompts));
    }

    /** Without hooks attention is fused, which rounds otherwise; every run with hooks rounds alike. */
    @Test
    void aRunWithoutHooksDiffersByRoundingOnly() {
        List<Verdict> watched = run(UNCHANGED, prompts);
        List<Verdict> unwatched = run(HeadIntervention.none(), prompts);
        for (int p = 0; p < prompts.size(); p++) {
            assertThat(unwatched.get(p).predictedToken())
                    .isEqualTo(watched.get(p).predictedToken());
            assertThat(unwatched.get(p).targetLoss()).isCloseTo(watched.get(p).targetLoss(), within(1e-4));
            assertThat(unwatched.get(p).topProbability())
                    .isCloseTo(watched.get(p).topProbability(), within(1e-5));
        }
    }

    @Test
    void aDrawDependsOnHeadAndSeedAlone() {
        HeadActivations reference = reference(HeadPoint.OUTPUT);
        assertThat(run(HeadReplacement.resample(reference, HEADS, 3), prompts))
                .isEqualTo(run(HeadReplacement.resample(reference, HEADS, 3), prompts))
                .isNotEqualTo(run(HeadReplacement.resample(reference, HEADS, 4), prompts));
        assertThat(run(
                        new Composition(List.of(
                                HeadReplacement.resample(reference, HEADS.subList(0, 1), 3),
                                HeadReplacement.resample(reference, HEADS.subList(1, 3), 3))),
                        prompts))
                .isEqualTo(run(HeadReplacement.resample(reference, HEADS, 3), prompts));
    }

    @Test
    void atTheLastPositionOnlyThatTokensOutputChanges() {
        HeadIntervention last = new AtPositions(new ZeroAblation(HEADS), List.of(-1));
        List<float[]> seen = new ArrayList<>();
        try (NDManager manager = model.newManager()) {
            Hooks hooks = Hooks.none()
                    .with("blocks.1.attn.hook_z", (scratch, z) -> keep(seen, z))
                    .with(last)
                    .with("blocks.1.attn.hook_z", (scratch, z) -> keep(seen, z));
            int[] own = prompts.get(0).ids();
            long[] ids = Arrays.stream(own).asLongStream().toArray();
            model.lastLogits(manager, manager.create(ids).reshape(1, ids.length), hooks);
        }
        int row = 8 * 32;
        for (int i = 0; i < seen.get(0).length; i++) {
            boolean changed = i / row == 27 && i / 32 % 8 == 2;
            assertThat(seen.get(1)[i]).isEqualTo(changed ? 0 : seen.get(0)[i]);
        }
        assertThat(last.id()).isEqualTo("zero:L1H2+L3H0+L3H5@-1");
    }

    private static NDArray keep(List<float[]> seen, NDArray z) {
        seen.add(z.toFloatArray());
        return z;
    }

    @Test
    void mistakesAreNamed() {
        HeadActivations reference = reference(HeadPoint.OUTPUT);
        assertThatThrownBy(() -> HeadReplacement.mean(reference, List.of(new HeadId(0, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no head L0H0");
        assertThatThrownBy(() -> HeadReplacement.patch(reference, 4, HEADS)).hasMessageContaining("0 to 3");
        Prompt shorter = new Prompt(
                "short",
                CompletionTask.IDENTIFIERS,
                Arrays.copyOf(prompts.get(0).ids(), 20),
                7);
        assertThatThrownBy(() -> run(HeadReplacement.mean(reference, HEADS), List.of(shorter)))
                .hasMessageContaining("20 tokens")
                .hasMessageContaining("28");
        assertThatThrownBy(() -> run(new AtPositions(new ZeroAblation(HEADS), List.of(28)), prompts))
                .hasMessageContaining("-28 to 27");
        assertThatThrownBy(() -> new HeadScaling(HeadPoint.OUTPUT, HEADS, Float.NaN))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> HeadActivations.record("a b", model, HeadPoint.OUTPUT, prompts, HEADS))
                .hasMessageContaining("'a b'");
        assertThatThrownBy(() -> run(new ZeroAblation(List.of(new HeadId(9, 0))), prompts))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
