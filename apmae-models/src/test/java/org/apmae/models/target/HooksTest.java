package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.ModelShape;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.safetensors.CheckpointFolder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class HooksTest {
    private static final Path FOLDER = Path.of("src/test/resources/golden/starcoder2-tiny");
    private static final long[] IDS = {3, 17, 4, 99, 250, 511, 0, 42, 17, 4, 8, 300};
    private static final String Z = "blocks.1.attn.hook_z";
    private static final String OUT = "blocks.1.hook_attn_out";

    private static TargetModel model;

    @BeforeAll
    static void load() {
        model = TargetModels.load(FOLDER);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static float[] logits(Hooks hooks) {
        try (NDManager manager = model.newManager()) {
            return model.logits(manager, ids(manager), hooks).toFloatArray();
        }
    }

    private static NDArray ids(NDManager manager) {
        return manager.create(IDS, new Shape(2, IDS.length / 2));
    }

    private static Hook keep(List<float[]> into) {
        return (scratch, activation) -> {
            into.add(activation.toFloatArray());
            return activation;
        };
    }

    private static Hook ablation(HeadId... heads) {
        ZeroAblation ablation = new ZeroAblation(List.of(heads));
        return (scratch, z) -> ablation.apply(scratch, heads[0].layer(), z);
    }

    @Test
    void zeroingAllHeadsEqualsRemovingAttention() {
        ModelShape shape = model.shape();
        HeadId[] all = IntStream.range(0, shape.heads())
                .mapToObj(head -> new HeadId(1, head))
                .toArray(HeadId[]::new);
        List<float[]> attention = new ArrayList<>();
        float[] zeroed = logits(Hooks.none().with(Z, ablation(all)).with(OUT, keep(attention)));
        float[] bias;
        try (CheckpointFolder weights = CheckpointFolder.open(FOLDER)) {
            bias = weights.floats("model.layers.1.self_attn.o_proj.bias");
        }
        float[] written = attention.get(0);
        for (int i = 0; i < written.length; i++) {
            assertThat(written[i]).as("element %d", i).isEqualTo(bias[i % bias.length]);
        }
        float[] removed = logits(Hooks.none().with(OUT, (scratch, out) -> {
            float[] only = new float[(int) out.size()];
            for (int i = 0; i < only.length; i++) {
                only[i] = bias[i % bias.length];
            }
            return scratch.create(only, out.getShape());
        }));
        assertThat(zeroed).containsExactly(removed, within(1e-5f));
        assertThat(zeroed).isNotEqualTo(logits(Hooks.none()));
    }

    @Test
    void zeroingAHeadEqualsSubtractingWhatItWrites() {
        ModelShape shape = model.shape();
        int width = shape.headWidth();
        float[] projection;
        try (CheckpointFolder weights = CheckpointFolder.open(FOLDER)) {
            projection = weights.floats("model.layers.1.self_attn.o_proj.weight");
        }
        List<float[]> zs = new ArrayList<>();
        List<float[]> plain = new ArrayList<>();
        logits(Hooks.none().with(Z, keep(zs)).with(OUT, keep(plain)));
        float[] z = zs.get(0);
        int columns = shape.heads() * width;
        for (int head = 0; head < shape.heads(); head++) {
            List<float[]> without = new ArrayList<>();
            logits(Hooks.none().with(Z, ablation(new HeadId(1, head))).with(OUT, keep(without)));
            float[] expected = plain.get(0).clone();
            for (int position = 0; position < IDS.length; position++) {
                for (int out = 0; out < shape.hidden(); out++) {
                    double sum = 0;
                    for (int d = head * width; d < (head + 1) * width; d++) {
                        sum += (double) z[position * columns + d] * projection[out * columns + d];
                    }
                    expected[position * shape.hidden() + out] -= (float) sum;
                }
            }
            assertThat(without.get(0)).as("head %d", head).containsExactly(expected, within(2e-5f));
            assertThat(without.get(0)).as("head %d", head).isNotEqualTo(plain.get(0));
        }
    }

    @Test
    void everyHookPointFiresOnceInTheOrderOfItsName() {
        List<String> fired = new ArrayList<>();
        Hooks hooks = Hooks.none();
        for (String name : model.hookNames()) {
            hooks = hooks.with(name, (scratch, activation) -> {
                fired.add(name);
                return activation;
            });
        }
        float[] watched = logits(hooks);
        assertThat(fired).isEqualTo(model.hookNames());
        assertThat(watched).containsExactly(logits(Hooks.none()));
    }

    @Test
    void everyHookPointCanChangeTheLogits() {
        float[] plain = logits(Hooks.none());
        for (String name : model.hookNames()) {
            // not all of an activation: softmax and layer norms do not feel what is added everywhere
            float[] changed = logits(Hooks.none().with(name, (scratch, activation) -> {
                float[] values = activation.toFloatArray();
                for (int i = 0; i < values.length; i += 3) {
                    values[i] += 0.5f;
                }
                return scratch.create(values, activation.getShape());
            }));
            assertThat(changed).as(name).isNotEqualTo(plain);
        }
    }

    @Test
    void anEditedPatternMovesWhatIsRead() {
        ModelShape shape = model.shape();
        int side = IDS.length / 2;
        List<float[]> values = new ArrayList<>();
        List<float[]> z = new ArrayList<>();
        logits(Hooks.none()
                .with("blocks.1.attn.hook_v", keep(values))
                .with("blocks.1.attn.hook_pattern", (scratch, pattern) -> {
                    float[] first = new float[(int) pattern.size()];
                    for (int row = 0; row < first.length; row += side) {
                        first[row] = 1;
                    }
                    return scratch.create(first, pattern.getShape());
                })
                .with(Z, keep(z)));
        int group = shape.heads() / shape.keyValueHeads();
        int width = shape.headWidth();
        for (int i = 0; i < z.get(0).length; i++) {
            int d = i % width;
            int head = i / width % shape.heads();
            int prompt = i / width / shape.heads() / side;
            int first = (prompt * side * shape.keyValueHeads() + head / group) * width + d;
            assertThat(z.get(0)[i]).as("element %d", i).isEqualTo(values.get(0)[first]);
        }
    }

    @Test
    void hooksOnOneNameRunInOrder() {
        List<String> order = new ArrayList<>();
        float[] changed = logits(Hooks.none()
                .with(Z, (scratch, z) -> {
                    order.add("first");
                    NDArray zeros = z.zerosLike();
                    zeros.attach(scratch);
                    return zeros;
                })
                .with(Z, (scratch, z) -> {
                    order.add("second");
                    assertThat(z.toFloatArray()).containsOnly(0);
                    return z;
                }));
        assertThat(order).containsExactly("first", "second");
        assertThat(changed).isNotEqualTo(logits(Hooks.none()));
    }

    @Test
    void anUnknownNameListsTheNearest() {
        assertThatThrownBy(() -> logits(Hooks.none().with("blocks.1.attn.hook_patern", keep(new ArrayList<>()))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'blocks.1.attn.hook_patern'")
                .hasMessageContaining("blocks.1.attn.hook_pattern");
        assertThatThrownBy(() -> logits(Hooks.none().with("blocks.9.hook_mlp_out", keep(new ArrayList<>()))))
                .hasMessageContaining("blocks.0.hook_mlp_out");
    }

    @Test
    void aReplacementMustHaveShapeAndType() {
        List<Hook> wrong = List.of(
                (scratch, z) -> null,
                (scratch, z) -> scratch.zeros(new Shape(1, 2)),
                (scratch, z) -> scratch.zeros(z.getShape(), DataType.INT64));
        for (Hook hook : wrong) {
            assertThatThrownBy(() -> logits(Hooks.none().with(Z, hook)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Z)
                    .hasMessageContaining("same shape and type");
        }
    }

    @Test
    void lastLogitsAreTheLastRow() {
        try (NDManager manager = model.newManager()) {
            float[] all = model.logits(manager, ids(manager), Hooks.none()).toFloatArray();
            float[] last = model.lastLogits(manager, ids(manager), Hooks.none()).toFloatArray();
            int vocabulary = model.shape().vocabulary();
            int side = IDS.length / 2;
            for (int prompt = 0; prompt < 2; prompt++) {
                int from = (prompt * side + side - 1) * vocabulary;
                assertThat(Arrays.copyOfRange(last, prompt * vocabulary, (prompt + 1) * vocabulary))
                        .containsExactly(Arrays.copyOfRange(all, from, from + vocabulary), within(1e-5f));
            }
        }
    }

    @Test
    void watchingChangesLastLogitsByRoundingOnly() {
        Hooks watching = Hooks.none().with(Z, (scratch, z) -> z);
        try (NDManager manager = model.newManager()) {
            float[] unwatched =
                    model.lastLogits(manager, ids(manager), Hooks.none()).toFloatArray();
            float[] watched = model.lastLogits(manager, ids(manager), watching).toFloatArray();
            assertThat(unwatched).containsExactly(watched, within(1e-5f));
        }
    }

    @Test
    void watchingStopsAtTheLastHook() {
        int last = model.shape().layers() - 1;
        for (String point : model.hookNames()) {
            List<float[]> seen = new ArrayList<>();
            Hooks hooks = Hooks.none()
                    .with("blocks.0.attn.hook_pattern", (scratch, a) -> a)
                    .with(point, (scratch, a) -> {
                        seen.add(a.toFloatArray());
                        return a;
                    });
            try (NDManager manager = model.newManager()) {
                NDArray ids = ids(manager);
                model.watch(ids, hooks);
                model.logits(manager, ids, hooks);
            }
            assertThat(seen).as(point).hasSize(2);
            assertThat(seen.get(0)).as(point).containsExactly(seen.get(1));
        }
        List<String> fired = new ArrayList<>();
        Hooks below = Hooks.none();
        for (String name : model.hookNames()) {
            below = below.with(name, (scratch, a) -> {
                fired.add(name);
                return a;
            });
        }
        try (NDManager manager = model.newManager()) {
            model.watch(ids(manager), below);
            assertThat(fired).containsExactlyInAnyOrderElementsOf(model.hookNames());
            fired.clear();
            model.watch(ids(manager), Hooks.none());
            assertThat(fired).isEmpty();
            assertThatThrownBy(() -> model.watch(
                            ids(manager), Hooks.none().with("blocks." + (last + 1) + ".attn.hook_z", (s, a) -> a)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void theCallersArraysStayAsTheyAre() {
        try (NDManager manager = model.newManager()) {
            NDArray ids = ids(manager);
            NDArray logits = model.logits(manager, ids, Hooks.none());
            assertThat(ids.toLongArray()).containsExactly(IDS);
            assertThat(manager.getManagedArrays()).containsExactlyInAnyOrder(ids, logits);
        }
    }

    @Test
    void refusesIdsOfAnotherKind() {
        try (NDManager manager = model.newManager()) {
            for (NDArray wrong : List.of(
                    manager.create(new long[] {1, 2}),
                    manager.create(new int[] {1, 2}, new Shape(1, 2)),
                    manager.create(new long[0], new Shape(1, 0)),
                    manager.create(new long[] {1, 512}, new Shape(1, 2)),
                    manager.create(new long[] {1, -1}, new Shape(1, 2)))) {
                assertThatThrownBy(() -> model.logits(manager, wrong, Hooks.none()))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void aClosedModelSaysSo() {
        TargetModel own = TargetModels.load(FOLDER);
        try (NDManager manager = model.newManager()) {
            NDArray ids = ids(manager);
            own.close();
            own.close();
            assertThatThrownBy(() -> own.logits(manager, ids, Hooks.none()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
            assertThatThrownBy(own::newManager).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(own::tokenizer).isInstanceOf(IllegalStateException.class);
        }
    }
}
