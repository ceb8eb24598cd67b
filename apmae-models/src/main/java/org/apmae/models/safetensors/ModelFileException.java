package org.apmae.models.safetensors;

/** A model file that is damaged, incomplete, or of a kind that is not supported. The message is one sentence with the cure. */
public class ModelFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message one sentence: the file, what is wrong, what is allowed, what to do
     */
    public ModelFileException(String message) {
        super(message);
    }

    /**
     * Makes an exception.
     *
     * @param message one sentence: the file, what is wrong, what is allowed, what to do
     * @param cause what was caught
     */
    public ModelFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
