package org.apmae.mining;

/** Why a file gives no scenario; caught inside the miner and turned into a rejection. */
final class UnusableSource extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    UnusableSource(String reason, String detail) {
        super(detail, null, false, false);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }

    String detail() {
        return String.valueOf(getMessage());
    }
}
