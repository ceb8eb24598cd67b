package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.store.PatternStore;
import org.apmae.core.work.PieceRunner;
import org.apmae.core.work.SerializingRunner;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.pipeline.EncodingPass;
import org.apmae.models.pipeline.PatternKeeping;
import org.apmae.models.pipeline.RecordingEstimate;
import org.apmae.models.pipeline.VerdictPass;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records without the command line, as any application can. */
class RecordingTest {
    private static final int SCENARIOS = 2 * EncodingPass.SEGMENT + 7;
    private static final Provenance PROVENANCE = Provenance.seeded(1);

    @TempDir
    private static Path shared;

    private static TargetModel model;
    private static ApMae apmae;

    @TempDir
    private Path folder;

    @BeforeAll
    static void make() throws IOException {
        TinyStudy.model(shared.resolve("model"), 0);
        model = TargetModels.load(shared.resolve("model"));
        ApMaeConfig laptop = ApMaeConfig.laptop();
        apmae = ApMae.init(
                ApMaeConfig.of(
                        new PatchGrid(TinyStudy.WINDOW, TinyStudy.WINDOW / 8), laptop.encoder(), laptop.decoder()),
                1);
    }

    @AfterAll
    static void close() {
        apmae.close();
        model.close();
    }

    private static List<Prompt> prompts(int count) {
        Random random = new Random(2);
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = random.ints(TinyStudy.WINDOW, 4, 300).toArray();
            prompts.add(new Prompt("s" + i, CompletionTask.IDENTIFIERS, ids, 5));
        }
        return prompts;
    }

    private static void before(RunFolder run, Stage... stages) {
        for (Stage stage : stages) {
            try (StageWriter writer = run.begin(stage)) {
                writer.metrics(Map.of());
                writer.commit(PROVENANCE);
            }
        }
    }

    private static void encode(RunFolder run, Iterator<Prompt> prompts, PatternKeeping keep, int threads) {
        HeadSelection heads = HeadSelection.all(model.shape());
        try (ApMaeEncoder encoder = apmae.encoder();
                StageWriter stage = run.resume(Stage.ENCODE, keep.toString())) {
            EncodingStore.Writer store = EncodingStore.writer(stage, heads.heads(), encoder.width());
            new EncodingPass(model, apmae.config().scaler(), encoder, threads)
                    .run(prompts, heads, keep, stage, store, done -> {});
            store.finish();
            stage.commit(PROVENANCE);
        }
    }

    /** A stream that breaks off. */
    private static Iterator<Prompt> failing(List<Prompt> prompts, int after) {
        Iterator<Prompt> sound = prompts.iterator();
        return new Iterator<>() {
            private int drawn;

            @Override
            public boolean hasNext() {
                return sound.hasNext();
            }

            @Override
            public Prompt next() {
                if (drawn++ == after) {
                    throw new IllegalStateException("the corpus is gone");
                }
                return sound.next();
            }
        };
    }

    private static Map<String, byte[]> content(Path run) throws IOException {
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith(".lock")) {
                    content.put(run.relativize(file).toString(), Files.readAllBytes(file));
                }
            }
        }
        return content;
    }

    @Test
    void goesOnAfterAnInterruptionAndLeavesNoTraceOfIt() throws IOException {
        List<Prompt> prompts = prompts(SCENARIOS);
        PatternKeeping keep = PatternKeeping.none()
                .withHeads(List.of(new HeadId(0, 1)))
                .withSample(0.1, 3)
                .withPatterns(Map.of("s4", Set.of(new HeadId(1, 7))));
        Path calm = folder.resolve("calm");
        try (RunFolder run = RunFolder.create(calm)) {
            before(run, Stage.MINE, Stage.RECORD, Stage.TRAIN);
            encode(run, prompts.iterator(), keep, 1);
            PatternStore patterns = PatternStore.open(run);
            assertThat(patterns.scenarioIds()).hasSize(SCENARIOS);
            assertThat(patterns.heads("s4")).contains(new HeadId(0, 1), new HeadId(1, 7));
            long whole = patterns.scenarioIds().stream()
                    .filter(id -> patterns.heads(id).size() == 16)
                    .count();
            assertThat(whole).isBetween(2L, 15L);
            float[][] weights =
                    patterns.read("s4", new HeadId(1, 7)).orElseThrow().weights();
            for (int row = 0; row < weights.length; row++) {
                float sum = 0;
                for (float weight : weights[row]) {
                    sum += weight;
                }
                assertThat(sum).isCloseTo(1, within(2e-3f));
            }
        }
        Path disturbed = folder.resolve("disturbed");
        try (RunFolder run = RunFolder.create(disturbed)) {
            before(run, Stage.MINE, Stage.RECORD, Stage.TRAIN);
            assertThatThrownBy(() -> encode(run, failing(prompts, EncodingPass.SEGMENT + 9), keep, 2))
                    .hasMessage("the corpus is gone");
        }
        try (RunFolder run = RunFolder.open(disturbed)) {
            assertThat(run.has(Stage.ENCODE)).isFalse();
            encode(run, prompts.iterator(), keep, 3);
        }
        Map<String, byte[]> expected = content(calm);
        Map<String, byte[]> found = content(disturbed);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void segmentsComputedElsewhereAreTheSame() throws IOException {
        List<Prompt> prompts = prompts(SCENARIOS);
        PatternKeeping keep = PatternKeeping.none()
                .withHeads(List.of(new HeadId(0, 1)))
                .withPatterns(Map.of("s4", Set.of(new HeadId(1, 7))));
        Path here = folder.resolve("here");
        try (RunFolder run = RunFolder.create(here)) {
            before(run, Stage.MINE, Stage.RECORD, Stage.TRAIN);
            encode(run, prompts.iterator(), keep, 2);
        }
        Path elsewhere = folder.resolve("elsewhere");
        HeadSelection heads = HeadSelection.all(model.shape());
        try (RunFolder run = RunFolder.create(elsewhere);
                PieceRunner runner = new SerializingRunner();
                ApMaeEncoder encoder = apmae.encoder()) {
            before(run, Stage.MINE, Stage.RECORD, Stage.TRAIN);
            try (StageWriter stage = run.resume(Stage.ENCODE, keep.toString())) {
                EncodingStore.Writer store = EncodingStore.writer(stage, heads.heads(), encoder.width());
                long stored = new EncodingPass(model, apmae.config().scaler(), encoder, 1)
                        .on(runner, () -> model, () -> apmae.encoder())
                        .run(prompts.iterator(), heads, keep, stage, store, done -> {});
                assertThat(stored).isEqualTo(SCENARIOS);
                store.finish();
                stage.commit(PROVENANCE);
            }
        }
        Map<String, byte[]> expected = content(here);
        Map<String, byte[]> found = content(elsewhere);
        assertThat(found.keySet()).isEqualTo(expected.keySet()).contains("patterns/L1H7.f16");
        expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    void roundsComputedElsewhereAreTheSameAndSurplusOnesAreDropped() {
        List<Prompt> prompts = prompts(VerdictPass.ROUND * 3 + 10);
        Map<CompletionTask, List<Prompt>> candidates = Map.of(
                CompletionTask.IDENTIFIERS,
                prompts,
                CompletionTask.EOL,
                prompts.subList(0, VerdictPass.ROUND + 1).stream()
                        .map(each -> new Prompt("eol" + each.scenarioId(), CompletionTask.EOL, each.ids(), 5))
                        .toList());
        // one round of the first task is enough, and so the others that run ahead are not needed
        VerdictPass.Enough enough = (task, found) -> task == CompletionTask.IDENTIFIERS && !found.isEmpty();
        VerdictPass pass = new VerdictPass(model, 2);
        try (RunFolder run = RunFolder.create(folder.resolve("run"));
                PieceRunner runner = new SerializingRunner()) {
            before(run, Stage.MINE);
            Map<CompletionTask, List<Verdict>> here;
            List<Object> notes;
            try (StageWriter stage = run.resume(Stage.RECORD, "here")) {
                here = pass.run(candidates, enough, stage.segments(), done -> {});
                notes = stage.segments().notes();
            }
            VerdictPass elsewhere = pass.on(runner, () -> model);
            try (StageWriter stage = run.resume(Stage.RECORD, "elsewhere")) {
                assertThat(elsewhere.run(candidates, enough, stage.segments(), done -> {}))
                        .isEqualTo(here);
                assertThat(stage.segments().notes()).isEqualTo(notes).hasSize(3);
            }
            // gone on with elsewhere after whole segments from here
            try (StageWriter stage = run.resume(Stage.RECORD, "both")) {
                VerdictPass.Enough stopping = (task, found) -> {
                    if (!found.isEmpty()) {
                        throw new IllegalStateException("stopped after a round");
                    }
                    return false;
                };
                assertThatThrownBy(() -> pass.run(candidates, stopping, stage.segments(), done -> {}))
                        .hasMessage("stopped after a round");
            }
            try (StageWriter stage = run.resume(Stage.RECORD, "both")) {
                Map<CompletionTask, List<Verdict>> all =
                        elsewhere.run(candidates, (task, found) -> false, stage.segments(), done -> {});
                assertThat(all.get(CompletionTask.EOL)).hasSize(VerdictPass.ROUND + 1);
                assertThat(all.get(CompletionTask.IDENTIFIERS).subList(0, VerdictPass.ROUND))
                        .isEqualTo(here.get(CompletionTask.IDENTIFIERS));
            }
        }
    }

    @Test
    void readsAHeadIntoNativeMemory() throws IOException {
        Path path = folder.resolve("run");
        HeadId head = new HeadId(1, 3);
        try (RunFolder run = RunFolder.create(path);
                NDManager owner = model.newManager()) {
            before(run, Stage.MINE, Stage.RECORD, Stage.TRAIN);
            encode(run, prompts(5).iterator(), PatternKeeping.none(), 1);
            EncodingStore store = EncodingStore.open(run);
            NDArray matrix = store.head(owner, head);
            assertThat(matrix.getShape()).isEqualTo(new Shape(5, store.width()));
            assertThat(matrix.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(owner.getManagedArrays()).containsExactly(matrix);
            float[][] rows = store.head(head);
            float[] all = matrix.toFloatArray();
            for (int row = 0; row < rows.length; row++) {
                assertThat(Arrays.copyOfRange(all, row * store.width(), (row + 1) * store.width()))
                        .isEqualTo(rows[row]);
            }
            matrix.muli(2);
            assertThat(store.head(head)).as("the copy is the caller's own").isDeepEqualTo(rows);

            Path file = path.resolve("encodings/c.11.0.0");
            byte[] bytes = Files.readAllBytes(file);
            bytes[9] ^= 1;
            Files.write(file, bytes);
            assertThatThrownBy(() -> EncodingStore.open(run).head(owner, head))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("c.11.0.0 is damaged");
            assertThat(owner.getManagedArrays()).hasSize(1);
        }
    }

    @Test
    void keepsThePatternsOfWrongAnswersOnly() {
        List<Prompt> prompts = prompts(8);
        try (RunFolder run = RunFolder.create(folder.resolve("run"))) {
            before(run, Stage.MINE);
            Map<CompletionTask, List<Verdict>> found;
            try (StageWriter stage = run.resume(Stage.RECORD, "key")) {
                found = new VerdictPass(model, 2)
                        .run(
                                Map.of(CompletionTask.IDENTIFIERS, prompts),
                                VerdictPass.balanced(100),
                                stage.segments(),
                                done -> {});
            }
            // a random model is never right, so half of the prompts are told that it is
            List<Prompt> told = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Prompt prompt = prompts.get(i);
                int predicted = found.get(CompletionTask.IDENTIFIERS).get(i).predictedToken();
                told.add(new Prompt(
                        prompt.scenarioId(), prompt.task(), prompt.ids(), i % 2 == 0 ? predicted : predicted ^ 1));
            }
            before(run, Stage.RECORD, Stage.TRAIN);
            encode(run, told.iterator(), PatternKeeping.none().withWrongAnswers(), 2);
            assertThat(PatternStore.open(run).scenarioIds()).containsExactly("s1", "s3", "s5", "s7");
        }
    }

    @Test
    void verdictsGoOnAcrossRestarts() {
        List<Prompt> prompts = prompts(VerdictPass.ROUND * 2 + 10);
        Map<CompletionTask, List<Prompt>> candidates = Map.of(CompletionTask.IDENTIFIERS, prompts);
        VerdictPass pass = new VerdictPass(model, 2);
        try (RunFolder run = RunFolder.create(folder.resolve("run"))) {
            before(run, Stage.MINE);
            List<Verdict> calm;
            try (StageWriter stage = run.resume(Stage.RECORD, "one")) {
                calm = pass.run(candidates, (task, found) -> false, stage.segments(), done -> {})
                        .get(CompletionTask.IDENTIFIERS);
                assertThat(calm).hasSize(prompts.size());
            }
            try (StageWriter stage = run.resume(Stage.RECORD, "two")) {
                pass.run(candidates, (task, found) -> !found.isEmpty(), stage.segments(), done -> {});
            }
            try (StageWriter stage = run.resume(Stage.RECORD, "two")) {
                assertThat(stage.segments().notes()).hasSize(1);
                assertThat(pass.run(candidates, (task, found) -> false, stage.segments(), done -> {})
                                .get(CompletionTask.IDENTIFIERS))
                        .isEqualTo(calm);
                assertThat(stage.segments().notes()).hasSize(3);
            }
        }
    }

    @Test
    void estimatesAndRefusesADiskThatIsTooSmall() {
        try (ApMaeEncoder encoder = apmae.encoder()) {
            RecordingEstimate estimate = new EncodingPass(model, apmae.config().scaler(), encoder, 1)
                    .estimate(prompts(4), 3000, HeadSelection.all(model.shape()), PatternKeeping.none());
            assertThat(estimate.toString()).startsWith("3,000 scenarios x 16 heads: ");
            assertThat(estimate.diskBytes())
                    .isBetween(3000L * 16 * encoder.width() * 2, 3000L * 16 * encoder.width() * 3);
            assertThat(estimate.seconds()).isPositive();
            estimate.requireRoom(folder.resolve("not/there/yet"));
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> new RecordingEstimate(10, 720, 1, 1, 1L << 60).requireRoom(folder))
                .withMessageContaining("1152921504.6 GB")
                .withMessageContaining(folder.toString());
    }
}
