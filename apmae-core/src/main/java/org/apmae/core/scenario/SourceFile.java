package org.apmae.core.scenario;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

/**
 * One Java source file as text.
 *
 * @param corpus where the file comes from, for example the file name of a sources jar
 * @param path the path within the corpus, with {@code /} as separator; the group by which splits are made
 * @param text the content, unchanged: line breaks, tabs and escapes as they stand in the file
 */
public record SourceFile(String corpus, String path, String text) {
    /**
     * Checks the arguments.
     *
     * @throws NullPointerException if one of them is null
     */
    public SourceFile {
        Objects.requireNonNull(corpus, "corpus");
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(text, "text");
    }

    /**
     * Returns the SHA-256 of the text in UTF-8.
     *
     * @return 64 lower-case hexadecimal digits
     */
    public String sha256() {
        return sha256(text);
    }

    static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime lacks SHA-256, which every Java runtime must have", e);
        }
    }
}
