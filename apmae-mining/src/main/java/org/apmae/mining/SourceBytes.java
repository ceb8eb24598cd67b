package org.apmae.mining;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
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
        } catch (IOException | RuntimeException e) {
            rejections.accept(new Rejection(path, "unreadable", "reading failed: " + e));
            return Optional.empty();
        }
        return file(corpus, path, bytes, rejections);
    }

    /** Makes a file of its bytes, of which one more than allowed is enough to see that it is too large. */
    static Optional<SourceFile> file(String corpus, String path, byte[] bytes, Consumer<Rejection> rejections) {
        if (bytes.length > MAX_BYTES) {
            rejections.accept(new Rejection(path, "too_large", "the file has more than " + MAX_BYTES + " bytes"));
            return Optional.empty();
        }
        return Optional.of(new SourceFile(corpus, path, decode(corpus, path, bytes)));
    }

    /**
     * UTF-8 where the bytes are; UTF-16 after its byte-order mark; else windows-1252 where nothing in the file looks like
     * UTF-8; else UTF-8 with replacements. The byte-order mark stays in the text.
     */
    private static String decode(String corpus, String path, byte[] bytes) {
        if (startsWith(bytes, 0xfe, 0xff) && bytes.length % 2 == 0) {
            return strictly(StandardCharsets.UTF_16BE, bytes).orElseGet(() -> replaced(corpus, path, bytes));
        }
        if (startsWith(bytes, 0xff, 0xfe) && bytes.length % 2 == 0) {
            return strictly(StandardCharsets.UTF_16LE, bytes).orElseGet(() -> replaced(corpus, path, bytes));
        }
        return strictly(StandardCharsets.UTF_8, bytes).orElseGet(() -> {
            if (!hasUtf8Sequence(bytes)) {
                Optional<String> western = strictly(Charset.forName("windows-1252"), bytes);
                if (western.isPresent()) {
                    LOG.info("{} of {} is not valid UTF-8; it is read as windows-1252", path, corpus);
                    return western.get();
                }
            }
            return replaced(corpus, path, bytes);
        });
    }

    private static boolean startsWith(byte[] bytes, int first, int second) {
        return bytes.length >= 2 && (bytes[0] & 0xff) == first && (bytes[1] & 0xff) == second;
    }

    private static Optional<String> strictly(Charset charset, byte[] bytes) {
        try {
            return Optional.of(charset.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /** Looks for a lead byte with its first continuation byte, which Western European text has almost never. */
    private static boolean hasUtf8Sequence(byte[] bytes) {
        for (int i = 1; i < bytes.length; i++) {
            int lead = bytes[i - 1] & 0xff;
            if (lead >= 0xc2 && lead <= 0xf4 && (bytes[i] & 0xc0) == 0x80) {
                return true;
            }
        }
        return false;
    }

    private static String replaced(String corpus, String path, byte[] bytes) {
        LOG.info("{} of {} is not valid UTF-8; its malformed bytes are replaced by U+FFFD", path, corpus);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
