package org.apmae.models.parity;

import java.util.Arrays;

/** Compares arrays with reference values, and says where they differ most. Stateless and thread-safe. */
public final class Difference {
    private final double largest;
    private final String note;

    private Difference(double largest, String note) {
        this.largest = largest;
        this.note = note;
    }

    /**
     * Compares two arrays. Elements for which the reference is NaN or infinite are left out and counted in the note; ours
     * must be finite everywhere.
     *
     * @param ours our values
     * @param reference the reference's values
     * @return the difference
     */
    public static Difference of(float[] ours, float[] reference) {
        if (ours.length != reference.length) {
            return new Difference(
                    Double.POSITIVE_INFINITY,
                    "ours has " + ours.length + " elements, the reference " + reference.length);
        }
        double largest = 0;
        int at = -1;
        int left = 0;
        for (int i = 0; i < ours.length; i++) {
            if (!Float.isFinite(ours[i])) {
                return new Difference(Double.POSITIVE_INFINITY, "ours is " + ours[i] + " at element " + i);
            }
            if (!Float.isFinite(reference[i])) {
                left++;
                continue;
            }
            double difference = Math.abs((double) ours[i] - reference[i]);
            if (difference > largest) {
                largest = difference;
                at = i;
            }
        }
        String where = at < 0 ? "equal" : "at element " + at + ": ours " + ours[at] + ", reference " + reference[at];
        String skipped = left == 0 ? "" : "; " + left + " elements left out where the reference is not finite";
        return new Difference(largest, where + skipped);
    }

    /**
     * Compares two arrays of integers.
     *
     * @param ours our values
     * @param reference the reference's values
     * @return the difference
     */
    public static Difference of(long[] ours, long[] reference) {
        if (ours.length != reference.length) {
            return new Difference(
                    Double.POSITIVE_INFINITY,
                    "ours has " + ours.length + " elements, the reference " + reference.length);
        }
        int at = Arrays.mismatch(ours, reference);
        double largest = 0;
        for (int i = 0; i < ours.length; i++) {
            largest = Math.max(largest, Math.abs((double) ours[i] - reference[i]));
        }
        return new Difference(
                largest,
                at < 0 ? "equal" : "first at element " + at + ": ours " + ours[at] + ", reference " + reference[at]);
    }

    /**
     * Compares two numbers by their difference as a share of the reference.
     *
     * @param ours our value
     * @param reference the reference's value, not 0
     * @return the relative difference; infinite if ours is not finite
     */
    public static Difference relative(double ours, double reference) {
        double difference = Math.abs(ours - reference) / Math.abs(reference);
        return new Difference(
                Double.isFinite(ours) ? difference : Double.POSITIVE_INFINITY,
                "relative; ours " + ours + ", reference " + reference);
    }

    /**
     * Returns the largest absolute (or relative) difference.
     *
     * @return 0 or more
     */
    public double largest() {
        return largest;
    }

    /**
     * Returns where it is.
     *
     * @return one phrase
     */
    public String note() {
        return note;
    }

    /**
     * Makes a row of this.
     *
     * @param quantity what was compared
     * @param tolerance what is allowed
     * @return the row
     */
    public ParityRow row(String quantity, double tolerance) {
        return ParityRow.of(quantity, largest, tolerance, note);
    }
}
