package org.apmae.examples.howto;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.predict.PatternTable;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeTrainer;
import org.apmae.models.apmae.ApMaeTrainingOptions;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.cluster.HeadClustering;
import org.apmae.models.cluster.KMeans;
import org.apmae.models.generation.GenerationOptions;
import org.apmae.models.live.FittedBundle;
import org.apmae.models.live.GuardedGenerator;
import org.apmae.models.predict.BoostedTrees;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/**
 * Fits an autoencoder, clusters and a predictor on completions of the embedded model, and asks them before each new completion.
 * A study does the first half on real code: {@code apmae bundle} writes the same folder.
 */
final class PredictLive {
    private static final int WINDOW = 64;
    private static final int FITTED = 128;
    private static final int TRAINED = 96;
    private static final int NEW = 32;
    private static final List<HeadId> HEADS =
            List.of(new HeadId(1, 6), new HeadId(2, 3), new HeadId(3, 0), new HeadId(4, 2), new HeadId(5, 4));
    private static final ApMaeConfig CONFIG = ApMaeConfig.of(
            new PatchGrid(WINDOW, 8),
            new ApMaeConfig.Stack(64, 2, 2, 32, 128),
            new ApMaeConfig.Stack(64, 1, 2, 32, 128));

    private PredictLive() {}

    public static void main(String[] arguments) {
        try (TargetModel model = TargetModels.embedded()) {
            Path folder = Files.createTempDirectory("bundle");
            List<Prompt> prompts = Snippets.mixed(model.tokenizer(), FITTED + NEW, WINDOW);
            fit(model, prompts.subList(0, FITTED), folder);
            try (FittedBundle bundle = FittedBundle.open(folder, model)) {
                answer(new GuardedGenerator(model, bundle, 0.5), prompts.subList(FITTED, FITTED + NEW));
            }
            delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void answer(GuardedGenerator generator, List<Prompt> prompts) {
        int answered = 0;
        int right = 0;
        int abstained = 0;
        for (Prompt prompt : prompts) {
            GuardedGenerator.Guarded found = generator.generate(prompt.ids(), GenerationOptions.greedy(1));
            if (found.ids().isPresent()) {
                answered++;
                right += found.ids().get()[0] == prompt.targetToken() ? 1 : 0;
            } else {
                abstained++;
            }
        }
        System.out.printf(
                Locale.ROOT,
                "answered %d of %d, %d of them right; abstained from %d%n",
                answered,
                NEW,
                right,
                abstained);
    }

    private static void fit(TargetModel model, List<Prompt> prompts, Path folder) {
        PatternSet patterns = new PatternSet(CONFIG.grid());
        List<Verdict> verdicts = new ArrayList<>();
        try (ApMae apmae = ApMae.initCopying(CONFIG, 1, Device.cpu());
                HookedRecorder recorder = new HookedRecorder(model, 1)) {
            recorder.record(
                    prompts.stream(),
                    HeadSelection.of(HEADS),
                    AttentionSink.of(batch -> add(model, batch, patterns), verdicts::addAll));
            new ApMaeTrainer(ApMaeTrainingOptions.of(100, 16, 1).withLearningRate(2e-3, 10))
                    .train(apmae, patterns.shuffled(16, 2), (step, loss, rate) -> {});

            List<float[][]> encodings = encode(model, apmae, patterns);
            List<Clusters> clusters = HeadClustering.fitAll(encodings, new KMeans(4), 3, 2, done -> {});
            Path file = folder.resolve("fitted.json");
            ClustersJson.write(file, clusters);
            PatternTable train = table(prompts, verdicts, clusters, 0, TRAINED);
            PatternTable validation = table(prompts, verdicts, clusters, TRAINED, FITTED);
            try (FittedPredictor predictor = new BoostedTrees(BoostedTrees.Options.paper()).fit(train, validation, 4)) {
                FittedBundle.save(folder, model, apmae, HEADS, file, encodings, predictor);
            }
        }
    }

    private static void add(TargetModel model, AttentionBatch batch, PatternSet patterns) {
        try (NDManager scratch = model.newManager()) {
            int[] numbers = batch.heads().stream().mapToInt(HEADS::indexOf).toArray();
            patterns.add(numbers, CONFIG.scaler().scale(scratch, batch.patterns()));
        }
    }

    /** Returns for each head the encodings of the prompts, in their order. */
    private static List<float[][]> encode(TargetModel model, ApMae apmae, PatternSet patterns) {
        List<float[][]> encodings = new ArrayList<>();
        HEADS.forEach(head -> encodings.add(new float[FITTED][]));
        int[] filled = new int[HEADS.size()];
        try (ApMaeEncoder encoder = apmae.encoder()) {
            for (int i = 0; i < patterns.size(); i++) {
                try (NDManager scratch = model.newManager()) {
                    NDArray encoding = encoder.encode(scratch, patterns.batch(scratch, i));
                    int head = patterns.head(i);
                    encodings.get(head)[filled[head]++] = encoding.toFloatArray();
                }
            }
        }
        return encodings;
    }

    /** Labels of all heads and the model's own signals, for some of the prompts. */
    private static PatternTable table(
            List<Prompt> prompts, List<Verdict> verdicts, List<Clusters> clusters, int from, int to) {
        List<int[]> labels = clusters.stream().map(Clusters::labels).toList();
        int[][] rows = new int[to - from][HEADS.size()];
        double[][] signals = new double[to - from][];
        boolean[] correct = new boolean[to - from];
        for (int i = from; i < to; i++) {
            for (int h = 0; h < HEADS.size(); h++) {
                rows[i - from][h] = labels.get(h)[i];
            }
            signals[i - from] = FittedBundle.signals(verdicts.get(i));
            correct[i - from] = verdicts.get(i).correct();
        }
        List<String> ids =
                prompts.subList(from, to).stream().map(Prompt::scenarioId).toList();
        List<String> heads = HEADS.stream().map(HeadId::toString).toList();
        return new PatternTable(ids, ids, heads, rows, FittedBundle.SIGNALS, signals, correct);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
