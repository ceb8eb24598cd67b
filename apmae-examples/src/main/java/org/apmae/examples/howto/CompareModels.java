package org.apmae.examples.howto;

import ai.djl.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.predict.PairedChange;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.apmae.models.target.Starcoder2Trainer;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.apmae.models.target.TrainingSetup;

/** Compares a model with another one on the same prompts: here the embedded model with a twin that was never trained. */
final class CompareModels {
    private static final int PROMPTS = 32;
    private static final int WINDOW = 64;

    private CompareModels() {}

    /** What is known of one model; losses and outcomes are those of the prompts, in order. */
    private static final class Findings {
        private final List<Verdict> verdicts = new ArrayList<>();
        private double[] previous;

        boolean[] correct() {
            boolean[] correct = new boolean[verdicts.size()];
            for (int i = 0; i < correct.length; i++) {
                correct[i] = verdicts.get(i).correct();
            }
            return correct;
        }

        double[] losses() {
            return verdicts.stream().mapToDouble(Verdict::targetLoss).toArray();
        }

        long previousTokenHeads() {
            return Arrays.stream(previous)
                    .filter(weight -> weight / PROMPTS > 0.5)
                    .count();
        }
    }

    public static void main(String[] arguments) {
        try (TargetModel embedded = TargetModels.embedded();
                TargetModel untrained = untrained(embedded)) {
            List<Prompt> prompts = Snippets.mixed(embedded.tokenizer(), PROMPTS, WINDOW);
            Findings before = measure(untrained, prompts);
            Findings after = measure(embedded, prompts);
            PairedChange change = PairedChange.of(
                    before.correct(),
                    after.correct(),
                    before.losses(),
                    after.losses(),
                    prompts.stream().map(Prompt::scenarioId).toList(),
                    1);
            System.out.printf(
                    Locale.ROOT,
                    "wrong before and right after: %d, right before and wrong after: %d%n"
                            + "accuracy %.3f higher (%.3f to %.3f), loss %.3f lower%n"
                            + "heads that look at the previous token: %d of %d untrained, %d of %d trained%n",
                    change.mended(),
                    change.broken(),
                    change.accuracyChange().value(),
                    change.accuracyChange().low(),
                    change.accuracyChange().high(),
                    -change.lossChange().value(),
                    before.previousTokenHeads(),
                    before.previous.length,
                    after.previousTokenHeads(),
                    after.previous.length);
        }
    }

    private static Findings measure(TargetModel model, List<Prompt> prompts) {
        Findings findings = new Findings();
        findings.previous = new double[model.shape().totalHeads()];
        try (HookedRecorder recorder = new HookedRecorder(model, 4)) {
            recorder.record(
                    prompts.stream(),
                    HeadSelection.all(model.shape()),
                    AttentionSink.of(batch -> addPrevious(model, batch, findings.previous), findings.verdicts::addAll));
        }
        return findings;
    }

    /** Adds each head's mean weight of the diagonal below the main one; patterns are (B, h, S, S). */
    private static void addPrevious(TargetModel model, AttentionBatch batch, double[] sums) {
        int tokens = (int) batch.patterns().getShape().get(2);
        float[] weights = batch.patterns().toFloatArray();
        for (int i = 0; i < batch.prompts().size() * batch.heads().size(); i++) {
            double sum = 0;
            for (int query = 1; query < tokens; query++) {
                sum += weights[(i * tokens + query) * tokens + query - 1];
            }
            sums[model.shape().indexOf(batch.heads().get(i % batch.heads().size()))] += sum / (tokens - 1);
        }
    }

    /** A model of the same shape with random weights, by way of a folder as {@code TargetModels.load} takes any other. */
    private static TargetModel untrained(TargetModel like) {
        TrainingSetup setup = new TrainingSetup(WINDOW, 1, 1, Device.cpu(), TrainingSetup.Products.F32);
        try (Starcoder2Trainer trainer =
                Starcoder2Trainer.init(like.shape(), 4 * like.shape().hidden(), setup, 1)) {
            Path folder = Files.createTempDirectory("untrained");
            try {
                trainer.export(folder, SafetensorsWriter.Precision.F32);
                return TargetModels.load(folder);
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
