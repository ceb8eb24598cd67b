package org.apmae.core.run;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What the manifest says about one whole stage. Immutable and thread-safe.
 *
 * @param stage the stage
 * @param files its files, sorted by name
 * @param provenance what it was made from and with
 */
public record StageEntry(Stage stage, List<StageEntry.Item> files, Provenance provenance) {
    /** Copies the list. */
    public StageEntry {
        Objects.requireNonNull(stage, "stage");
        Objects.requireNonNull(provenance, "provenance");
        files = List.copyOf(files);
    }

    /**
     * Finds a file by its name.
     *
     * @param name path within the run folder, with {@code /} as separator
     * @return the file, or empty if the stage has none of that name
     */
    public Optional<Item> file(String name) {
        return files.stream().filter(item -> item.name().equals(name)).findFirst();
    }

    /**
     * One file of a stage.
     *
     * @param name path within the run folder, with {@code /} as separator
     * @param size length in bytes
     * @param sha256 64 lower-case hexadecimal digits
     */
    public record Item(String name, long size, String sha256) {
        private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

        /**
         * Checks the arguments.
         *
         * @throws IllegalArgumentException if the name may not stand in a run folder, the size is negative or the hash has
         *     another form
         */
        public Item {
            FileNames.check(name);
            if (size < 0 || !SHA256.matcher(sha256).matches()) {
                throw new IllegalArgumentException("the entry of " + name + " has size " + size + " and SHA-256 '"
                        + sha256 + "'; a size is 0 or more and a hash has 64 lower-case hexadecimal digits");
            }
        }
    }
}
