package org.apmae.core.run;

/** Says that a stage has to run before what was asked for is possible. */
public class MissingStageException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final Stage missing;

    /**
     * Makes an exception.
     *
     * @param missing the stage to run first
     * @param message one sentence that names the command
     */
    public MissingStageException(Stage missing, String message) {
        super(message);
        this.missing = missing;
    }

    /**
     * Returns the stage to run first.
     *
     * @return the earliest one that is not whole
     */
    public Stage missing() {
        return missing;
    }
}
