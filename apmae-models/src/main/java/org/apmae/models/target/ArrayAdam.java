package org.apmae.models.target;

/**
 * Adam with decoupled weight decay, on Java arrays: gradients summed over workers are there already. Not thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/1711.05101">Decoupled Weight Decay Regularization</a>
 */
final class ArrayAdam {
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double weightDecay;
    private final float[] mean;
    private final float[] square;
    private long steps;

    /**
     * Starts with an empty state.
     *
     * @param size number of parameters
     * @param beta1 decay of the mean gradient, 0 to 1
     * @param beta2 decay of the mean squared gradient, 0 to 1
     * @param epsilon added to the denominator
     * @param weightDecay share of a parameter, times the learning rate, that is taken off in each step
     */
    ArrayAdam(int size, double beta1, double beta2, double epsilon, double weightDecay) {
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
        this.mean = new float[size];
        this.square = new float[size];
    }

    /**
     * Changes the parameters by one step.
     *
     * @param parameters the parameters, written
     * @param gradients as many gradients
     * @param learningRate step size
     * @throws IllegalArgumentException if there are more or fewer of one than this optimiser was made for
     */
    void step(float[] parameters, float[] gradients, double learningRate) {
        if (parameters.length != mean.length || gradients.length != mean.length) {
            throw new IllegalArgumentException("there are " + parameters.length + " parameters and " + gradients.length
                    + " gradients for an optimiser of " + mean.length);
        }
        steps++;
        float b1 = (float) beta1;
        float b2 = (float) beta2;
        float keep = (float) (1 - learningRate * weightDecay);
        float stepSize = (float) (learningRate / (1 - Math.pow(beta1, (double) steps)));
        float correction = (float) (1 / Math.sqrt(1 - Math.pow(beta2, (double) steps)));
        float eps = (float) epsilon;
        for (int i = 0; i < parameters.length; i++) {
            float gradient = gradients[i];
            float m = mean[i] + (gradient - mean[i]) * (1 - b1);
            float v = square[i] * b2 + gradient * gradient * (1 - b2);
            mean[i] = m;
            square[i] = v;
            parameters[i] = parameters[i] * keep - stepSize * m / ((float) Math.sqrt(v) * correction + eps);
        }
    }

    /**
     * Returns the running mean of the gradients, for checkpoints.
     *
     * @return the live state, not a copy
     */
    float[] mean() {
        return mean;
    }

    /**
     * Returns the running mean of the squared gradients, for checkpoints.
     *
     * @return the live state, not a copy
     */
    float[] square() {
        return square;
    }

    /**
     * Returns the number of steps taken.
     *
     * @return 0 or more
     */
    long steps() {
        return steps;
    }

    /**
     * Goes on from a checkpoint: {@link #mean()} and {@link #square()} have been filled by the caller.
     *
     * @param steps the number of steps taken when the checkpoint was written
     */
    void resumeAt(long steps) {
        this.steps = steps;
    }
}
