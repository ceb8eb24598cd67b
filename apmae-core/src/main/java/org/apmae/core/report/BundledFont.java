package org.apmae.core.report;

import java.awt.Font;
import java.awt.FontFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * DejaVu Sans from our own resources: pictures look the same everywhere, and do not need fonts on the machine.
 */
final class BundledFont {
    private static final String FONTCONFIG = "sun.awt.fontconfig";
    private static final Font FONT = load();

    private BundledFont() {}

    static Font size(float points) {
        return FONT.deriveFont(points);
    }

    private static Font load() {
        try {
            return read();
        } catch (RuntimeException | InternalError e) {
            // On Linux without any font, Java's font manager fails while it asks fontconfig. It can be made to start
            // from a
            // configuration file instead; one that names no font is enough, because ours is given as a file.
            return readWithoutFontconfig(e);
        }
    }

    private static Font readWithoutFontconfig(Throwable first) {
        String before = System.getProperty(FONTCONFIG);
        try {
            Path configuration = Files.createTempFile("apmae-fonts", ".properties");
            try {
                Files.writeString(configuration, "version=1\nsequence.allfonts=default\n");
                System.setProperty(FONTCONFIG, configuration.toString());
                return read();
            } finally {
                Files.deleteIfExists(configuration);
            }
        } catch (IOException | RuntimeException | InternalError e) {
            e.addSuppressed(first);
            throw new IllegalStateException(
                    "this Java runtime cannot draw text (" + e.getMessage()
                            + "); install its font libraries (Debian: libfontconfig1 and libfreetype6)",
                    e);
        } finally {
            if (before == null) {
                System.clearProperty(FONTCONFIG);
            } else {
                System.setProperty(FONTCONFIG, before);
            }
        }
    }

    private static Font read() {
        try (InputStream in = BundledFont.class.getResourceAsStream("DejaVuSans.ttf")) {
            if (in == null) {
                throw new IllegalStateException("the resource DejaVuSans.ttf is missing from apmae-core");
            }
            return Font.createFont(Font.TRUETYPE_FONT, in);
        } catch (IOException e) {
            throw new UncheckedIOException("the bundled font cannot be read", e);
        } catch (FontFormatException e) {
            throw new IllegalStateException("the bundled font DejaVuSans.ttf is damaged", e);
        }
    }
}
