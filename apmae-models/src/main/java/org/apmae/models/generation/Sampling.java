package org.apmae.models.generation;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;

/**
 * How the next token is chosen. Immutable.
 *
 * @param temperature logits are divided by it; 0 takes the most likely token, whatever the other values
 * @param topK only so many most likely tokens are drawn from; 0 for all
 * @param topP only the fewest most likely tokens whose probabilities reach this sum are drawn from; 1 for all
 * @param seed seed of the draws
 * @see <a href="https://arxiv.org/abs/1904.09751">The Curious Case of Neural Text Degeneration</a>
 */
public record Sampling(double temperature, int topK, double topP, long seed) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public Sampling {
        if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY) || topK < 0 || !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("temperature " + temperature + ", top-k " + topK + " and top-p " + topP
                    + " are given; temperature and top-k must be 0 or more, top-p above 0 and at most 1");
        }
    }

    /**
     * Takes the most likely token at every step; of equal ones the first.
     *
     * @return greedy choice
     */
    public static Sampling greedy() {
        return new Sampling(0, 0, 1, 0);
    }

    /** Chooses by the next number of a random sequence that started from the seed. */
    int choose(float[] logits, Random random) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        if (temperature == 0) {
            return best;
        }
        Integer[] order = new Integer[logits.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -logits[i]));
        int kept = topK == 0 ? order.length : Math.min(topK, order.length);
        double[] weights = new double[kept];
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            weights[i] = Math.exp((logits[order[i]] - (double) logits[best]) / temperature);
            sum += weights[i];
        }
        double reached = 0;
        int last = 0;
        while (last < kept - 1 && reached + weights[last] < topP * sum) {
            reached += weights[last++];
        }
        double draw = random.nextDouble() * (reached + weights[last]);
        for (int i = 0; i < last; i++) {
            draw -= weights[i];
            if (draw < 0) {
                return order[i];
            }
        }
        return order[last];
    }
}
