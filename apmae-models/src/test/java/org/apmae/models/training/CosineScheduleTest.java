package org.apmae.models.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CosineScheduleTest {
    /** As torch's CosineAnnealingWarmRestarts gives them for T_0 = 5 (metadata.json of the golden set apmae-tiny). */
    private static final double[] TORCH = {
        0.001,
        0.0009045084971874737,
        0.0006545084971874737,
        0.00034549150281252633,
        9.549150281252633e-05,
        0.001,
        0.0009045084971874737
    };

    @Test
    void fallsAlongACosineAndStartsAgain() {
        CosineSchedule schedule = new CosineSchedule(1e-3, 0, 5);
        for (int step = 0; step < TORCH.length; step++) {
            assertThat(schedule.at(step)).as("step %d", step).isCloseTo(TORCH[step], within(1e-15));
        }
    }

    @Test
    void risesLinearlyFirst() {
        CosineSchedule schedule = new CosineSchedule(2, 4, 10);
        assertThat(schedule.at(0)).isEqualTo(0.5);
        assertThat(schedule.at(3)).isEqualTo(2);
        assertThat(schedule.at(4)).isEqualTo(2);
        assertThat(schedule.at(9)).isCloseTo(1, within(1e-12));
    }

    @Test
    void refusesWhatIsNotPossible() {
        assertThatThrownBy(() -> new CosineSchedule(0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(1, -1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(1, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(1, 0, 1).at(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}
