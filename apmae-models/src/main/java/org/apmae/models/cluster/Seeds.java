package org.apmae.models.cluster;

/** Steps and mixing of SplitMix64, the generator behind everything random here (Steele, Lea and Flood 2014). */
final class Seeds {
    static final long STEP = 0x9E3779B97F4A7C15L;

    private Seeds() {}

    /** Turns a state into 64 well mixed bits. */
    static long mix(long state) {
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Returns the seed of one of many tasks that share a seed. */
    static long ofTask(long seed, int task) {
        return mix(mix(seed) + (task + 1L) * STEP);
    }
}
