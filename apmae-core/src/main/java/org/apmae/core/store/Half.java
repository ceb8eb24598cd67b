package org.apmae.core.store;

/** IEEE 754 binary16, which Java 17 cannot convert itself. */
final class Half {
    /** The largest finite half. */
    static final float MAX = 65504f;

    private static final float[] FLOATS = new float[1 << 16];

    static {
        for (int bits = 0; bits < FLOATS.length; bits++) {
            FLOATS[bits] = toFloat((short) bits);
        }
    }

    private Half() {}

    /** Rounds to the nearest half, ties to even; what is too large becomes infinite. */
    static short of(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fff_ffff;
        if (magnitude > 0x7f80_0000) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude >= 0x4780_0000) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude >= 0x3880_0000) {
            // A carry out of the fraction runs on into the exponent, at the top of the range into infinity, as it
            // should. Half of the last place less one, and one more for odd numbers: ties go to even without a branch.
            int rebased = magnitude - 0x3800_0000;
            return (short) (sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13));
        }
        // Below 2^-14 a half is a multiple of 2^-24; shifts beyond 25 would round to zero anyway.
        int shift = Math.min(126 - (magnitude >>> 23), 31);
        return (short) (sign | roundedShift((magnitude & 0x7f_ffff) | 0x80_0000, shift));
    }

    static float toFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int magnitude = half & 0x7fff;
        if (magnitude >= 0x7c00) {
            return Float.intBitsToFloat(sign | 0x7f80_0000 | (magnitude << 13));
        }
        // The exponent is off by 112; multiplying mends it for subnormal halves as well, and exactly.
        return Float.intBitsToFloat(sign | Float.floatToRawIntBits(Float.intBitsToFloat(magnitude << 13) * 0x1p112f));
    }

    /** Converts many. A look-up in a table that fits into a core's cache takes less time than computing on JDK 17. */
    static void toFloats(short[] halves, float[] floats) {
        for (int i = 0; i < halves.length; i++) {
            floats[i] = FLOATS[halves[i] & 0xffff];
        }
    }

    private static int roundedShift(int value, int shift) {
        int kept = value >>> shift;
        int rest = value & ((1 << shift) - 1);
        int tie = 1 << (shift - 1);
        boolean up = rest > tie || (rest == tie && (kept & 1) == 1);
        return up ? kept + 1 : kept;
    }
}
