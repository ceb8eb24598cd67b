package org.apmae.core.run;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Says that a run folder, or a file in it, is not what it should be: missing, damaged, of another version, or in use. */
public class RunFolderException extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message one sentence for the user: what is wrong, where, and what to do
     */
    public RunFolderException(String message) {
        super(message, new IOException(message));
    }

    /**
     * Makes an exception.
     *
     * @param message one sentence for the user: what is wrong, where, and what to do
     * @param cause what was caught
     */
    public RunFolderException(String message, IOException cause) {
        super(message, cause);
    }
}
