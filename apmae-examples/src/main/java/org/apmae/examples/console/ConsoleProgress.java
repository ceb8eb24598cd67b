package org.apmae.examples.console;

import java.util.concurrent.atomic.AtomicBoolean;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.apmae.core.progress.Progress;

/** Draws a bar with rate and time left for every stage on standard error. Thread-safe. */
public final class ConsoleProgress implements Progress {
    private static final int REFRESH_MILLIS = 500;

    /** Makes a receiver; bars are drawn when stages start. */
    public ConsoleProgress() {}

    @Override
    public Stage start(String name, long total, String unit) {
        Progress.check(name, total, unit);
        return new Bar(new ProgressBarBuilder()
                .setTaskName(String.format("%-22s", name))
                .setInitialMax(total)
                .setUnit(" " + unit, 1)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(REFRESH_MILLIS)
                .setMaxRenderedLength(110)
                .showSpeed()
                .build());
    }

    private static final class Bar implements Stage {
        private final ProgressBar bar;
        private final AtomicBoolean closed = new AtomicBoolean();

        Bar(ProgressBar bar) {
            this.bar = bar;
        }

        @Override
        public void step(long units) {
            if (units < 0) {
                throw new IllegalArgumentException("units is " + units + "; it must be 0 or more");
            }
            if (closed.get()) {
                throw new IllegalStateException("this stage's progress is closed");
            }
            bar.stepBy(units);
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                bar.close();
            }
        }
    }
}
