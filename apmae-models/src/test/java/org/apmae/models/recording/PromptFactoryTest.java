package org.apmae.models.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;
import org.apmae.models.JavaText;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimTokens;
import org.apmae.models.target.FimWindow;
import org.apmae.models.training.BpeTrainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptFactoryTest {
    private static final int WINDOW = 256;

    @TempDir
    private static Path folder;

    private static CodeTokenizer tokenizer;

    @BeforeAll
    static void train() {
        BpeTrainer trainer = new BpeTrainer();
        trainer.add(JavaText.whole());
        trainer.train(
                700,
                List.of("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>"),
                folder.resolve("tokenizer.json"));
        tokenizer = CodeTokenizer.open(folder.resolve("tokenizer.json"));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static Scenario scenario(CompletionTask task, String text, int start, int end) {
        return new Scenario(task, new SourceFile("test", "A.java", text), start, end);
    }

    private static Prompt prompt(Scenario scenario) {
        return new PromptFactory(tokenizer, WINDOW, 9)
                .prompt(scenario, rejection -> {
                    throw new AssertionError(rejection);
                })
                .orElseThrow();
    }

    /** The window of the whole text's ids, without any shortcut. */
    private static int[] whole(Scenario scenario, int window) {
        return FimWindow.layOut(
                tokenizer.encode(scenario.prefix()),
                tokenizer.encode(scenario.suffix()),
                tokenizer.fimTokens(),
                window);
    }

    private static void agrees(String text, long seed, int rounds) {
        Random random = new Random(seed);
        PromptFactory factory = new PromptFactory(tokenizer, WINDOW, 9);
        for (int round = 0; round < rounds; round++) {
            // often near an end, where the window policy changes
            int start = switch (random.nextInt(4)) {
                case 0 -> random.nextInt(3000);
                case 1 -> text.length() - 20 - random.nextInt(3000);
                default -> random.nextInt(text.length() - 20);
            };
            Scenario scenario = scenario(CompletionTask.RANDOM, text, start, start + 1 + random.nextInt(15));
            int[] expected = whole(scenario, WINDOW);
            int[] target = tokenizer.encode(scenario.target());
            Prompt prompt = factory.prompt(scenario, r -> {}).orElseThrow();
            assertThat(prompt.ids())
                    .as("gap at %d of %d characters", start, text.length())
                    .hasSize(WINDOW)
                    .containsExactly(expected);
            assertThat(prompt.targetToken()).isEqualTo(target[0]);
            assertThat(prompt.scenarioId()).isEqualTo(scenario.id());
        }
    }

    @Test
    void theShortcutEqualsTheWholeText() {
        agrees(JavaText.whole().substring(0, 30_000), 1, 60);
        agrees(JavaText.whole(), 2, 8);
    }

    @Test
    void theShortcutHoldsForCarriageReturnsTabsAndLongLines() {
        String text = JavaText.whole().substring(0, 24_000);
        agrees(text.replace("\n", "\r\n"), 3, 15);
        agrees(text.replace("    ", "\t").replace("e", "é"), 4, 15);
        agrees(text.replace("\n", " \n\n"), 5, 15);
        agrees(text.replace('\n', ' '), 6, 15);
    }

    @Test
    void theMarkersStandAtTheirPlaces() {
        FimTokens fim = tokenizer.fimTokens();
        String text = JavaText.whole().substring(0, 20_000);
        for (int start : new int[] {5, 400, 10_000, 19_900}) {
            int[] ids = prompt(scenario(CompletionTask.IDENTIFIERS, text, start, start + 5))
                    .ids();
            assertThat(ids[0]).isEqualTo(fim.prefix());
            assertThat(ids[WINDOW - 1]).isEqualTo(fim.middle());
            int suffixes = 0;
            for (int id : ids) {
                suffixes += id == fim.suffix() ? 1 : 0;
            }
            assertThat(suffixes).isEqualTo(1);
        }
    }

    @Test
    void noiseKeepsTheMarkersOnly() {
        FimTokens fim = tokenizer.fimTokens();
        Scenario scenario = scenario(CompletionTask.NOISE, JavaText.whole().substring(0, 20_000), 9000, 9000);
        int[] text = whole(scenario, WINDOW);
        Prompt noise = prompt(scenario);
        assertThat(noise.targetToken()).isEqualTo(Prompt.NO_TARGET);
        int same = 0;
        for (int i = 0; i < WINDOW; i++) {
            int id = noise.ids()[i];
            if (text[i] == fim.prefix() || text[i] == fim.suffix() || text[i] == fim.middle()) {
                assertThat(id).as("marker at %d", i).isEqualTo(text[i]);
            } else {
                assertThat(id).isBetween(0, tokenizer.size() - 1);
                assertThat(tokenizer.specialIds()).doesNotContain(id);
                same += id == text[i] ? 1 : 0;
            }
        }
        assertThat(same).isLessThan(20);
        assertThat(prompt(scenario)).isEqualTo(noise);
        Prompt other = new PromptFactory(tokenizer, WINDOW, 10)
                .prompt(scenario, r -> {})
                .orElseThrow();
        assertThat(other.ids()).isNotEqualTo(noise.ids());
    }

    @Test
    void aShortFileIsRejectedWithItsNumbers() {
        List<Rejection> rejections = new ArrayList<>();
        Optional<Prompt> none = new PromptFactory(tokenizer, WINDOW, 9)
                .prompt(scenario(CompletionTask.RANDOM, "class A { int x = 1; }", 10, 13), rejections::add);
        assertThat(none).isEmpty();
        assertThat(rejections).hasSize(1);
        assertThat(rejections.get(0).reason()).isEqualTo("window_not_filled");
        assertThat(rejections.get(0).toString()).contains("256").contains("A.java");
    }

    @Test
    void aFileThatJustFillsTheWindowIsTaken() {
        String text = JavaText.whole().substring(0, 3000);
        Scenario fits = null;
        for (int length = 30; fits == null; length++) {
            Scenario next = scenario(CompletionTask.RANDOM, text.substring(0, length), 10, 14);
            if (whole(next, 10_000).length >= WINDOW) {
                fits = next;
            }
        }
        assertThat(prompt(fits).ids()).hasSize(WINDOW).containsExactly(whole(fits, 10_000));
    }

    @Test
    void aWindowHoldsTheMarkersAtLeast() {
        for (int window : new int[] {3, 0, -5}) {
            assertThatThrownBy(() -> new PromptFactory(tokenizer, window, 9))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(window));
        }
    }

    @Test
    void cutsByTheClusteringPolicyToo() {
        String text = JavaText.whole();
        PromptFactory factory = new PromptFactory(tokenizer, WINDOW, 9, FimWindow.Policy.CLUSTERING);
        FimTokens fim = tokenizer.fimTokens();
        Scenario early = scenario(CompletionTask.STOP, text, 30, 31);
        int[] window = factory.prompt(early, rejection -> {}).orElseThrow().ids();
        assertThat(window)
                .startsWith(fim.prefix(), fim.prefix())
                .hasSize(WINDOW)
                .endsWith(fim.middle());
        List<Rejection> rejections = new ArrayList<>();
        Scenario late = scenario(CompletionTask.STOP, text, text.length() - 20, text.length() - 19);
        assertThat(factory.prompt(late, rejections::add)).isEmpty();
        assertThat(rejections).extracting(Rejection::reason).containsExactly("window_not_filled");
        assertThat(prompt(late).ids()).hasSize(WINDOW);
    }

    /** Against the tokens of the whole text, found by adding up their lengths. */
    @Test
    void saysWhereTheTextAroundGivesAnotherFirstToken() {
        PromptFactory factory = new PromptFactory(tokenizer, WINDOW, 9);
        String text = JavaText.whole().replaceAll("[^\\x00-\\x7f]", "?").substring(0, 4_000);
        int[] whole = tokenizer.encode(text);
        int[] firstAt = new int[text.length() + 1];
        Arrays.fill(firstAt, -1);
        int offset = 0;
        for (int id : whole) {
            firstAt[offset] = id;
            offset += tokenizer.decode(id).length();
        }
        assertThat(offset).isEqualTo(text.length());
        Random random = new Random(2);
        int changed = 0;
        for (int round = 0; round < 200; round++) {
            int start = 300 + random.nextInt(3_000);
            int end = start + 1 + random.nextInt(12);
            boolean expected = firstAt[start] != tokenizer.encode(text.substring(start, end))[0];
            assertThat(factory.contextChangesFirstToken(scenario(CompletionTask.RANDOM, text, start, end)))
                    .as("from %s to %s", start, end)
                    .isEqualTo(expected);
            changed += expected ? 1 : 0;
        }
        assertThat(changed).isBetween(25, 175);
        assertThat(factory.contextChangesFirstToken(scenario(CompletionTask.NOISE, text, 7, 7)))
                .isFalse();
    }
}
