package org.apmae.models.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionRecorder;
import org.apmae.core.model.AttentionRecorderContract;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class HookedRecorderTest extends AttentionRecorderContract {
    private static TargetModel model;

    @BeforeAll
    static void load() {
        model = TargetModels.load(Path.of("src/test/resources/golden/starcoder2-tiny"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Override
    protected AttentionRecorder recorder(int batchSize) {
        return new HookedRecorder(model, batchSize);
    }

    @Override
    protected int heldArrays() {
        try (NDManager manager = model.newManager()) {
            return manager.getParentManager().getManagedArrays().size();
        }
    }

    @Test
    void theModelOutlivesTheRecorder() {
        new HookedRecorder(model, 1).close();
        try (NDManager manager = model.newManager()) {
            assertThat(manager.isOpen()).isTrue();
        }
    }

    @Test
    void refusesABatchOfNothing() {
        assertThatThrownBy(() -> new HookedRecorder(model, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0");
    }

    @Test
    void saysThatTheModelIsClosed() {
        TargetModel own = TargetModels.load(Path.of("src/test/resources/golden/starcoder2-tiny-window"));
        try (HookedRecorder recorder = new HookedRecorder(own, 1)) {
            own.close();
            Prompt prompt = new Prompt("p", CompletionTask.RANDOM, new int[] {1, 2}, 3);
            assertThatThrownBy(() -> recorder.record(
                            Stream.of(prompt),
                            HeadSelection.of(List.of()),
                            AttentionSink.of(batch -> {}, verdicts -> {})))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }
}
