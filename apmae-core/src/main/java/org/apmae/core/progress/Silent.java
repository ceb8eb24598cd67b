package org.apmae.core.progress;

import java.util.concurrent.atomic.AtomicBoolean;

/** Does nothing, but keeps the contract, so that a caller's mistake shows also where nobody looks at the progress. */
final class Silent implements Progress {
    static final Progress PROGRESS = new Silent();

    private Silent() {}

    @Override
    public Stage start(String name, long total, String unit) {
        Progress.check(name, total, unit);
        return new SilentStage();
    }

    private static final class SilentStage implements Stage {
        private final AtomicBoolean closed = new AtomicBoolean();

        @Override
        public void step(long units) {
            if (units < 0) {
                throw new IllegalArgumentException("units is " + units + "; progress only goes forward");
            }
            if (closed.get()) {
                throw new IllegalStateException("this stage of the progress is closed; start another one");
            }
        }

        @Override
        public void close() {
            closed.set(true);
        }
    }
}
