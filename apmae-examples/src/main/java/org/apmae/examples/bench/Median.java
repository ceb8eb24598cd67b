package org.apmae.examples.bench;

import java.util.Arrays;

/** The middle of some rounds, which one disturbed round does not move. */
final class Median {
    private Median() {}

    static double of(double[] rounds) {
        double[] sorted = rounds.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
