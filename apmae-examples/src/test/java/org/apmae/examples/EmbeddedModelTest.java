package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apmae.core.model.ModelShape;
import org.apmae.models.target.FimTokens;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.Test;

/** The model that ships: what its card says of it, and the program of the README on it. */
class EmbeddedModelTest {
    @Test
    void isTheModelOfItsCard() throws Exception {
        try (TargetModel model = TargetModels.embedded()) {
            assertThat(model.shape()).isEqualTo(new ModelShape(6, 8, 2, 32, 256, 4096));
            assertThat(model.tokenizer().fimTokens()).isEqualTo(new FimTokens(1, 2, 3));
            assertThat(model.tokenizer().size()).isEqualTo(4096);
            String card = Files.readString(Path.of("..", "docs", "model-card.md"));
            assertThat(card).contains(model.weightsSha256());
        }
    }

    @Test
    void firstLookPrintsPeakedHeadsAndBothPredictions() {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            FirstLook.main(new String[0]);
        } finally {
            System.setOut(before);
        }
        String[] lines = printed.toString(StandardCharsets.UTF_8).split("\\R");
        assertThat(lines).hasSize(7);
        assertThat(lines[0]).matches("(?s).* with 0\\.\\d+.*");
        assertThat(lines[6]).matches("(?s).* with 0\\.\\d+.*").isNotEqualTo(lines[0]);
        for (int i = 1; i < 6; i++) {
            assertThat(lines[i]).matches("L[0-5]H[0-7] peaks at [01]\\.\\d+");
        }
    }
}
