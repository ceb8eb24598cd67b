package org.apmae.models.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apmae.models.safetensors.SafetensorsWriter.Precision;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointFolderTest {
    @TempDir
    Path folder;

    private Path index;

    @BeforeEach
    void shards() {
        index = folder.resolve("model.safetensors.index.json");
        new SafetensorsWriter(Precision.F32)
                .add("a", new long[] {1}, new float[] {1})
                .write(folder.resolve("one.safetensors"));
        new SafetensorsWriter(Precision.BF16)
                .add("b", new long[] {1}, new float[] {2})
                .write(folder.resolve("two.safetensors"));
    }

    private void refused(String json, String part) throws IOException {
        Files.writeString(index, json);
        assertThatThrownBy(() -> CheckpointFolder.open(folder).close())
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining(part)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void readsShards() throws IOException {
        Files.writeString(index, "{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
        try (CheckpointFolder weights = CheckpointFolder.open(folder)) {
            assertThat(weights.names()).containsExactlyInAnyOrder("a", "b");
            assertThat(weights.floats("a")).containsExactly(1);
            assertThat(weights.floats("b")).containsExactly(2);
            assertThatThrownBy(() -> weights.floats("c"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("'c'");
            assertThatThrownBy(() -> weights.names().clear()).isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", ".", "", "a\\\\b"})
    void aShardStaysInItsFolder(String shard) throws IOException {
        refused("{\"weight_map\":{\"a\":\"" + shard + "\"}}", "plain file name");
    }

    @Test
    void refusesABadIndex() throws IOException {
        refused("{\"weight_map\":{\"a\":\"three.safetensors\"}}", "three.safetensors");
        refused("{\"weight_map\":{\"b\":\"one.safetensors\"}}", "lacks the tensor 'b'");
        refused("{\"weight_map\":{\"a\":3.5e1}}", "3.5e1");
        refused("{\"weight_map\":{\"a\":null}}", "weight_map");
        refused("{\"weight_map\":{\"a\":{}}}", "weight_map");
        refused("{\"weight_map\":[]}", "weight_map");
        refused("{}", "weight_map");
        refused("[]", "JSON object");
        refused("{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"two.safetensors\"}}", "not valid JSON");
        refused("{\"weight_map\":{},\"weight_map\":{}}", "not valid JSON");
        refused("{'weight_map':{}}", "not valid JSON");
        refused("{\"weight_map\":", "not valid JSON");
        refused("", "JSON");
        refused("[".repeat(200_000), "not valid JSON");
        Files.write(index, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        assertThatThrownBy(() -> CheckpointFolder.open(folder).close())
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("not valid JSON");
    }

    @Test
    void aFolderWithoutWeightsSaysWhatIsMissing(@TempDir Path empty) {
        for (Path path : new Path[] {empty, empty.resolve("none")}) {
            assertThatThrownBy(() -> CheckpointFolder.open(path).close())
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("model.safetensors");
        }
    }
}
