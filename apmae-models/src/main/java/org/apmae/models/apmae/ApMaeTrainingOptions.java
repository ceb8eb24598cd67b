package org.apmae.models.apmae;

import org.apmae.models.training.CosineSchedule;

/**
 * How an autoencoder is trained. Start from {@link #of} and change what differs. Immutable and thread-safe.
 *
 * @param steps number of optimiser steps, 1 or more
 * @param batch patterns in a step, for the learning-rate rule; batches of another size are possible
 * @param learningRate the highest rate, above 0
 * @param warmup steps of linear rise before the cosine, 0 or more and below steps
 * @param weightDecay decoupled, for all parameters, 0 or more
 * @param clipNorm largest norm of the gradient, or 0 for no bound
 * @param parts into how many parts each batch is cut, so that as many threads can work on it; results depend on it in the
 *     last bits, but not on the number of workers
 * @param workers number of threads, 1 or more
 * @param seed of the masks
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, training of AP-MAE</a>
 */
public record ApMaeTrainingOptions(
        int steps,
        int batch,
        double learningRate,
        int warmup,
        double weightDecay,
        double clipNorm,
        int parts,
        int workers,
        long seed) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public ApMaeTrainingOptions {
        if (steps < 1 || batch < 1 || parts < 1 || workers < 1) {
            throw new IllegalArgumentException("training with " + steps + " steps, a batch of " + batch + ", " + parts
                    + " parts and " + workers + " workers is not possible; each must be 1 or more");
        }
        if (warmup < 0 || warmup >= steps) {
            throw new IllegalArgumentException("a warm-up of " + warmup + " does not fit into " + steps
                    + " steps; it must lie in [0, " + steps + ")");
        }
        if (!(learningRate > 0) || !(weightDecay >= 0) || !(clipNorm >= 0)) {
            throw new IllegalArgumentException(
                    "a learning rate of " + learningRate + ", a weight decay of " + weightDecay + " and a clip norm of "
                            + clipNorm + " are not possible; the rate must be above 0, the others at least 0");
        }
    }

    /**
     * The paper's recipe: rate 1.5e-4 batch / 50, decay 0.05, no warm-up, no bound on the gradient; on one worker.
     *
     * @param steps number of steps
     * @param batch patterns in a step
     * @param seed of the masks
     * @return the options
     */
    public static ApMaeTrainingOptions of(int steps, int batch, long seed) {
        return new ApMaeTrainingOptions(steps, batch, 1.5e-4 * batch / 50, 0, 0.05, 0, 2, 1, seed);
    }

    /**
     * Changes the learning rate and its warm-up.
     *
     * @param rate the highest rate
     * @param steps steps of linear rise
     * @return new options
     */
    public ApMaeTrainingOptions withLearningRate(double rate, int steps) {
        return new ApMaeTrainingOptions(this.steps, batch, rate, steps, weightDecay, clipNorm, parts, workers, seed);
    }

    /**
     * Changes the weight decay.
     *
     * @param decay 0 or more
     * @return new options
     */
    public ApMaeTrainingOptions withWeightDecay(double decay) {
        return new ApMaeTrainingOptions(steps, batch, learningRate, warmup, decay, clipNorm, parts, workers, seed);
    }

    /**
     * Bounds the norm of the gradient.
     *
     * @param norm the largest norm, or 0 for no bound
     * @return new options
     */
    public ApMaeTrainingOptions withClipNorm(double norm) {
        return new ApMaeTrainingOptions(steps, batch, learningRate, warmup, weightDecay, norm, parts, workers, seed);
    }

    /**
     * Changes how a batch is spread over threads.
     *
     * @param parts into how many parts each batch is cut
     * @param workers number of threads
     * @return new options
     */
    public ApMaeTrainingOptions withWorkers(int parts, int workers) {
        return new ApMaeTrainingOptions(
                steps, batch, learningRate, warmup, weightDecay, clipNorm, parts, workers, seed);
    }

    /**
     * Returns the learning rate over the run: a rise over the warm-up, then a cosine to zero.
     *
     * @return the schedule
     */
    public CosineSchedule schedule() {
        return new CosineSchedule(learningRate, warmup, steps - warmup);
    }
}
