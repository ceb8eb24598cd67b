package org.apmae.examples.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What this process holds in memory, mapped files included. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ResidentMemory() {}

    static long bytes() {
        try {
            return read("VmRSS:")
                    .orElseThrow(
                            () -> new IllegalStateException(STATUS + " has no line VmRSS; run the benchmark on Linux"));
        } catch (IOException e) {
            throw new UncheckedIOException("resident memory is read from " + STATUS + ", which only Linux has", e);
        }
    }

    /** The largest resident size so far; that of the heap where the system does not tell. */
    static long peak() {
        long heap = Runtime.getRuntime().totalMemory();
        try {
            return Files.isReadable(STATUS) ? read("VmHWM:").orElse(heap) : heap;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + STATUS, e);
        }
    }

    private static OptionalLong read(String key) throws IOException {
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith(key))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst();
    }
}
