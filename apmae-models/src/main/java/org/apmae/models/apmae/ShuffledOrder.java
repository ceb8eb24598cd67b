package org.apmae.models.apmae;

import java.util.Random;

/** Random orders that depend on nothing but a seed and a number, so that any of them can be had again. */
final class ShuffledOrder {
    private ShuffledOrder() {}

    /** Fills an array with the numbers from 0 on, in the random order of a round. */
    static void fill(int[] order, long seed, long round) {
        Random random = new Random(mix(seed, round));
        for (int i = 0; i < order.length; i++) {
            int other = random.nextInt(i + 1);
            order[i] = order[other];
            order[other] = i;
        }
    }

    /** Seeds of neighbouring rounds are far apart, as java.util.Random needs. */
    static long mix(long seed, long round) {
        long z = seed + 0x9e3779b97f4a7c15L * (round + 1);
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
