package org.apmae.core.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class StageTest {
    @Test
    void dependsOnEarlierStagesOnly() {
        for (Stage stage : Stage.values()) {
            assertThat(stage.allPredecessors()).allMatch(earlier -> earlier.compareTo(stage) < 0);
            assertThat(stage.predecessors().isEmpty()).isEqualTo(stage == Stage.MINE);
            assertThat(Stage.ofCommand(stage.command())).isEqualTo(stage);
        }
    }

    @Test
    void knowsWhatIsOutOfDateWhenItRunsAgain() {
        assertThat(Stage.TRAIN.dependents())
                .containsExactly(Stage.ENCODE, Stage.CLUSTER, Stage.PREDICT, Stage.SWEEP, Stage.REPORT);
        assertThat(Stage.REPORT.dependents()).isEmpty();
        assertThat(Stage.PREDICT.allPredecessors())
                .containsExactly(Stage.MINE, Stage.RECORD, Stage.TRAIN, Stage.ENCODE, Stage.CLUSTER);
    }

    @Test
    void namesTheStagesThatExist() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Stage.ofCommand("bake"))
                .withMessageContaining("'bake'")
                .withMessageContaining("mine, record");
    }
}
