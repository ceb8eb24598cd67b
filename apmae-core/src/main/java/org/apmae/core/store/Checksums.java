package org.apmae.core.store;

/**
 * CRC-32C of two stretches of bytes, one after the other, from the checksum of each, so that stretches can be read side by side.
 *
 * <p>A checksum is the remainder of the bytes, taken as a polynomial over the field of two elements, by Castagnoli's
 * polynomial P. Appending n bytes multiplies what stands before by x^(8 n); the inversions at the beginning and end of the
 * computation cancel out. The highest bit of an int is the coefficient of x^0.
 */
final class Checksums {
    private static final int POLYNOMIAL = 0x82F6_3B78;
    private static final int ONE = 1 << 31;
    /** x^(8 2^i) modulo P. */
    private static final int[] POWERS = new int[60];

    static {
        // x^8
        POWERS[0] = 1 << 23;
        for (int i = 1; i < POWERS.length; i++) {
            POWERS[i] = product(POWERS[i - 1], POWERS[i - 1]);
        }
    }

    private Checksums() {}

    /** Returns the checksum of first and second stretch, given the second's number of bytes. */
    static int joined(int first, int second, long secondBytes) {
        int shift = ONE;
        int power = 0;
        for (long left = secondBytes; left != 0; left >>>= 1) {
            if ((left & 1) != 0) {
                shift = product(shift, POWERS[power]);
            }
            power++;
        }
        return product(first, shift) ^ second;
    }

    /** a b modulo P, by Horner's rule from the highest power of a down. */
    private static int product(int a, int b) {
        int sum = 0;
        for (int bit = 0; bit < Integer.SIZE; bit++) {
            sum = (sum & 1) != 0 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
            if ((a >>> bit & 1) != 0) {
                sum ^= b;
            }
        }
        return sum;
    }
}
