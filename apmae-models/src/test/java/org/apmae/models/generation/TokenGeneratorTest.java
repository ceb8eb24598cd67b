package org.apmae.models.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadId;
import org.apmae.models.intervention.ZeroAblation;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenGeneratorTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final int[] PROMPT = {3, 17, 4, 99, 250, 42, 17, 4};

    private static TargetModel model;

    @BeforeAll
    static void load() {
        model = TargetModels.load(GOLDEN.resolve("starcoder2-tiny"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny", "starcoder2-tiny-window", "gpt2-tiny", "llama-tiny", "qwen2-tiny"})
    void withAndWithoutCacheAgree(String name) {
        try (TargetModel own = TargetModels.load(GOLDEN.resolve(name))) {
            TokenGenerator generator = new TokenGenerator(own);
            StepHooks ablation = StepHooks.always(new ZeroAblation(List.of(new HeadId(0, 1), new HeadId(2, 3))));
            for (Sampling sampling : List.of(Sampling.greedy(), new Sampling(0.8, 40, 0.95, 5))) {
                int[] cached =
                        generator.generate(PROMPT, new GenerationOptions(16, sampling, Set.of(), true), ablation);
                int[] whole =
                        generator.generate(PROMPT, new GenerationOptions(16, sampling, Set.of(), false), ablation);
                assertThat(cached).hasSize(16).containsExactly(whole);
            }
            assertThat(generator.generate(PROMPT, GenerationOptions.greedy(16), StepHooks.none()))
                    .isNotEqualTo(generator.generate(PROMPT, GenerationOptions.greedy(16), ablation));
        }
    }

    @Test
    void greedyTakesTheLargestLogit() {
        int[] found = new TokenGenerator(model).generate(PROMPT, GenerationOptions.greedy(1), StepHooks.none());
        long[] wide = new long[PROMPT.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = PROMPT[i];
        }
        try (NDManager manager = model.newManager()) {
            NDArray logits = model.lastLogits(manager, manager.create(wide, new Shape(1, wide.length)), Hooks.none());
            assertThat((long) found[0]).isEqualTo(logits.argMax(1).getLong());
        }
    }

    @Test
    void hooksKnowTheirStep() {
        List<Integer> steps = new ArrayList<>();
        List<Long> keys = new ArrayList<>();
        StepHooks hooks = step -> {
            steps.add(step);
            return Hooks.none().with("blocks.1.attn.hook_pattern", (scratch, pattern) -> {
                keys.add(pattern.getShape().get(3));
                return pattern;
            });
        };
        List<Integer> heard = new ArrayList<>();
        int[] ids = new TokenGenerator(model).generate(PROMPT, GenerationOptions.greedy(4), hooks, heard::add);
        assertThat(steps).containsExactly(0, 1, 2, 3);
        assertThat(keys).containsExactly(8L, 9L, 10L, 11L);
        assertThat(heard).containsExactly(ids[0], ids[1], ids[2], ids[3]);
    }

    @Test
    void aHookOfALaterStepLeavesTheEarlierTokens() {
        List<HeadId> layer =
                IntStream.range(0, 8).mapToObj(head -> new HeadId(1, head)).toList();
        StepHooks late = step -> step < 3 ? Hooks.none() : Hooks.none().with(new ZeroAblation(layer));
        GenerationOptions options = new GenerationOptions(20, new Sampling(1.5, 0, 1, 4), Set.of(), true);
        int[] plain = new TokenGenerator(model).generate(PROMPT, options, StepHooks.none());
        int[] changed = new TokenGenerator(model).generate(PROMPT, options, late);
        assertThat(changed).startsWith(plain[0], plain[1], plain[2]).isNotEqualTo(plain);
    }

    @Test
    void stopsAfterAStopId() {
        TokenGenerator generator = new TokenGenerator(model);
        int[] free = generator.generate(PROMPT, GenerationOptions.greedy(10), StepHooks.none());
        int stop = free[4];
        int[] stopped = generator.generate(
                PROMPT, new GenerationOptions(10, Sampling.greedy(), Set.of(stop), true), StepHooks.none());
        assertThat(stopped[stopped.length - 1]).isEqualTo(stop);
        assertThat(stopped).hasSizeLessThanOrEqualTo(5);
        assertThat(free).startsWith(stopped);
    }

    @Test
    void samplingFollowsTheProbabilities() {
        float[] logits = {0, (float) Math.log(2), (float) Math.log(5), -40};
        Random random = new Random(1);
        int[] counts = new int[4];
        for (int i = 0; i < 20_000; i++) {
            counts[new Sampling(1, 0, 1, 1).choose(logits, random)]++;
        }
        assertThat(counts[0] / 20_000.0).isCloseTo(0.125, within(0.01));
        assertThat(counts[1] / 20_000.0).isCloseTo(0.25, within(0.01));
        assertThat(counts[2] / 20_000.0).isCloseTo(0.625, within(0.01));
        assertThat(drawn(new Sampling(1, 2, 1, 1), logits)).containsExactlyInAnyOrder(1, 2);
        assertThat(drawn(new Sampling(1, 0, 0.6, 1), logits)).containsExactly(2);
        assertThat(drawn(new Sampling(1, 0, 0.63, 1), logits)).containsExactlyInAnyOrder(1, 2);
        assertThat(drawn(new Sampling(0.01, 0, 1, 1), logits)).containsExactly(2);
        assertThat(drawn(Sampling.greedy(), new float[] {1, 3, 3})).containsExactly(1);
    }

    private static Set<Integer> drawn(Sampling sampling, float[] logits) {
        Set<Integer> drawn = new HashSet<>();
        Random random = new Random(2);
        for (int i = 0; i < 500; i++) {
            drawn.add(sampling.choose(logits, random));
        }
        return drawn;
    }

    @Test
    void oneSeedOneText() {
        TokenGenerator generator = new TokenGenerator(model);
        List<List<Integer>> texts = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            List<Integer> ids = new ArrayList<>();
            generator.generate(
                    PROMPT,
                    new GenerationOptions(20, new Sampling(1.5, 0, 1, seed), Set.of(), true),
                    StepHooks.none(),
                    ids::add);
            texts.add(ids);
        }
        assertThat(texts.get(0)).isEqualTo(texts.get(1)).isNotEqualTo(texts.get(2));
    }

    @Test
    void refusesWhatMakesNoSense() {
        TokenGenerator generator = new TokenGenerator(model);
        assertThatThrownBy(() -> generator.generate(new int[0], GenerationOptions.greedy(1), StepHooks.none()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("empty");
        assertThatThrownBy(() -> GenerationOptions.greedy(0)).isInstanceOf(IllegalArgumentException.class);
        for (double[] wrong : new double[][] {{-1, 0, 1}, {Double.NaN, 0, 1}, {1, -1, 1}, {1, 0, 0}, {1, 0, 1.5}}) {
            assertThatThrownBy(() -> new Sampling(wrong[0], (int) wrong[1], wrong[2], 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("top-p");
        }
    }
}
