package org.apmae.models.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The memory of this process. */
final class ProcessMemory {
    private ProcessMemory() {}

    /** Resident bytes where the system tells (Linux), else the bytes of the Java heap. */
    static long resident() {
        Path status = Path.of("/proc/self/status");
        try {
            List<String> lines = Files.exists(status) ? Files.readAllLines(status) : List.of();
            for (String line : lines) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
        } catch (IOException e) {
            return Runtime.getRuntime().totalMemory();
        }
        return Runtime.getRuntime().totalMemory();
    }
}
