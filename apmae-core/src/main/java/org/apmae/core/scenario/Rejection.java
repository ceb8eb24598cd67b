package org.apmae.core.scenario;

import java.io.Serializable;
import java.util.Objects;

/**
 * Something that was looked at and not used, with the reason.
 *
 * @param path the file
 * @param reason a short stable name, for example {@code does_not_parse} or {@code window_not_filled}; counted in reports
 * @param detail one sentence with the values, may be empty
 */
public record Rejection(String path, String reason, String detail) implements Serializable {
    /**
     * Checks the arguments.
     *
     * @throws NullPointerException if one of them is null
     */
    public Rejection {
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(detail, "detail");
    }
}
