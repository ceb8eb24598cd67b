package org.apmae.models.predict;

import io.github.metarank.lightgbm4j.LGBMBooster;
import java.io.IOException;

/** Loads the native part of LightGBM, with one clear sentence where that fails. */
final class Native {
    private Native() {}

    static void load() {
        try {
            LGBMBooster.loadNative();
        } catch (IOException | LinkageError e) {
            throw failed(e);
        }
        if (!LGBMBooster.isNativeLoaded()) {
            throw failed(null);
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
