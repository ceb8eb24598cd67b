package org.apmae.core.progress;

class SilentProgressTest extends ProgressContract {
    @Override
    protected Progress progress() {
        return Progress.silent();
    }
}
