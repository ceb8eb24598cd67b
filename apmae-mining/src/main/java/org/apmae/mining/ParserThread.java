package org.apmae.mining;

/** A thread with a stack for deeply nested sources; the parser is recursive and would exhaust a usual one. */
final class ParserThread extends Thread {
    /** Address space only: pages of the stack that are not used take no memory. */
    private static final long STACK_BYTES = 512L << 20;

    ParserThread(Runnable work) {
        super(null, work, "apmae-parser", STACK_BYTES);
        setDaemon(true);
    }
}
