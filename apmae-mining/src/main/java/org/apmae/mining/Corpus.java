package org.apmae.mining;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/**
 * A set of Java source files that can be read again and again, always in the same order.
 *
 * <p>Implementations are immutable and thread-safe; each stream is for one thread at a time. {@link Corpora#open} makes
 * one of a folder, an archive or a data set.
 */
public interface Corpus {
    /**
     * Returns the name of the whole, part of every scenario's id. It is the {@link SourceFile#corpus()} of the files, alone or
     * with their project behind it; where the corpus is made of several, that of each.
     *
     * @return for example the file name of the sources jar
     */
    String name();

    /**
     * Reads the files one after another, always in the same order: sorted by their path in UTF-16 order from folders, jars and
     * zips, in the order of the file from tar files and data sets. Nothing is read before the stream asks.
     *
     * @param rejections hears of every file that is left out and why ({@code too_large}, {@code symbolic_link},
     *     {@code leaves_archive}, {@code duplicate_entry}, {@code archive_bomb}, {@code malformed_row},
     *     {@code exact_duplicates_stackv2}, {@code near_duplicates_stackv2}, {@code unreadable}), on the thread that uses the stream
     * @return the files; close the stream after use, since it may hold an open archive
     * @throws java.io.UncheckedIOException if the folder or archive as a whole can no longer be read
     */
    Stream<SourceFile> files(Consumer<Rejection> rejections);

    /**
     * Reads the files as {@link #files(Consumer)} does, for callers that do not count what is left out.
     *
     * @return the files; close the stream after use
     * @throws java.io.UncheckedIOException if the folder or archive as a whole can no longer be read
     */
    default Stream<SourceFile> files() {
        return files(rejection -> {});
    }

    /**
     * Computes the identity of the corpus for manifests: SHA-256 over path and text of all files in their order. The
     * name of the corpus, file times and compression do not count. Reads the whole corpus at each call.
     *
     * @return 64 lower-case hexadecimal digits
     * @throws java.io.UncheckedIOException if the corpus cannot be read
     */
    default String sha256() {
        CorpusDigest digest = new CorpusDigest();
        try (Stream<SourceFile> files = files()) {
            files.forEachOrdered(digest::add);
        }
        return digest.hex();
    }
}
