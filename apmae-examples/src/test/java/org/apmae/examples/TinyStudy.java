package org.apmae.examples;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apmae.core.model.ModelShape;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimWindow;
import org.apmae.models.target.Starcoder2Trainer;
import org.apmae.models.target.TrainingSequence;
import org.apmae.models.target.TrainingSetup;
import org.apmae.models.training.BpeTrainer;

/** Java sources that are easy to predict, and a model that is small enough to be made within a test. */
final class TinyStudy {
    static final int WINDOW = 64;
    private static final int VOCABULARY = 340;
    private static final List<String> WORDS =
            List.of("alpha", "beta", "gamma", "delta", "count", "total", "index", "value", "name", "size");

    private TinyStudy() {}

    /** A command on the sources and the model of a folder, which lays out a study; what more it has comes last. */
    static List<String> command(String name, Path folder, Path run, String... more) {
        List<String> all = new ArrayList<>(List.of(
                name,
                folder.resolve("sources").toString(),
                "--model",
                folder.resolve("model").toString(),
                "--run",
                run.toString(),
                "--window",
                String.valueOf(WINDOW),
                "--training-scenarios=12",
                "--seed=5",
                "--quiet"));
        all.addAll(Arrays.asList(more));
        return all;
    }

    /** Writes sources of one mould. */
    static void sources(Path folder, int files, long seed) throws IOException {
        Files.createDirectories(folder);
        for (int i = 0; i < files; i++) {
            Files.writeString(folder.resolve("Sample" + i + ".java"), source(i, new Random(seed + i)));
        }
    }

    private static String source(int number, Random random) {
        StringBuilder text = new StringBuilder("package sample;\n\nclass Sample" + number + " {\n");
        for (int method = 0; method < 8; method++) {
            String a = WORDS.get(random.nextInt(WORDS.size()));
            String b = WORDS.get(random.nextInt(WORDS.size()));
            text.append("    int ")
                    .append(a)
                    .append(method)
                    .append("(int ")
                    .append(b)
                    .append(", boolean flag) {\n        int result = ")
                    .append(random.nextInt(10))
                    .append(";\n        if (")
                    .append(b)
                    .append(random.nextBoolean() ? " == " : " != ")
                    .append(random.nextInt(10))
                    .append(random.nextBoolean() ? " && flag" : " || !flag")
                    .append(") {\n            result ")
                    .append(random.nextBoolean() ? "+=" : "-=")
                    .append(" this.")
                    .append(a)
                    .append(method)
                    .append('(')
                    .append(b)
                    .append(", ")
                    .append(random.nextBoolean())
                    .append(");\n        }\n        return result * ")
                    .append(b)
                    .append(";\n    }\n\n");
        }
        return text.append("}\n").toString();
    }

    private static List<String> texts(long seed) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            texts.add(source(i, new Random(seed + i)));
        }
        return texts;
    }

    /** Writes a model folder. Without training steps the weights are random. */
    static void model(Path folder, int steps) throws IOException {
        Files.createDirectories(folder);
        List<String> texts = texts(1000);
        BpeTrainer bpe = new BpeTrainer();
        texts.forEach(bpe::add);
        Path path = folder.resolve("tokenizer.json");
        bpe.train(VOCABULARY, List.of("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>"), path);
        ModelShape shape = new ModelShape(2, 8, 2, 8, 64, VOCABULARY);
        try (CodeTokenizer tokenizer = CodeTokenizer.open(path);
                Starcoder2Trainer trainer = Starcoder2Trainer.init(
                        shape, 128, new TrainingSetup(WINDOW + 4, 8, 2, Device.cpu(), TrainingSetup.Products.F32), 3)) {
            List<int[]> encoded = texts.stream().map(tokenizer::encode).toList();
            Random random = new Random(4);
            for (int step = 0; step < steps; step++) {
                List<TrainingSequence> batch = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    batch.add(sequence(encoded.get(random.nextInt(encoded.size())), tokenizer, random));
                }
                trainer.step(batch, 1e-2);
            }
            trainer.export(folder, SafetensorsWriter.Precision.F32);
        }
    }

    private static TrainingSequence sequence(int[] file, CodeTokenizer tokenizer, Random random) {
        int gap = random.nextInt(file.length - 8);
        int end = gap + 1 + random.nextInt(5);
        int[] window = FimWindow.layOut(
                Arrays.copyOfRange(file, 0, gap),
                Arrays.copyOfRange(file, end, file.length),
                tokenizer.fimTokens(),
                WINDOW);
        int[] ids = Arrays.copyOf(window, window.length + Math.min(5, end - gap));
        System.arraycopy(file, gap, ids, window.length, ids.length - window.length);
        float[] weights = new float[ids.length - 1];
        Arrays.fill(weights, 1);
        Arrays.fill(weights, window.length - 1, weights.length, 10);
        return new TrainingSequence(ids, weights);
    }
}
