package org.apmae.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.scenario.CompletionTask;
import org.junit.jupiter.api.Test;

/** What every {@link AttentionRecorder} must do. */
public abstract class AttentionRecorderContract {
    /**
     * Makes a recorder over the same model every time: 2 layers of 2 heads or more, 32 token ids or more.
     *
     * @param batchSize most prompts run at once
     * @return a recorder; closed by the test
     */
    protected abstract AttentionRecorder recorder(int batchSize);

    /**
     * Counts the native arrays that outlive a call.
     *
     * @return the number of arrays that belong to whatever holds the weights
     */
    protected abstract int heldArrays();

    /** What a sink was given, as Java values. */
    private static final class Kept implements AttentionSink {
        private final List<String> events = new ArrayList<>();
        private final Map<String, float[]> patterns = new LinkedHashMap<>();
        private final List<List<Prompt>> batches = new ArrayList<>();
        private final List<Verdict> verdicts = new ArrayList<>();
        private final List<NDArray> arrays = new ArrayList<>();
        private final Thread caller = Thread.currentThread();

        @Override
        public void patterns(AttentionBatch batch) {
            assertThat(Thread.currentThread()).isSameAs(caller);
            int side = batch.prompts().get(0).length();
            assertThat(batch.patterns().getShape())
                    .isEqualTo(new Shape(batch.prompts().size(), batch.heads().size(), side, side));
            events.add("layer " + batch.layer() + " " + batch.heads());
            float[] all = batch.patterns().toFloatArray();
            int next = 0;
            for (Prompt prompt : batch.prompts()) {
                for (HeadId head : batch.heads()) {
                    float[] one = new float[side * side];
                    System.arraycopy(all, next, one, 0, one.length);
                    next += one.length;
                    assertThat(patterns.put(prompt.scenarioId() + " " + head, one))
                            .isNull();
                }
            }
            arrays.add(batch.patterns());
            if (events.stream().filter(event -> !event.equals("verdicts")).count() == 1
                    || events.get(events.size() - 2).equals("verdicts")) {
                batches.add(batch.prompts());
            }
        }

        @Override
        public void verdicts(List<Verdict> found) {
            assertThat(Thread.currentThread()).isSameAs(caller);
            events.add("verdicts");
            verdicts.addAll(found);
        }
    }

