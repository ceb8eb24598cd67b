package org.apmae.models.cluster.measure;

import java.util.Arrays;
import java.util.Random;

/**
 * How much labels tell about classes, beside what chance would give: many small clusters share information with anything.
 *
 * @param information normalised mutual information, 0 to 1
 * @param baseline its mean over random orders of the classes
 * @param high its 95th percentile over random orders
 * @param probability share of random orders that reach {@code information}, the order found counted among them
 */
public record Association(double information, double baseline, double high, double probability) {
    /**
     * Measures the association.
     *
     * @param labels N labels, noise being one of them
     * @param classes N classes
     * @param permutations random orders, 1 or more
     * @param seed seed of the orders
     * @return the association
     * @throws IllegalArgumentException if the lengths differ or {@code permutations} is below 1
     */
    public static Association of(int[] labels, int[] classes, int permutations, long seed) {
        if (permutations < 1) {
            throw new IllegalArgumentException(
                    "the number of permutations is " + permutations + ", allowed is 1 or more");
        }
        double found = Agreement.normalizedMutualInformation(labels, classes);
        double[] chance = new double[permutations];
        int[] order = classes.clone();
        Random random = new Random(seed);
        int reached = 1;
        for (int p = 0; p < permutations; p++) {
            for (int i = order.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                int swapped = order[i];
                order[i] = order[j];
                order[j] = swapped;
            }
            chance[p] = Agreement.normalizedMutualInformation(labels, order);
            reached += chance[p] >= found ? 1 : 0;
        }
        Arrays.sort(chance);
        return new Association(
                found,
                Arrays.stream(chance).average().orElse(0),
                chance[(int) Math.ceil(0.95 * permutations) - 1],
                reached / (permutations + 1.0));
    }
}
