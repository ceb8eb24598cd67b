package org.apmae.core.run;

/** IEEE 754 binary16, which Java 17 cannot convert itself. */
final class Half {
    /** The largest finite half. */
    static final float MAX = 65504f;

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
            // should.
            return (short) (sign | roundedShift(magnitude - 0x3800_0000, 13));
        }
        // Below 2^-14 a half is a multiple of 2^-24; shifts beyond 25 would round to zero anyway.
        int shift = Math.min(126 - (magnitude >>> 23), 31);
        return (short) (sign | roundedShift((magnitude & 0x7f_ffff) | 0x80_0000, shift));
    }

    static float toFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >>> 10) & 0x1f;
        int fraction = half & 0x3ff;
        if (exponent == 0) {
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int wide = exponent == 0x1f ? 0x7f80_0000 : (exponent + 112) << 23;
        return Float.intBitsToFloat(sign | wide | (fraction << 13));
    }

    private static int roundedShift(int value, int shift) {
        int kept = value >>> shift;
        int rest = value & ((1 << shift) - 1);
        int tie = 1 << (shift - 1);
        boolean up = rest > tie || (rest == tie && (kept & 1) == 1);
        return up ? kept + 1 : kept;
    }
}
