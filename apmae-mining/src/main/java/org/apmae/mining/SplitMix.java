package org.apmae.mining;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/** A small generator of our own, so that samples stay the same on every Java version. Not thread-safe. */
final class SplitMix {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private long state;

    /** Mixes the seed with what the draw belongs to; any other key gives an independent stream. */
    SplitMix(long seed, String... key) {
        this(digest(seed, key));
    }

    private SplitMix(MessageDigest digest) {
        state = ByteBuffer.wrap(digest.digest()).getLong();
    }

    private static MessageDigest digest(long seed, String... key) {
        MessageDigest digest = Sha256.digest();
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, seed));
        for (String part : key) {
            Sha256.addSized(digest, part.getBytes(StandardCharsets.UTF_8));
        }
        return digest;
    }

    /** Generators whose keys differ in the last part only; digests the common part once. */
    static final class Family {
        private final MessageDigest common;

        Family(long seed, String... key) {
            common = SplitMix.digest(seed, key);
        }

        /** The generator that all parts together with this one give. */
        SplitMix member(String last) {
            try {
                MessageDigest digest = (MessageDigest) common.clone();
                Sha256.addSized(digest, last.getBytes(StandardCharsets.UTF_8));
                return new SplitMix(digest);
            } catch (CloneNotSupportedException e) {
                throw new IllegalStateException("this Java runtime's SHA-256 cannot be copied", e);
            }
        }
    }

    long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** Draws from 0 (inclusive) to {@code bound} (exclusive) without bias. */
    int below(int bound) {
        long limit = (1L << 32) / bound * bound;
        long draw;
        do {
            draw = nextLong() >>> 32;
        } while (draw >= limit);
        return (int) (draw % bound);
    }

    /** Chooses {@code take} of the indices below {@code size}, ascending; all subsets are equally likely. */
    int[] choose(int size, int take) {
        int[] chosen = new int[Math.min(size, take)];
        int found = 0;
        for (int i = 0; i < size && found < chosen.length; i++) {
            if (below(size - i) < chosen.length - found) {
                chosen[found++] = i;
            }
        }
        return Arrays.copyOf(chosen, found);
    }

    /** The finaliser of SplitMix64: every input bit reaches every output bit. */
    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
