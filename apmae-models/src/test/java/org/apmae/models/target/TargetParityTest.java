package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apmae.models.parity.ParityRow;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.target.parity.TargetParity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tolerances are those of the golden values' own README: reference noise in float32 with room above it. */
class TargetParityTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    private static void copy(String name, Path to) throws IOException {
        Path target = Files.createDirectories(to.resolve(name));
        try (Stream<Path> files = Files.list(GOLDEN.resolve(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
    }

    /** Changes one float32 number of a file by a little, leaving the file sound. */
    private static void nudge(Path file, String tensor, float by) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long begin;
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            assertThat(open.info(tensor).type()).isEqualTo("F32");
            begin = 8 + buffer.getLong(0) + open.info(tensor).begin();
        }
        buffer.putFloat((int) begin, buffer.getFloat((int) begin) + by);
        Files.write(file, bytes);
    }

    private static List<String> outside(List<ParityRow> rows) {
        List<String> names = new ArrayList<>();
        rows.stream().filter(row -> !row.within()).forEach(row -> names.add(row.quantity()));
        return names;
    }

    @ParameterizedTest
    @ValueSource(strings = {"starcoder2-tiny", "starcoder2-tiny-window", "gpt2-tiny", "llama-tiny", "qwen2-tiny"})
    void equalsHuggingFace(String name) {
        List<ParityRow> rows = TargetParity.run(GOLDEN.resolve(name));
        assertThat(rows)
                .extracting(ParityRow::quantity)
                .contains("logits", "logits arg-max", "attentions", "hidden_states");
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.within())
                        .as(
                                "%s: %s, tolerance %s, %s",
                                row.quantity(), row.largestDifference(), row.tolerance(), row.note())
                        .isTrue());
    }

    @Test
    void equalsHuggingFaceWithHeadsRemoved() {
        List<ParityRow> rows = TargetParity.run(GOLDEN.resolve("head-ablation"));
        assertThat(rows).hasSizeGreaterThan(10);
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.within())
                        .as(
                                "%s: %s, tolerance %s, %s",
                                row.quantity(), row.largestDifference(), row.tolerance(), row.note())
                        .isTrue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"logits", "attentions", "hidden_states"})
    void noticesOneWrongNumber(String tensor, @TempDir Path folder) throws IOException {
        copy("starcoder2-tiny", folder);
        nudge(folder.resolve("starcoder2-tiny/expected.safetensors"), tensor, 3e-4f);
        assertThat(outside(TargetParity.run(folder.resolve("starcoder2-tiny")))).contains(tensor);
    }

    @Test
    void noticesAWrongWeight(@TempDir Path folder) throws IOException {
        copy("starcoder2-tiny", folder);
        nudge(folder.resolve("starcoder2-tiny/model.safetensors"), "model.layers.1.self_attn.o_proj.bias", 0.1f);
        assertThat(outside(TargetParity.run(folder.resolve("starcoder2-tiny")))).contains("logits", "hidden_states");
    }

    @Test
    void noticesAWrongNumberUnderAblation(@TempDir Path folder) throws IOException {
        copy("starcoder2-tiny", folder);
        copy("head-ablation", folder);
        nudge(folder.resolve("head-ablation/expected.safetensors"), "logits.1", 3e-4f);
        assertThat(outside(TargetParity.run(folder.resolve("head-ablation")))).containsExactly("logits.1");
    }

    @Test
    void theModelOfAnAblationMustLieBesideIt(@TempDir Path folder) throws IOException {
        copy("head-ablation", folder);
        Path sets = folder.resolve("head-ablation/sets.json");
        assertThatThrownBy(() -> TargetParity.run(folder.resolve("head-ablation")))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("starcoder2-tiny");
        Files.writeString(sets, Files.readString(sets).replace("starcoder2-tiny", "../starcoder2-tiny"));
        assertThatThrownBy(() -> TargetParity.run(folder.resolve("head-ablation")))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("no folder beside");
    }

    @Test
    void knowsWhatItCanCompare(@TempDir Path empty) {
        assertThat(TargetParity.fits(GOLDEN.resolve("starcoder2-tiny"))).isTrue();
        assertThat(TargetParity.fits(GOLDEN.resolve("head-ablation"))).isTrue();
        assertThat(TargetParity.fits(empty)).isFalse();
        assertThat(FimParity.fits(GOLDEN.resolve("fim-windows.json"))).isTrue();
        assertThat(FimParity.fits(empty)).isFalse();
    }

    @Test
    void windowsEqualThePublishedOnes() {
        assertThat(FimParity.run(GOLDEN.resolve("fim-windows.json")))
                .allMatch(ParityRow::within)
                .extracting(ParityRow::quantity, ParityRow::note)
                .containsExactly(
                        tuple("model windows that differ", "337 cases"),
                        tuple("clustering windows that differ", "337 cases"));
    }

    @Test
    void noticesOneWrongWindow(@TempDir Path folder) throws IOException {
        JsonObject json = CheckpointFolder.readJson(GOLDEN.resolve("fim-windows.json"));
        for (JsonElement one : json.getAsJsonArray("cases")) {
            JsonObject expected = one.getAsJsonObject().getAsJsonObject("model");
            if (expected.has("ids")) {
                JsonArray ids = expected.getAsJsonArray("ids");
                ids.set(1, new JsonPrimitive(ids.get(1).getAsInt() + 1));
                break;
            }
        }
        Path changed = folder.resolve("fim.json");
        Files.writeString(changed, json.toString());
        assertThat(FimParity.run(changed))
                .extracting(ParityRow::within, ParityRow::largestDifference)
                .containsExactly(tuple(false, 1.0), tuple(true, 0.0));
    }
}
