package org.apmae.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apmae.core.scenario.CompletionTask;
import org.junit.jupiter.api.Test;

class PromptTest {
    private static Prompt prompt(int target, int... ids) {
        return new Prompt("s", CompletionTask.RANDOM, ids, target);
    }

    @Test
    void keepsItsOwnIds() {
        int[] ids = {1, 2, 3};
        Prompt prompt = prompt(4, ids);
        ids[0] = 9;
        prompt.ids()[1] = 9;
        assertThat(prompt.ids()).containsExactly(1, 2, 3);
        assertThat(prompt).isEqualTo(prompt(4, 1, 2, 3)).hasSameHashCodeAs(prompt(4, 1, 2, 3));
        assertThat(prompt).isNotEqualTo(prompt(5, 1, 2, 3)).isNotEqualTo(prompt(4, 1, 2));
    }

    @Test
    void refusesNoTokensAndNegativeOnes() {
        assertThatThrownBy(() -> prompt(1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> prompt(1, 0, -3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-3");
        assertThatThrownBy(() -> prompt(-7, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-7");
        assertThat(prompt(Prompt.NO_TARGET, 1).targetToken()).isEqualTo(-1);
    }
}
