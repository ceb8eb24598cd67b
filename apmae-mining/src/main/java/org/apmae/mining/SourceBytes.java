package org.apmae.mining;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads one file of a corpus within bounds and turns its bytes into text. */
final class SourceBytes {
    /** Largest file that is read, in bytes after decompression. */
    static final int MAX_BYTES = 8 * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(SourceBytes.class);

    private SourceBytes() {}

    /** Something that opens a stream. */
    interface Opener {
        InputStream open() throws IOException;
    }

    static Optional<SourceFile> read(String corpus, String path, Opener opener, Consumer<Rejection> rejections) {
        byte[] bytes;
        // The declared size of an archive entry may lie, so the bound is on what really comes out.
        try (InputStream in = opener.open()) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            rejections.accept(new Rejection(path, "unreadable", "reading failed: " + e));
            return Optional.empty();
        }
        if (bytes.length > MAX_BYTES) {
            rejections.accept(new Rejection(path, "too_large", "the file has more than " + MAX_BYTES + " bytes"));
            return Optional.empty();
        }
        return Optional.of(new SourceFile(corpus, path, decode(corpus, path, bytes)));
    }

    private static String decode(String corpus, String path, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            LOG.info("{} of {} is not valid UTF-8; its malformed bytes are replaced by U+FFFD", path, corpus);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
