package org.apmae.examples.howto;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apmae.examples.Page;
import org.junit.jupiter.api.Test;

/** Runs the example programs and holds what they print against docs/examples.md. */
class ExamplesTest {
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

    @Test
    void predictLive() throws IOException {
        compare("PredictLive", PredictLive::main);
    }

    @Test
    void sweepHeads() throws IOException {
        compare("SweepHeads", SweepHeads::main);
    }

    @Test
    void compareModels() throws IOException {
        compare("CompareModels", CompareModels::main);
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
        String shown = Page.read("docs/examples.md").section(program).block("text", "");
        Page.compare(shown, bytes.toString(StandardCharsets.UTF_8), TOLERANCE);
    }
}