    private static Prompt prompt(String id, int length, int vocabulary, int target) {
        Random random = new Random(id.hashCode());
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = random.nextInt(vocabulary);
        }
        return new Prompt(id, target < 0 ? CompletionTask.NOISE : CompletionTask.RANDOM, ids, target);
    }

    private static List<Prompt> prompts(ModelShape shape, int... lengths) {
        return IntStream.range(0, lengths.length)
                .mapToObj(i -> prompt("p" + i, lengths[i], shape.vocabulary(), i))
                .toList();
    }

    private Kept keep(int batchSize, List<Prompt> prompts) {
        try (AttentionRecorder recorder = recorder(batchSize)) {
            Kept kept = new Kept();
            recorder.record(prompts.stream(), HeadSelection.all(recorder.shape()), kept);
            return kept;
        }
    }

    private ModelShape shape() {
        try (AttentionRecorder recorder = recorder(1)) {
            return recorder.shape();
        }
    }

    /** Sets every head of some layers to zero, with nothing but DJL. */
    private static HeadIntervention zeros(ModelShape shape, int layer, AtomicInteger calls) {
        Set<HeadId> heads = Set.copyOf(IntStream.range(0, shape.heads())
                .mapToObj(head -> new HeadId(layer, head))
                .toList());
        return new HeadIntervention() {
            @Override
            public Set<HeadId> heads() {
                return heads;
            }

            @Override
            public NDArray apply(NDManager scratch, int called, NDArray z) {
                assertThat(called).isEqualTo(layer);
                assertThat(z.getShape().dimension()).isEqualTo(4);
                assertThat(z.getShape().get(2)).isEqualTo(shape.heads());
                assertThat(z.getShape().get(3)).isEqualTo(shape.headWidth());
                calls.incrementAndGet();
                NDArray result = z.zerosLike();
                result.attach(scratch);
                return result;
            }

            @Override
            public String id() {
                return "zeros of layer " + layer;
            }
        };
    }

    @Test
    void rowsSumToOneAndNothingLooksAhead() {
        int side = 17;
        Kept kept = keep(2, prompts(shape(), side, side, side));
        assertThat(kept.patterns).hasSize(3 * shape().totalHeads());
        kept.patterns.forEach((name, pattern) -> {
            for (int query = 0; query < side; query++) {
                double sum = 0;
                for (int key = 0; key < side; key++) {
                    float value = pattern[query * side + key];
                    assertThat(value)
                            .as("%s row %d column %d", name, query, key)
                            .isBetween(0f, 1f);
                    if (key > query) {
                        assertThat(value)
                                .as("%s row %d column %d", name, query, key)
                                .isZero();
                    }
                    sum += value;
                }
                assertThat(sum).as("%s row %d", name, query).isCloseTo(1, within(1e-5));
            }
        });
    }

    @Test
    void layersAscendAndVerdictsFollow() {
        ModelShape shape = shape();
        HeadId last = new HeadId(shape.layers() - 1, shape.heads() - 1);
        HeadId first = new HeadId(0, 1);
        HeadId second = new HeadId(shape.layers() - 1, 0);
        Kept all = keep(2, prompts(shape, 9, 9, 9));
        Kept kept = new Kept();
        try (AttentionRecorder recorder = recorder(2)) {
            recorder.record(
                    prompts(shape, 9, 9, 9).stream(), HeadSelection.of(List.of(last, first, second, last)), kept);
        }
        String low = "layer 0 [" + first + "]";
        String high = "layer " + last.layer() + " [" + second + ", " + last + "]";
        assertThat(kept.events).containsExactly(low, high, "verdicts", low, high, "verdicts");
        kept.patterns.forEach(
                (name, pattern) -> assertThat(pattern).as(name).containsExactly(all.patterns.get(name), within(1e-6f)));
    }

    @Test
    void withoutHeadsThereAreOnlyVerdicts() {
        Kept kept = new Kept();
        try (AttentionRecorder recorder = recorder(4)) {
            recorder.record(prompts(recorder.shape(), 6, 6).stream(), HeadSelection.of(List.of()), kept);
            recorder.record(Stream.of(), HeadSelection.all(recorder.shape()), kept);
        }
        assertThat(kept.events).containsExactly("verdicts");
        assertThat(kept.verdicts).extracting(Verdict::scenarioId).containsExactly("p0", "p1");
    }

    @Test
    void patternsAreTheSameWhereNoVerdictIsWanted() {
        ModelShape shape = shape();
        List<HeadId> heads = List.of(new HeadId(0, 0), new HeadId(shape.layers() - 1, shape.heads() - 1));
        for (List<HeadId> selected : List.of(heads, heads.subList(0, 1), List.<HeadId>of())) {
            Kept with = new Kept();
            Map<String, float[]> without = new LinkedHashMap<>();
            try (AttentionRecorder recorder = recorder(2)) {
                recorder.record(prompts(shape, 9, 9, 7).stream(), HeadSelection.of(selected), with);
                recorder.record(prompts(shape, 9, 9, 7).stream(), HeadSelection.of(selected), new AttentionSink() {
                    @Override
                    public void patterns(AttentionBatch batch) {
                        float[] all = batch.patterns().toFloatArray();
                        int size = all.length / batch.prompts().size();
                        for (int i = 0; i < batch.prompts().size(); i++) {
                            without.put(
                                    batch.prompts().get(i).scenarioId() + " "
                                            + batch.heads().get(0),
                                    Arrays.copyOfRange(all, i * size, (i + 1) * size));
                        }
                    }

                    @Override
                    public void verdicts(List<Verdict> found) {
                        throw new AssertionError("nobody wants verdicts");
                    }

                    @Override
                    public boolean wantsVerdicts() {
                        return false;
                    }
                });
            }
            assertThat(without.keySet()).isEqualTo(with.patterns.keySet());
            without.forEach((name, pattern) -> assertThat(pattern).as(name).containsExactly(with.patterns.get(name)));
        }
    }

    @Test
    void onlyNeighboursOfEqualLengthShareABatch() {
        Kept kept = keep(2, prompts(shape(), 12, 12, 12, 7, 7, 12, 1));
        assertThat(kept.batches.stream()
                        .map(batch -> batch.stream().map(Prompt::scenarioId).toList())
                        .toList())
                .containsExactly(List.of("p0", "p1"), List.of("p2"), List.of("p3", "p4"), List.of("p5"), List.of("p6"));
        assertThat(kept.verdicts)
                .extracting(Verdict::scenarioId)
                .containsExactly("p0", "p1", "p2", "p3", "p4", "p5", "p6");
    }

    @Test
    void promptsAreTakenAsTheyAreNeeded() {
        AtomicInteger taken = new AtomicInteger();
        AtomicInteger ahead = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        try (AttentionRecorder recorder = recorder(2)) {
            Stream<Prompt> lazy = prompts(recorder.shape(), 5, 5, 5, 5, 5, 5, 5, 5, 5, 5).stream()
                    .peek(prompt -> taken.incrementAndGet());
            recorder.record(lazy, HeadSelection.of(List.of()), AttentionSink.of(batch -> {}, verdicts -> {
                done.addAndGet(verdicts.size());
                ahead.accumulateAndGet(taken.get() - done.get(), Math::max);
            }));
        }
        assertThat(done).hasValue(10);
        assertThat(ahead.get()).isLessThanOrEqualTo(2);
    }

    @Test
    void patternsAreGoneAfterTheCall() {
        Kept kept = keep(2, prompts(shape(), 8, 8, 8));
        assertThat(kept.arrays).isNotEmpty();
        kept.arrays.forEach(array -> assertThatThrownBy(array::toFloatArray).isInstanceOf(IllegalStateException.class));
    }

    @Test
    void noArrayStaysBehindEvenWhenTheSinkFails() {
        ModelShape shape = shape();
        keep(2, prompts(shape, 8, 8, 8));
        int before = heldArrays();
        keep(2, prompts(shape, 8, 8, 8));
        try (AttentionRecorder recorder = recorder(2)) {
            recorder.record(
                    prompts(shape, 8, 8).stream(),
                    HeadSelection.of(List.of(new HeadId(1, 0))),
                    zeros(shape, 0, new AtomicInteger()),
                    new Kept());
            IllegalStateException fault = new IllegalStateException("the sink's own");
            assertThatThrownBy(() -> recorder.record(
                            prompts(shape, 8, 8).stream(),
                            HeadSelection.all(shape),
                            AttentionSink.of(
                                    batch -> {
                                        throw fault;
                                    },
                                    verdicts -> {})))
                    .isSameAs(fault);
        }
        assertThat(heldArrays()).isEqualTo(before);
    }

    @Test
    void theBatchSizeChangesNothing() {
        List<Prompt> prompts = prompts(shape(), 11, 11, 11, 11, 11);
        Kept one = keep(1, prompts);
        Kept four = keep(4, prompts);
        assertThat(four.patterns.keySet()).isEqualTo(Set.copyOf(one.patterns.keySet()));
        one.patterns.forEach((name, pattern) ->
                assertThat(four.patterns.get(name)).as(name).containsExactly(pattern, within(1e-5f)));
        same(one.verdicts, four.verdicts, 1e-5);
    }

    private static void same(List<Verdict> expected, List<Verdict> found, double tolerance) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            Verdict a = expected.get(i);
            Verdict b = found.get(i);
            assertThat(b.scenarioId()).isEqualTo(a.scenarioId());
            assertThat(b.predictedToken()).isEqualTo(a.predictedToken());
            assertThat(b.topProbability()).isCloseTo(a.topProbability(), within(tolerance));
            assertThat(b.margin()).isCloseTo(a.margin(), within(tolerance));
            assertThat(b.entropy()).isCloseTo(a.entropy(), within(10 * tolerance));
            assertThat(b.targetLoss()).isCloseTo(a.targetLoss(), within(10 * tolerance));
        }
    }

    @Test
    void threadsDoNotDisturbEachOther() throws Exception {
        List<Prompt> prompts = prompts(shape(), 10, 10, 10, 10);
        Kept expected = keep(2, prompts);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (AttentionRecorder shared = recorder(2)) {
            Callable<Kept> task = () -> {
                Kept kept = new Kept();
                shared.record(prompts.stream(), HeadSelection.all(shared.shape()), kept);
                return kept;
            };
            for (Future<Kept> future : threads.invokeAll(List.of(task, task, task, task))) {
                Kept kept = future.get();
                assertThat(kept.events).isEqualTo(expected.events);
                expected.patterns.forEach((name, pattern) ->
                        assertThat(kept.patterns.get(name)).as(name).containsExactly(pattern));
                assertThat(kept.verdicts).isEqualTo(expected.verdicts);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void verdictsDescribeADistribution() {
        ModelShape shape = shape();
        Prompt open = prompt("open", 9, shape.vocabulary(), Prompt.NO_TARGET);
        Verdict verdict = keep(1, List.of(open)).verdicts.get(0);
        assertThat(verdict.predictedToken()).isBetween(0, shape.vocabulary() - 1);
        assertThat(verdict.topProbability()).isGreaterThan(0).isLessThanOrEqualTo(1);
        assertThat(verdict.margin()).isBetween(0.0, verdict.topProbability());
        assertThat(verdict.entropy()).isBetween(0.0, Math.log(shape.vocabulary()) + 1e-9);
        assertThat(verdict.targetLoss()).isNaN();
        assertThat(verdict.correct()).isFalse();
        Prompt hit = new Prompt("hit", CompletionTask.RANDOM, open.ids(), verdict.predictedToken());
        Prompt miss = new Prompt(
                "miss", CompletionTask.RANDOM, open.ids(), (verdict.predictedToken() + 1) % shape.vocabulary());
        List<Verdict> both = keep(1, List.of(hit, miss)).verdicts;
        assertThat(both.get(0).correct()).isTrue();
        assertThat(both.get(0).targetLoss()).isCloseTo(-Math.log(verdict.topProbability()), within(1e-6));
        assertThat(both.get(1).correct()).isFalse();
        assertThat(both.get(1).targetLoss()).isGreaterThan(both.get(0).targetLoss());
    }

    @Test
    void anInterventionActsOnItsLayersOnly() {
        List<Prompt> prompts = prompts(shape(), 9, 9);
        Kept plain = keep(2, prompts);
        Kept changed = new Kept();
        AtomicInteger calls = new AtomicInteger();
        try (AttentionRecorder recorder = recorder(2)) {
            ModelShape shape = recorder.shape();
            recorder.record(prompts.stream(), HeadSelection.all(shape), zeros(shape, 0, calls), changed);
        }
        assertThat(calls).hasValue(1);
        plain.patterns.forEach((name, pattern) -> {
            if (name.contains("L0H")) {
                assertThat(changed.patterns.get(name)).as(name).containsExactly(pattern);
            }
        });
        assertThat(changed.patterns.get("p0 L1H0")).isNotEqualTo(plain.patterns.get("p0 L1H0"));
        assertThat(changed.verdicts.get(0).entropy())
                .isNotEqualTo(plain.verdicts.get(0).entropy());
        Kept none = new Kept();
        try (AttentionRecorder recorder = recorder(2)) {
            recorder.record(prompts.stream(), HeadSelection.all(recorder.shape()), HeadIntervention.none(), none);
        }
        assertThat(none.verdicts).isEqualTo(plain.verdicts);
    }

    @Test
    void refusesWhatTheModelDoesNotHave() {
        ModelShape shape = shape();
        HeadId none = new HeadId(shape.layers(), 0);
        HeadId wide = new HeadId(0, shape.heads());
        try (AttentionRecorder recorder = recorder(2)) {
            Kept kept = new Kept();
            for (HeadId head : List.of(none, wide)) {
                assertThatThrownBy(() ->
                                recorder.record(prompts(shape, 5).stream(), HeadSelection.of(List.of(head)), kept))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(head.toString());
            }
            assertThatThrownBy(() -> recorder.record(
                            prompts(shape, 5).stream(),
                            HeadSelection.of(List.of()),
                            zeros(shape, shape.layers(), new AtomicInteger()),
                            kept))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("L" + shape.layers() + "H");
            int outside = shape.vocabulary();
            List<Prompt> wrong = List.of(
                    new Prompt("id", CompletionTask.RANDOM, new int[] {1, outside, 2}, 3),
                    new Prompt("target", CompletionTask.RANDOM, new int[] {1, 2}, outside));
            for (Prompt prompt : wrong) {
                assertThatThrownBy(() -> recorder.record(Stream.of(prompt), HeadSelection.all(shape), kept))
                        .as(prompt.scenarioId())
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(String.valueOf(outside));
            }
            assertThat(kept.events).isEmpty();
        }
    }

    @Test
    void refusesToRunWhenClosed() {
        ModelShape shape = shape();
        AttentionRecorder recorder = recorder(2);
        recorder.close();
        recorder.close();
        for (List<Prompt> prompts : List.of(prompts(shape, 5), List.<Prompt>of())) {
            assertThatThrownBy(() -> recorder.record(prompts.stream(), HeadSelection.all(shape), new Kept()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }
}
