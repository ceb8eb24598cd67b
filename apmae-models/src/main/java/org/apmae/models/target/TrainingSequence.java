package org.apmae.models.target;

/**
 * Token ids to train on, with the weight of each prediction. Immutable and thread-safe.
 */
public final class TrainingSequence {
    private final int[] ids;
    private final float[] weights;

    /**
     * Copies the arguments.
     *
     * @param ids n + 1 token ids: the model sees the first n and predicts the last n
     * @param weights n weights; 0 leaves a prediction out of the loss
     * @throws IllegalArgumentException if the numbers do not fit together
     */
    public TrainingSequence(int[] ids, float[] weights) {
        if (ids.length != weights.length + 1 || weights.length == 0) {
            throw new IllegalArgumentException("there are " + ids.length + " ids and " + weights.length
                    + " weights; give one id more than weights, and at least one weight");
        }
        this.ids = ids.clone();
        this.weights = weights.clone();
    }

    double weight() {
        double sum = 0;
        for (float weight : weights) {
            sum += weight;
        }
        return sum;
    }

    /** Writes this sequence into flat arrays of a batch; what is shorter than the row stays 0 with weight 0. */
    void fill(int at, int length, long[] inputs, long[] targets, float[] weight, double total) {
        if (weights.length > length) {
            throw new IllegalArgumentException("a sequence of " + weights.length + " predictions does not fit rows of "
                    + length + " tokens; cut it");
        }
        for (int i = 0; i < weights.length; i++) {
            inputs[at + i] = ids[i];
            targets[at + i] = ids[i + 1];
            weight[at + i] = (float) (weights[i] / total);
        }
    }
}
