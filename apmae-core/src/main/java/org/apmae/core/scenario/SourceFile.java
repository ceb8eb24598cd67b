package org.apmae.core.scenario;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

/** One Java source file as text. Immutable and thread-safe; equal to another with the same corpus, path and text. */
public final class SourceFile implements Serializable {
    private static final long serialVersionUID = 1;

    private final String corpus;
    private final String path;
    private final String text;
    /** Found when first asked for and kept: every scenario's id needs it. Empty until then. */
    private volatile String sha256 = "";

    /**
     * Makes a file.
     *
     * @param corpus where the file comes from, for example the file name of a sources jar, or a data set and the project in it;
     *     the coarser group by which samples and splits can be made
     * @param path the path within the corpus, with {@code /} as separator; the group by which splits are made
     * @param text the content, unchanged: line breaks, tabs and escapes as they stand in the file
     * @throws NullPointerException if one of them is null
     */
    public SourceFile(String corpus, String path, String text) {
        this.corpus = Objects.requireNonNull(corpus, "corpus");
        this.path = Objects.requireNonNull(path, "path");
        this.text = Objects.requireNonNull(text, "text");
    }

    /**
     * Returns where the file comes from.
     *
     * @return the name of a corpus, or of a project in it
     */
    public String corpus() {
        return corpus;
    }

    /**
     * Returns the path within the corpus.
     *
     * @return with {@code /} as separator
     */
    public String path() {
        return path;
    }

    /**
     * Returns the content.
     *
     * @return line breaks, tabs and escapes as they stand in the file
     */
    public String text() {
        return text;
    }

    /**
     * Returns the SHA-256 of the text in UTF-8.
     *
     * @return 64 lower-case hexadecimal digits
     */
    public String sha256() {
        String known = sha256;
        if (known.isEmpty()) {
            known = sha256(text);
            sha256 = known;
        }
        return known;
    }

    static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime lacks SHA-256, which every Java runtime must have", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof SourceFile file
                        && path.equals(file.path)
                        && corpus.equals(file.corpus)
                        && text.equals(file.text));
    }

    @Override
    public int hashCode() {
        return Objects.hash(corpus, path, text);
    }

    @Override
    public String toString() {
        return "SourceFile[corpus=" + corpus + ", path=" + path + ", " + text.length() + " characters]";
    }
}
