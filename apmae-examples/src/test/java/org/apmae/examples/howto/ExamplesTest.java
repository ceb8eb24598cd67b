package org.apmae.examples.howto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Runs the example programs and holds what they print against docs/examples.md. */
class ExamplesTest {
    private static final Pattern NUMBER = Pattern.compile("\\d+\\.\\d+");

    /** Other processors round otherwise in the last bits, and training makes more of it. */
    private static final double TOLERANCE = 0.03;

    @Test
    void recordPatterns() throws IOException {
        compare("RecordPatterns", RecordPatterns::main);
    }

    @Test
    void ablateHeads() throws IOException {
        compare("AblateHeads", AblateHeads::main);
    }

    @Test
    void trainAndCluster() throws IOException {
        compare("TrainAndCluster", TrainAndCluster::main);
    }

    private static void compare(String program, Consumer<String[]> main) throws IOException {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            System.setOut(out);
            main.accept(new String[0]);
        } finally {
            System.setOut(before);
        }
        String printed = bytes.toString(StandardCharsets.UTF_8).strip();
        String shown = shown(program);
        assertThat(NUMBER.matcher(printed).replaceAll("#"))
                .isEqualTo(NUMBER.matcher(shown).replaceAll("#"));
        List<Double> expected = numbers(shown);
        List<Double> found = numbers(printed);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i)).as(printed).isCloseTo(expected.get(i), within(TOLERANCE));
        }
    }

    private static List<Double> numbers(String text) {
        return NUMBER.matcher(text)
                .results()
                .map(found -> Double.parseDouble(found.group()))
                .toList();
    }

    private static String shown(String program) throws IOException {
        Path page = Path.of("..", "docs", "examples.md");
        Matcher block = Pattern.compile("## " + program + "\\R.*?```text\\R(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(page));
        assertThat(block.find())
                .as("docs/examples.md shows what " + program + " prints")
                .isTrue();
        return block.group(1).strip();
    }
}
