package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiConsumer;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeEvaluation;
import org.apmae.models.apmae.MeanPatterns;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.target.FimTokens;
import org.apmae.models.target.FimWindow;
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

    /** Held out: the sources of this project, of which neither model has seen any. */
    @Test
    void theAutoencoderHalvesTheErrorOfTheMeanPattern() throws Exception {
        List<Path> files = SourceTree.mainFiles().stream()
                .filter(file -> file.toFile().length() > 6000)
                .toList();
        try (TargetModel model = TargetModels.embedded();
                ApMae apmae = ApMae.embedded(Device.cpu());
                HookedRecorder recorder = new HookedRecorder(model, 1)) {
            assertThat(ApMaeConfig.embedded()).isEqualTo(apmae.config());
            MeanPatterns means = new MeanPatterns(apmae.config().grid());
            record(recorder, prompts(model, files, 0), HeadSelection.all(model.shape()), apmae, means::add);
            PatternSet heldOut = new PatternSet(apmae.config().grid());
            record(
                    recorder,
                    prompts(model, files, 1),
                    HeadSelection.layerwise(model.shape(), 0.25, 7),
                    apmae,
                    heldOut::add);
            ApMaeEvaluation evaluation = ApMaeEvaluation.of(apmae, heldOut, means, 7);
            double ratio = evaluation.trained().mse() / evaluation.meanPattern().mse();
            System.err.printf("%d patterns: %.3f of the mean pattern's error%n", evaluation.patterns(), ratio);
            // At most half on many files; these are few, and they change with this project.
            assertThat(ratio).isLessThan(0.55);
            String card = Files.readString(Path.of("..", "docs", "model-card.md"));
            try (InputStream weights = ApMae.class.getResourceAsStream("embedded/model.safetensors")) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(weights.readAllBytes());
                assertThat(card).contains(HexFormat.of().formatHex(digest));
            }
        }
    }

    /** From every other file a prompt with its gap in the middle. */
    private static List<Prompt> prompts(TargetModel model, List<Path> files, int first) throws IOException {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = first; i < files.size() && prompts.size() < 40; i += 2) {
            String text = Files.readString(files.get(i));
            int[] ids = FimWindow.layOut(
                    model.tokenizer().encode(text.substring(0, text.length() / 2)),
                    model.tokenizer().encode(text.substring(text.length() / 2 + 5)),
                    model.tokenizer().fimTokens(),
                    256);
            prompts.add(new Prompt("p" + i, CompletionTask.RANDOM, ids, Prompt.NO_TARGET));
        }
        return prompts;
    }

    private static void record(
            HookedRecorder recorder,
            List<Prompt> prompts,
            HeadSelection heads,
            ApMae apmae,
            BiConsumer<int[], NDArray> scaled) {
        AttentionSink sink = AttentionSink.patternsOnly(batch -> {
            int[] head =
                    batch.heads().stream().mapToInt(recorder.shape()::indexOf).toArray();
            try (NDManager scratch = NativeRuntime.newManager(apmae.device())) {
                scaled.accept(head, apmae.config().scaler().scale(scratch, batch.patterns()));
            }
        });
        recorder.record(prompts.stream(), heads, sink);
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
