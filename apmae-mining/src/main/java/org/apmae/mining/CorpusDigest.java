package org.apmae.mining;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.apmae.core.scenario.SourceFile;

/** The identity of a corpus: SHA-256 over path and text of its files in their order. Not thread-safe. */
final class CorpusDigest {
    private final MessageDigest digest = Sha256.digest();

    void add(SourceFile file) {
        Sha256.addSized(digest, file.path().getBytes(StandardCharsets.UTF_8));
        Sha256.addSized(digest, file.text().getBytes(StandardCharsets.UTF_8));
    }

    /** Ends the digest; 64 lower-case hexadecimal digits. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
