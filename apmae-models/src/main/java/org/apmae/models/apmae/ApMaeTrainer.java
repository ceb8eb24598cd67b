package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import org.apmae.core.pattern.PatchMask;
import org.apmae.core.work.Tasks;
import org.apmae.models.training.AdamW;
import org.apmae.models.training.CosineSchedule;

/**
 * Trains an autoencoder to predict masked patches: AdamW with betas 0.9 and 0.95, a cosine schedule, masks drawn anew for
 * every pattern and step.
 *
 * <p>Each batch is cut into parts whose gradients are summed in order, so the weights do not depend on the number of
 * threads. Immutable; each call of {@link #train} is a run of its own.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, training of AP-MAE</a>
 */
public final class ApMaeTrainer {
    static final String INTERRUPTED =
            "training was interrupted; run it again to go on from the last state that was kept";

    private final ApMaeTrainingOptions options;

    /** Hears about every step. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Called after a step, from the thread that trains.
         *
         * @param step zero-based
         * @param loss mean squared error over the masked pixels of this step's batch, before the step
         * @param learningRate the rate of this step
         */
        void step(int step, double loss, double learningRate);
    }

    /**
     * Where a training writes its state, so that it can go on after a crash.
     *
     * @param file replaced in one step each time; its folder exists
     * @param every steps between two writes, 1 or more
     * @param data names what the batches are made of: a state of other data is refused
     */
    public record Checkpoint(Path file, int every, String data) {
        /**
         * Checks the number.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Checkpoint {
            if (every < 1) {
                throw new IllegalArgumentException(
                        "a state every " + every + " steps is not possible; the number must be 1 or more");
            }
        }
    }

    /**
     * Makes a trainer.
     *
     * @param options how to train
     */
    public ApMaeTrainer(ApMaeTrainingOptions options) {
        this.options = options;
    }

    /**
     * Trains in place, in the decoder mode and with the mask ratio of the autoencoder's config.
     *
     * @param model what is trained; nothing else may use it meanwhile
     * @param batches the patterns
     * @param progress hears about every step
     * @return the loss of each step
     * @throws IllegalArgumentException if the config asks for dropout, or a batch does not fit the autoencoder
     * @throws IllegalStateException if the autoencoder is closed, the loss is no longer a number, or the thread is
     *     interrupted
     */
    public double[] train(ApMae model, PatternBatches batches, Progress progress) {
        return train(model, batches, progress, null);
    }

    /**
     * Trains in place, in the decoder mode and with the mask ratio of the autoencoder's config, and writes its state from time
     * to time. If there is a state already, training goes on from it; losses and weights at the end are the same bits as those
     * of a run that was never stopped, on the same machine.
     *
     * @param model what is trained, untrained or as before; nothing else may use it meanwhile
     * @param batches the patterns
     * @param progress hears about every step that this call does
     * @param checkpoint where the state is kept, or null for nowhere; the file stays at the end
     * @return the loss of each step, those before the state included
     * @throws IllegalArgumentException if the config asks for dropout, a batch does not fit the autoencoder, or the state is one
     *     of another training
     * @throws IllegalStateException if the autoencoder is closed, the loss is no longer a number, or the thread is
     *     interrupted
     * @throws org.apmae.models.safetensors.ModelFileException if the state is damaged
     * @throws java.io.UncheckedIOException if the state cannot be read or written
     */
    public double[] train(ApMae model, PatternBatches batches, Progress progress, Checkpoint checkpoint) {
        if (model.config().dropout() != 0) {
            throw new IllegalArgumentException(
                    "the config asks for a dropout of " + model.config().dropout()
                            + ", which training does not do; set encoder_dropout and encoder_emb_dropout to 0");
        }
        model.requireTrainable();
        CosineSchedule schedule = options.schedule();
        double[] losses = new double[options.steps()];
        ExecutorService pool = options.workers() == 1 ? null : Tasks.threads("ap-mae-training", options.workers());
        TrainingState state = checkpoint == null
                ? null
                : new TrainingState(
                        checkpoint.file(),
                        options.withWorkers(options.parts(), 1) + "\n" + model.config() + "\n" + checkpoint.data());
        try (AdamW optimizer = optimizer(model);
                NDManager kept = model.manager().newSubManager()) {
            NDList gradients = new NDList();
            for (int i = 0; i < options.parts(); i++) {
                gradients.add(kept.zeros(model.flat().getShape()));
            }
            int first = state == null ? 0 : state.restore(model, optimizer, losses);
            for (int step = first; step < losses.length; step++) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new IllegalStateException(
                            "training was interrupted at step " + step + " of " + losses.length);
                }
                double rate = schedule.at(step);
                losses[step] = step(model, optimizer, batches, step, rate, gradients, pool);
                if (state != null && ((step + 1) % checkpoint.every() == 0 || step + 1 == losses.length)) {
                    state.save(model, optimizer, losses);
                }
                progress.step(step, losses[step], rate);
            }
        } finally {
            if (pool != null) {
                pool.shutdown();
            }
        }
        return losses;
    }

    private AdamW optimizer(ApMae model) {
        return new AdamW(model.manager(), new NDList(model.flat()), 0.9, 0.95, 1e-8, options.weightDecay());
    }

    private double step(
            ApMae model,
            AdamW optimizer,
            PatternBatches batches,
            int step,
            double rate,
            NDList gradients,
            ExecutorService pool) {
        try (Scope session = Scope.inference(model.manager())) {
            NDManager scope = session.manager();
            NDArray scaled = batches.next(scope, step);
            int count = model.requirePatterns(scaled);
            Random random = new Random(ShuffledOrder.mix(options.seed(), step));
            PatchMask mask =
                    PatchMask.draw(model.config().grid(), model.config().maskRatio(), count, random);
            model.requireTrainable(mask);
            List<Callable<Gradients.Result>> tasks = new ArrayList<>();
            int parts = Math.min(options.parts(), count);
            double[] shares = new double[parts];
            for (int i = 0; i < parts; i++) {
                int from = (int) ((long) count * i / parts);
                int to = (int) ((long) count * (i + 1) / parts);
                shares[i] = (double) (to - from) / count;
                NDArray gradient = gradients.get(i);
                tasks.add(() -> part(model, gradient, scaled, mask, from, to, count));
            }
            List<Gradients.Result> results = Tasks.all(tasks, pool, INTERRUPTED);
            double loss = 0;
            NDList sum = new NDList(gradients.get(0));
            for (int i = 0; i < parts; i++) {
                loss += shares[i] * results.get(i).loss();
                if (i > 0) {
                    sum.get(0).addi(gradients.get(i));
                }
            }
            if (Double.isNaN(loss) || Double.isInfinite(loss)) {
                throw new IllegalStateException("the loss is " + loss + " at step " + step
                        + "; train with a lower learning rate or a bound on the gradient's norm");
            }
            if (options.clipNorm() > 0) {
                AdamW.clipNorm(sum, options.clipNorm());
            }
            optimizer.step(sum, rate, pool);
            return loss;
        }
    }

    private static Gradients.Result part(
            ApMae model, NDArray gradient, NDArray scaled, PatchMask mask, int from, int to, int count) {
        try (NDManager scratch = gradient.getManager().newSubManager()) {
            NDArray patterns = Ops.alias(scratch, scaled).get(new NDIndex(from + ":" + to));
            PatchMask partMask = new PatchMask(
                    Arrays.copyOfRange(mask.masked(), from, to), Arrays.copyOfRange(mask.visible(), from, to));
            return Gradients.compute(
                    model,
                    gradient,
                    patterns,
                    partMask,
                    model.config().decoderMode(),
                    (double) (to - from) / count,
                    () -> {});
        }
    }
}
