package org.apmae.core.progress;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

/** What every {@link Progress} must do. */
public abstract class ProgressContract {
    /** Makes the implementation under test. */
    protected abstract Progress progress();

    @Test
    void acceptsStepsUpToAndBeyondTheTotal() {
        assertThatCode(() -> {
                    try (Progress.Stage stage = progress().start("recording", 3, "scenarios")) {
                        stage.step(1);
                        stage.step(0);
                        stage.step(2);
                        stage.step(5);
                    }
                })
                .doesNotThrowAnyException();
    }

    @Test
    void acceptsAnUnknownTotalAndNestedStages() {
        assertThatCode(() -> {
                    Progress progress = progress();
                    try (Progress.Stage outer = progress.start("all", -1, "files");
                            Progress.Stage inner = progress.start("part", 0, "heads")) {
                        inner.step(1);
                        outer.step(1);
                    }
                })
                .doesNotThrowAnyException();
    }

    @Test
    void refusesNegativeNumbers() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> progress().start("x", -2, "files").close())
                .withMessageContaining("-2");
        try (Progress.Stage stage = progress().start("x", 1, "files")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> stage.step(-1))
                    .withMessageContaining("-1");
        }
    }

    @Test
    void closesOnceAndRefusesStepsAfterwards() {
        Progress.Stage stage = progress().start("x", 1, "files");
        stage.close();
        stage.close();
        assertThatIllegalStateException().isThrownBy(() -> stage.step(1)).withMessageContaining("closed");
    }
}
