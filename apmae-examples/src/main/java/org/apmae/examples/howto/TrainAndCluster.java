package org.apmae.examples.howto;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.ApMaeConfig;
import org.apmae.models.apmae.ApMaeTrainer;
import org.apmae.models.apmae.ApMaeTrainingOptions;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.cluster.KMeans;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/** Trains a small AP-MAE on the patterns of two layers, encodes them, and clusters the encodings. */
final class TrainAndCluster {
    private static final int WINDOW = 64;

    private TrainAndCluster() {}

    public static void main(String[] arguments) {
        ApMaeConfig config = ApMaeConfig.of(
                new PatchGrid(WINDOW, 8),
                new ApMaeConfig.Stack(64, 2, 2, 32, 128),
                new ApMaeConfig.Stack(64, 1, 2, 32, 128));
        try (TargetModel model = TargetModels.embedded();
                HookedRecorder recorder = new HookedRecorder(model, 1);
                ApMae apmae = ApMae.initCopying(config, 1, Device.cpu())) {
            List<Prompt> prompts = Snippets.prompts(model.tokenizer(), 24, WINDOW);
            List<HeadId> heads = List.of(new HeadId(0, 0), new HeadId(0, 1), new HeadId(5, 6), new HeadId(5, 7));
            PatternSet patterns = new PatternSet(config.grid());
            recorder.record(
                    prompts.stream(),
                    HeadSelection.of(heads),
                    AttentionSink.patternsOnly(batch -> add(model, batch, heads, config, patterns)));
            double[] losses = new ApMaeTrainer(
                            ApMaeTrainingOptions.of(200, 16, 1).withLearningRate(2e-3, 10))
                    .train(apmae, patterns.shuffled(16, 2), (step, loss, rate) -> {});
            System.out.printf(
                    Locale.ROOT,
                    "%d patterns, loss %.4f before and %.4f after training%n",
                    patterns.size(),
                    mean(losses, 0),
                    mean(losses, losses.length - 10));
            List<float[]> encodings = new ArrayList<>();
            int[] headOf = new int[patterns.size()];
            try (NDManager scratch = model.newManager();
                    ApMaeEncoder encoder = apmae.encoder()) {
                for (int i = 0; i < patterns.size(); i++) {
                    headOf[i] = patterns.head(i);
                    encodings.add(
                            encoder.encode(scratch, patterns.batch(scratch, i)).toFloatArray());
                }
            }
            Clusters clusters = new KMeans(2).fit(encodings.toArray(float[][]::new), 3);
            for (int head = 0; head < heads.size(); head++) {
                int[] members = new int[2];
                for (int i = 0; i < headOf.length; i++) {
                    members[clusters.labels()[i]] += headOf[i] == head ? 1 : 0;
                }
                System.out.println(heads.get(head) + " in clusters 0 and 1: " + Arrays.toString(members));
            }
        }
    }

    private static void add(
            TargetModel model, AttentionBatch batch, List<HeadId> heads, ApMaeConfig config, PatternSet patterns) {
        try (NDManager scratch = model.newManager()) {
            int[] numbers = batch.heads().stream().mapToInt(heads::indexOf).toArray();
            patterns.add(numbers, config.scaler().scale(scratch, batch.patterns()));
        }
    }

    private static double mean(double[] losses, int from) {
        return Arrays.stream(losses, from, from + 10).average().orElseThrow();
    }
}
