package org.apmae.models.gallery;

/**
 * How much a gallery holds.
 *
 * @param members members shown of each cluster beside its medoid, 0 or more
 * @param noise patterns shown of those that belong to no cluster of a head, 0 or more
 * @param mostPatterns most patterns in all, 0 or more; medoids come first, then members, then noise
 * @param mostPoints most scenarios in a layout, 0 or more; of more, every so many-th is taken
 * @param mostLayouts most heads laid out, 0 or more; of more, every so many-th is taken
 */
public record GalleryOptions(int members, int noise, int mostPatterns, int mostPoints, int mostLayouts) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public GalleryOptions {
        if (members < 0 || noise < 0 || mostPatterns < 0 || mostPoints < 0 || mostLayouts < 0) {
            throw new IllegalArgumentException("members " + members + ", noise " + noise + ", mostPatterns "
                    + mostPatterns + ", mostPoints " + mostPoints + " and mostLayouts " + mostLayouts
                    + " must all be 0 or more");
        }
    }

    /**
     * Returns what fits into a report of ten megabytes: five members and two of noise, 600 patterns (33 kB each at 256 tokens),
     * 1,200 points, 64 layouts.
     *
     * @return the settings
     */
    public static GalleryOptions standard() {
        return new GalleryOptions(5, 2, 600, 1200, 64);
    }
}
