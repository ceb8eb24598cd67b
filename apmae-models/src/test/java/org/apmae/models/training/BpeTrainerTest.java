package org.apmae.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apmae.models.JavaText;
import org.apmae.models.target.CodeTokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BpeTrainerTest {
    private static final List<String> SPECIAL =
            List.of("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>");
    private static final int SIZE = 600;

    @TempDir
    private static Path folder;

    private static CodeTokenizer tokenizer;

    @BeforeAll
    static void train() {
        Path path = folder.resolve("tokenizer.json");
        BpeTrainer trainer = new BpeTrainer();
        trainer.add(JavaText.whole());
        trainer.train(SIZE, SPECIAL, path);
        tokenizer = CodeTokenizer.open(path);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static void comesBack(String text) {
        int[] ids = tokenizer.encode(text);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
        for (int id : ids) {
            assertThat(id).isBetween(SPECIAL.size(), SIZE - 1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "int x = 1;",
                "\tint\tx;\r\n\r\n\t}\r",
                "   \n  \n x  ",
                "Straße, naïve café, Ωμέγα, 漢字かな, עברית",
                "emoji \uD83D\uDE80\uD83D\uDC68\u200D\uD83D\uDC69 end",
                "\u0000\u0001\u007f\u0085\u00a0\u2028\ufeff\ufffd",
                "0x7fL 1_000 3.14e-10 \u0664\u0665",
                "don't we've 'll 'S",
                "<fim_prefi x> <|endoftext",
                " leading and trailing "
            })
    void whatIsEncodedComesBack(String text) {
        comesBack(text);
    }

    @Test
    void realSourcesComeBackInFewerTokens() {
        String text = JavaText.whole();
        comesBack(text);
        assertThat(tokenizer.encode(text).length).isLessThan(text.length() * 2 / 3);
        assertThat(tokenizer.encode("")).isEmpty();
    }

    @Test
    void randomTextComesBack() {
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40); i >= 0; i--) {
                int point = random.nextInt(4) == 0 ? random.nextInt(0x11000) : random.nextInt(128);
                text.appendCodePoint(Character.isSurrogate((char) point) && point < 0x10000 ? 'x' : point);
            }
            comesBack(text.toString());
        }
    }

    @Test
    void specialTokensHaveTheFirstIdsAndStandAlone() {
        assertThat(tokenizer.size()).isEqualTo(SIZE);
        assertThat(tokenizer.specialIds()).containsExactlyInAnyOrder(0, 1, 2, 3);
        assertThat(tokenizer.encode("<fim_prefix><fim_middle>")).containsExactly(1, 2);
        assertThat(tokenizer.specialId("<fim_suffix>")).hasValue(3);
        assertThat(tokenizer.specialId("<none>")).isEmpty();
        assertThat(tokenizer.fimTokens().middle()).isEqualTo(2);
    }

    @Test
    void everyIdIsUsedOnce() {
        int[] all = new int[SIZE];
        Arrays.setAll(all, i -> i);
        for (int id : all) {
            if (id >= SPECIAL.size()) {
                assertThat(tokenizer.decode(id)).as("id %d", id).isNotEmpty();
            }
        }
    }

    @Test
    void equalTextGivesEqualBytesWhateverItsOrder() throws IOException {
        String text = JavaText.whole();
        int cut = text.indexOf("\n}\n") + 2;
        Path one = folder.resolve("one.json");
        Path two = folder.resolve("two.json");
        BpeTrainer forwards = new BpeTrainer();
        forwards.add(text.substring(0, cut));
        forwards.add(text.substring(cut));
        forwards.train(SIZE, SPECIAL, one);
        BpeTrainer backwards = new BpeTrainer();
        backwards.add(text.substring(cut));
        backwards.add(text.substring(0, cut));
        backwards.train(SIZE, SPECIAL, two);
        assertThat(one).hasSameBinaryContentAs(two);
        assertThat(Files.size(one)).isPositive();
    }

    @Test
    void refusesWhatCannotBe() {
        BpeTrainer trainer = new BpeTrainer();
        trainer.add("aaa aaa bcd bcd");
        Path path = folder.resolve("none.json");
        assertThatThrownBy(() -> trainer.train(260, SPECIAL, path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("260");
        assertThatThrownBy(() -> trainer.train(4000, SPECIAL, path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more text");
        assertThatThrownBy(() -> trainer.train(260, List.of("<a>", "<a>"), path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("<a>");
        assertThatThrownBy(() -> trainer.train(260, List.of("b", "<a>"), path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("b");
        assertThat(path).doesNotExist();
    }

    @Test
    void aClosedTokenizerSaysSo() {
        CodeTokenizer own = CodeTokenizer.open(folder.resolve("tokenizer.json"));
        own.close();
        own.close();
        assertThatThrownBy(() -> own.encode("x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> own.decode(7)).isInstanceOf(IllegalStateException.class);
    }
}
