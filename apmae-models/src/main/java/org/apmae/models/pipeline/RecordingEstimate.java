package org.apmae.models.pipeline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What a recording will take, from a few measured scenarios. Immutable and thread-safe.
 *
 * @param scenarios scenarios still to be recorded
 * @param heads heads of each; 0 where predictions alone are recorded
 * @param seconds expected time
 * @param memoryBytes expected memory of the process, native memory included
 * @param diskBytes expected bytes on the disk
 */
public record RecordingEstimate(long scenarios, int heads, double seconds, long memoryBytes, long diskBytes) {
    /** Room left for what else is written to the disk meanwhile. */
    private static final long SPARE = 16L << 20;

    /**
     * Makes sure that the disk has room for it.
     *
     * @param folder where the recording goes; it, or a folder above it, exists
     * @throws IllegalStateException if there is too little; the message names both sizes
     * @throws UncheckedIOException if the system does not say
     */
    public void requireRoom(Path folder) {
        Path existing = folder.toAbsolutePath();
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        long free;
        try {
            free = Files.getFileStore(existing).getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException("the free space of " + existing + " is not known: " + e.getMessage(), e);
        }
        requireRoom(folder, free);
    }

    void requireRoom(Path folder, long free) {
        if (free < diskBytes + SPARE) {
            throw new IllegalStateException(String.format(
                    Locale.ROOT,
                    "recording %,d scenarios needs %s on the disk, but that of %s has %s free; make room, keep fewer"
                            + " patterns, or choose another folder",
                    scenarios,
                    size(diskBytes + SPARE),
                    folder,
                    size(free)));
        }
    }

    private static String size(long bytes) {
        return bytes < 100_000_000
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }

    private static String time(double seconds) {
        if (seconds < 90) {
            return Math.round(seconds) + " s";
        }
        return seconds < 5400
                ? Math.round(seconds / 60) + " min"
                : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }

    /** Says it for people: "3,000 scenarios x 48 heads: 4 min, 0.9 GB of memory, 0.3 GB on the disk". */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d scenarios%s: %s, %s of memory, %s on the disk",
                scenarios,
                heads == 0 ? "" : " x " + heads + " heads",
                time(seconds),
                size(memoryBytes),
                size(diskBytes));
    }
}
