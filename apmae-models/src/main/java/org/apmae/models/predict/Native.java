package org.apmae.models.predict;

import io.github.metarank.lightgbm4j.LGBMBooster;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Loads the native part of LightGBM, with one clear sentence where that fails. */
final class Native {
    private static final String TEMPORARY = "java.io.tmpdir";

    private static boolean loaded;

    private Native() {}

    /**
     * Loads the library once. lightgbm4j unpacks it to a fixed name in the temporary folder and overwrites what is there, which
     * kills other programs that run on that file, and would run whatever somebody else put there meanwhile. So the temporary
     * folder is a fresh one of our own while it loads.
     */
    static synchronized void load() {
        if (loaded) {
            return;
        }
        String before = System.getProperty(TEMPORARY);
        try {
            Path folder = Files.createTempDirectory("apmae-lightgbm");
            try {
                System.setProperty(TEMPORARY, folder.toString());
                LGBMBooster.loadNative();
            } finally {
                System.setProperty(TEMPORARY, before);
                delete(folder);
            }
        } catch (IOException | LinkageError e) {
            throw failed(e);
        }
        if (!LGBMBooster.isNativeLoaded()) {
            throw failed(null);
        }
        loaded = true;
    }

    /** A loaded library stays usable without its file; where the system forbids deleting it, that happens at the end. */
    private static void delete(Path folder) {
        File[] files = folder.toFile().listFiles();
        folder.toFile().deleteOnExit();
        if (files != null) {
            for (File file : files) {
                if (!file.delete()) {
                    file.deleteOnExit();
                }
            }
        }
    }

    private static IllegalStateException failed(Throwable cause) {
        return new IllegalStateException(
                "LightGBM's native library cannot be loaded on " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")
                        + "; install the OpenMP library (libgomp1 on Debian and Ubuntu, libomp on macOS)"
                        + (cause == null ? "" : ": " + cause.getMessage()),
                cause);
    }
}
