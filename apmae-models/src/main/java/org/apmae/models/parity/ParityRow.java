package org.apmae.models.parity;

/**
 * One quantity compared with a reference.
 *
 * @param quantity what is compared
 * @param largestDifference the largest absolute difference, or the relative one where the note says so; infinite if the two
 *     have different shapes or ours is not finite
 * @param tolerance the largest difference that is allowed
 * @param within whether the difference is allowed
 * @param note where the largest difference is, with both values, or what was left out; may be empty
 */
public record ParityRow(String quantity, double largestDifference, double tolerance, boolean within, String note) {
    /**
     * Compares a difference with its tolerance. NaN is never within.
     *
     * @param quantity what is compared
     * @param largestDifference the difference
     * @param tolerance what is allowed
     * @param note more about it
     * @return the row
     */
    public static ParityRow of(String quantity, double largestDifference, double tolerance, String note) {
        return new ParityRow(quantity, largestDifference, tolerance, largestDifference <= tolerance, note);
    }
}
