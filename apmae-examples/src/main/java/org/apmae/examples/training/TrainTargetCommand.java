package org.apmae.examples.training;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.apmae.core.model.ModelShape;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.SourceFile;
import org.apmae.mining.JavaParserMiner;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.Starcoder2Trainer;
import org.apmae.models.target.TrainingSequence;
import org.apmae.models.target.TrainingSetup;
import org.apmae.models.training.BpeTrainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains the embedded target model from sources jars; run again, it goes on from its last checkpoint. */
@Command(
        name = "train-target",
        mixinStandardHelpOptions = true,
        description = "Trains the embedded target model; run again, it goes on from its last checkpoint.")
public final class TrainTargetCommand implements Callable<Integer> {
    private static final int SEQUENCE = 272;
    private static final int GAPS_OF_A_TASK = 64;
    private static final List<String> SPECIAL = List.of(
            "<|endoftext|>",
            "<fim_prefix>",
            "<fim_middle>",
            "<fim_suffix>",
            "<fim_pad>",
            "<repo_name>",
            "<file_sep>",
            "<issue_start>");

    @Option(names = "--dir", description = "Folder for tokenizer, checkpoints and log (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("training");

    @Option(names = "--repository", description = "Local Maven repository that holds the sources jars.")
    private Path repository = Path.of(System.getProperty("user.home"), ".m2", "repository");

    @Option(names = "--steps", description = "Optimiser steps in all (default: ${DEFAULT-VALUE}).")
    private long steps = 3000;

    @Option(names = "--decay", description = "Steps at the end in which the learning rate falls to 0.")
    private long decay = 600;

    @Option(names = "--rate", description = "Peak learning rate (default: ${DEFAULT-VALUE}).")
    private double rate = 3e-3;

    @Option(names = "--batch", description = "Sequences of 272 tokens in a step (default: ${DEFAULT-VALUE}).")
    private int batch = 32;

    @Option(names = "--micro-batch", description = "Sequences that one thread runs at once.")
    private int microBatch = 8;

    @Option(names = "--threads", description = "Worker threads; the result does not depend on them.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--layers", description = "Layers (default: ${DEFAULT-VALUE}).")
    private int layers = 6;

    @Option(names = "--hidden", description = "Width of the residual stream (default: ${DEFAULT-VALUE}).")
    private int hidden = 256;

    @Option(names = "--heads", description = "Query heads of a layer (default: ${DEFAULT-VALUE}).")
    private int heads = 8;

    @Option(names = "--kv-heads", description = "Key-value heads of a layer (default: ${DEFAULT-VALUE}).")
    private int keyValueHeads = 2;

    @Option(names = "--vocabulary", description = "Token ids (default: ${DEFAULT-VALUE}).")
    private int vocabulary = 4096;

    @Option(names = "--seed", description = "Seed of weights and data (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description = "Model folder whose weights and tokenizer to start from.")
    private Path start;

    @Option(
            names = "--fill-in",
            description = "Share of sequences in fill-in-the-middle form (default: ${DEFAULT-VALUE}).")
    private double fillIn = 0.5;

    @Option(
            names = "--packed",
            description = "Share of sequences with several short documents (default: ${DEFAULT-VALUE}).")
    private double packed = 0.7;

    @Option(names = "--often", paramLabel = "TASK", description = "A task whose gaps are drawn more often.")
    private String often;

    @Option(
            names = "--products",
            description = "Precision of matrix products, ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private TrainingSetup.Products products = TrainingSetup.Products.F32;

    @Option(names = "--gpu", description = "Train on the first CUDA device.")
    private boolean gpu;

    @Override
    public Integer call() throws IOException {
        Files.createDirectories(folder);
        TrainingCorpus corpus = TrainingCorpus.load(repository);
        print(
                "corpus: %d files, %.1f MB, %d left out",
                corpus.files().size(), corpus.characters() / 1e6, corpus.dropped());
        Path tokenizerFile = folder.resolve("tokenizer.json");
        if (!Files.exists(tokenizerFile) && start != null) {
            Files.copy(start.resolve("tokenizer.json"), tokenizerFile);
        }
        if (!Files.exists(tokenizerFile)) {
            BpeTrainer trainer = new BpeTrainer();
            corpus.files().forEach(file -> trainer.add(file.text()));
            Path temporary = folder.resolve("tokenizer.json.tmp");
            trainer.train(vocabulary, SPECIAL, temporary);
            Files.move(temporary, tokenizerFile, StandardCopyOption.ATOMIC_MOVE);
            print("tokenizer: %d ids", vocabulary);
        }
        try (CodeTokenizer tokenizer = CodeTokenizer.open(tokenizerFile)) {
            train(corpus, tokenizer);
        }
        return 0;
    }

    private void train(TrainingCorpus corpus, CodeTokenizer tokenizer) throws IOException {
        SequenceSampler.Mix mix =
                new SequenceSampler.Mix(fillIn, packed, often == null ? null : CompletionTask.ofWireName(often));
        SequenceSampler sampler = new SequenceSampler(lex(corpus.files()), tokenizer, SEQUENCE, mix, seed);
        SequenceSampler heldOut = new SequenceSampler(lex(corpus.heldOut()), tokenizer, SEQUENCE, mix, seed);
        List<TrainingSequence> validation = draw(heldOut, 0, 64);
        Path checkpoint = folder.resolve("checkpoint");
        Starcoder2Trainer trainer = trainer(checkpoint);
        try (trainer) {
            print("model: %d parameters, step %d of %d", trainer.parameterCount(), trainer.steps(), steps);
            long started = System.nanoTime();
            long first = trainer.steps();
            double mean = Double.NaN;
            while (trainer.steps() < steps) {
                long step = trainer.steps();
                double loss = trainer.step(draw(sampler, step * batch, batch), schedule(step));
                mean = Double.isNaN(mean) ? loss : 0.98 * mean + 0.02 * loss;
                if ((step + 1) % 10 == 0) {
                    double seconds = (System.nanoTime() - started) / 1e9;
                    double perStep = seconds / (trainer.steps() - first);
                    print(
                            "step %d loss %.4f, %.0f tokens/s, %.0f min left",
                            step + 1, mean, batch * SEQUENCE / perStep, (steps - step - 1) * perStep / 60);
                    Files.writeString(
                            folder.resolve("loss.tsv"),
                            String.format(Locale.ROOT, "%d\t%.5f%n", step + 1, mean),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.APPEND);
                }
                if (trainer.steps() % 50 == 0 || trainer.steps() == steps) {
                    trainer.save(checkpoint);
                }
                if (trainer.steps() % 250 == 0 || trainer.steps() == steps) {
                    print("step %d held-out loss %.4f", trainer.steps(), trainer.loss(validation));
                }
            }
            Path model = folder.resolve("model");
            trainer.export(model, SafetensorsWriter.Precision.BF16);
            Files.copy(
                    folder.resolve("tokenizer.json"),
                    model.resolve("tokenizer.json"),
                    StandardCopyOption.REPLACE_EXISTING);
            print("model written to %s", model);
        }
    }

    private Starcoder2Trainer trainer(Path checkpoint) {
        TrainingSetup setup =
                new TrainingSetup(SEQUENCE, microBatch, threads, gpu ? Device.gpu() : Device.cpu(), products);
        if (Files.exists(checkpoint.resolve(Starcoder2Trainer.STATE))) {
            return Starcoder2Trainer.resume(checkpoint, setup);
        }
        if (start != null) {
            return Starcoder2Trainer.from(start, setup);
        }
        ModelShape shape = new ModelShape(layers, heads, keyValueHeads, hidden / heads, hidden, vocabulary);
        return Starcoder2Trainer.init(shape, 4 * hidden, setup, seed);
    }

    /** Warm-up, a plateau, and a linear fall to 0, so that a run can be lengthened while it is on the plateau. */
    private double schedule(long step) {
        double warm = Math.min(1, (step + 1) / 100.0);
        double fall = Math.min(1, (steps - step) / (double) Math.max(1, decay));
        return rate * warm * fall;
    }

    private List<LexedFile> lex(List<SourceFile> files) {
        JavaParserMiner miner = new JavaParserMiner();
        MiningOptions options = new MiningOptions(miner.tasks(), GAPS_OF_A_TASK, seed);
        return files.parallelStream()
                .map(file -> new LexedFile(file, miner.mine(file, options).scenarios()))
                .toList();
    }

    private static List<TrainingSequence> draw(SequenceSampler sampler, long first, int count) {
        return LongStream.range(first, first + count)
                .parallel()
                .mapToObj(sampler::draw)
                .toList();
    }

    private static void print(String format, Object... values) {
        System.err.println(String.format(Locale.ROOT, format, values));
    }
}
