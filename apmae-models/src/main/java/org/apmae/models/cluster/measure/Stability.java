package org.apmae.models.cluster.measure;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Random;
import org.apmae.core.pattern.PatternClusterer;

/**
 * How far a clustering stays the same when it is done again: mean adjusted Rand index between the fitted labels and those of
 * other fits, noise counted as a class.
 *
 * @param acrossSeeds fits of the same rows with other seeds
 * @param acrossSubsamples fits of four fifths of the rows, compared on these
 * @param repeats fits of each kind
 */
public record Stability(double acrossSeeds, double acrossSubsamples, int repeats) implements Serializable {
    private static final double SHARE = 0.8;

    /**
     * Measures the stability of a clustering by fitting again, twice {@code repeats} times.
     *
     * @param clusterer the method
     * @param encodings N rows of F numbers; borrowed
     * @param fitted the labels that the method gave them; borrowed
     * @param seed seed from which those of the fits and subsamples are drawn; give another one than that of {@code fitted}
     * @param repeats fits of each kind, 1 or more
     * @return the stability
     * @throws IllegalArgumentException if {@code repeats} is below 1 or the labels are not as many as the encodings
     */
    public static Stability of(PatternClusterer clusterer, float[][] encodings, int[] fitted, long seed, int repeats) {
        int[] labels = fitted.clone();
        if (repeats < 1 || labels.length != encodings.length) {
            throw new IllegalArgumentException("repeats " + repeats + " (1 or more), " + labels.length + " labels and "
                    + encodings.length + " encodings (as many) do not fit; give the encodings of the fit");
        }
        Random random = new Random(seed);
        double seeds = 0;
        double subsamples = 0;
        for (int r = 0; r < repeats; r++) {
            seeds += Agreement.adjustedRand(
                    labels, clusterer.fit(encodings, random.nextLong()).labels());
            int[] rows = subsample(labels.length, random);
            float[][] some = Arrays.stream(rows).mapToObj(i -> encodings[i]).toArray(float[][]::new);
            int[] expected = Arrays.stream(rows).map(i -> labels[i]).toArray();
            subsamples += Agreement.adjustedRand(
                    expected, clusterer.fit(some, random.nextLong()).labels());
        }
        return new Stability(seeds / repeats, subsamples / repeats, repeats);
    }

    /** Draws four fifths of the rows without repetition, in ascending order. */
    private static int[] subsample(int size, Random random) {
        int wanted = (int) Math.round(SHARE * size);
        int[] drawn = new int[wanted];
        int count = 0;
        for (int i = 0; i < size && count < wanted; i++) {
            if (random.nextDouble() * (size - i) < wanted - count) {
                drawn[count++] = i;
            }
        }
        return Arrays.copyOf(drawn, count);
    }
}
