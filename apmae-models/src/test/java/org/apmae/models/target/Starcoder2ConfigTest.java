package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Starcoder2ConfigTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/starcoder2-tiny");

    @TempDir
    Path folder;

    private Starcoder2Config read(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        return Starcoder2Config.read(folder);
    }

    @Test
    void takesTheDefaultsOfHuggingFace() throws IOException {
        Starcoder2Config config = read("{\"model_type\":\"starcoder2\"}");
        assertThat(config.shape().layers()).isEqualTo(30);
        assertThat(config.shape().heads()).isEqualTo(24);
        assertThat(config.shape().keyValueHeads()).isEqualTo(2);
        assertThat(config.shape().hidden()).isEqualTo(3072);
        assertThat(config.shape().vocabulary()).isEqualTo(49152);
        assertThat(config.intermediate()).isEqualTo(12288);
        assertThat(config.ropeTheta()).isEqualTo(10000);
        assertThat(config.slidingWindow()).isZero();
        assertThat(config.bias()).isTrue();
        assertThat(config.tiedEmbeddings()).isTrue();
    }

    @Test
    void whatItWritesItReads() throws IOException {
        Starcoder2Config config = Starcoder2Config.read(GOLDEN);
        assertThat(read(config.toJson().toString())).isEqualTo(config);
        assertThat(config.ropeTheta()).isEqualTo(999999.4420358813);
    }

    @Test
    void readsTheRotaryBaseWhereNewerVersionsWriteIt() throws IOException {
        String json = "{\"model_type\":\"starcoder2\",\"rope_parameters\":{\"rope_theta\":%s,\"rope_type\":\"%s\"}}";
        assertThat(read(json.formatted("123456.0", "default")).ropeTheta()).isEqualTo(123456);
        assertThatThrownBy(() -> read(json.formatted("123456.0", "yarn")))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("yarn");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hidden_size | 0",
                "hidden_size | -64",
                "hidden_size | 64.5",
                "hidden_size | 1e300",
                "hidden_size | \"many\"",
                "hidden_size | [64]",
                "hidden_size | 24",
                "num_hidden_layers | 2147483647",
                "num_hidden_layers | 0",
                "num_attention_heads | 7",
                "num_attention_heads | 64",
                "num_key_value_heads | 3",
                "num_key_value_heads | 16",
                "vocab_size | 99999999999",
                "intermediate_size | -1",
                "sliding_window | 0",
                "norm_epsilon | 0",
                "norm_epsilon | -1e-5",
                "norm_epsilon | NaN",
                "rope_theta | 0",
                "rope_theta | Infinity",
                "use_bias | \"yes\"",
                "use_bias | 1",
                "tie_word_embeddings | {}",
                "model_type | \"llama\"",
                "model_type | null",
                "model_type | {}",
                "hidden_act | \"relu\"",
                "rope_scaling | {\"type\":\"linear\",\"factor\":2}"
            })
    void refusesABadValue(String key, String value) throws IOException {
        Files.copy(GOLDEN.resolve("config.json"), folder.resolve("config.json"));
        JsonObject json = CheckpointFolder.readJson(folder.resolve("config.json"));
        json.add(key, JsonParser.parseString(value));
        assertThatThrownBy(() -> read(json.toString()))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("config.json")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    private void copyModel() throws IOException {
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(GOLDEN.resolve(name), folder.resolve(name));
        }
    }

    private void loadFails(String part) {
        assertThatThrownBy(() -> TargetModels.load(folder).close())
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining(part)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors"})
    void aMissingFileIsNamed(String name) throws IOException {
        copyModel();
        Files.delete(folder.resolve(name));
        loadFails(name);
    }

    @Test
    void aTruncatedFileIsNamed() throws IOException {
        copyModel();
        byte[] bytes = Files.readAllBytes(folder.resolve("model.safetensors"));
        Files.write(folder.resolve("model.safetensors"), Arrays.copyOf(bytes, bytes.length - 100));
        loadFails("cut off");
    }

    @ParameterizedTest
    @CsvSource({
        "intermediate_size,128,mlp.c_fc",
        "vocab_size,513,embed_tokens",
        "num_hidden_layers,4,model.layers.3",
        "num_key_value_heads,4,k_proj"
    })
    void aMisshapenTensorIsNamed(String key, int value, String tensor) throws IOException {
        copyModel();
        JsonObject json = CheckpointFolder.readJson(folder.resolve("config.json"));
        json.addProperty(key, value);
        Files.writeString(folder.resolve("config.json"), json.toString());
        loadFails(tensor);
    }

    @Test
    void aModelWithoutTokenizerRunsButKnowsNoText() throws IOException {
        copyModel();
        try (TargetModel model = TargetModels.load(folder)) {
            assertThatThrownBy(model::tokenizer)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("tokenizer.json");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"model\":{}}",
                "{\"added_tokens\":[1],\"model\":{\"vocab\":{}}}",
                "{\"added_tokens\":[{\"id\":1}],\"model\":{\"vocab\":{}}}",
                "{\"model\":[]}",
                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":\"b\"},\"merges\":[]}}"
            })
    void aDamagedTokenizerIsNamed(String json) throws IOException {
        copyModel();
        Files.writeString(folder.resolve("tokenizer.json"), json);
        loadFails("tokenizer.json");
    }

    @Test
    void equalWeightsHaveOneDigest() throws IOException {
        copyModel();
        try (TargetModel one = TargetModels.load(folder);
                TargetModel two = TargetModels.load(GOLDEN);
                TargetModel other = TargetModels.load(GOLDEN.resolveSibling("starcoder2-tiny-window"))) {
            assertThat(one.weightsSha256())
                    .isEqualTo(two.weightsSha256())
                    .matches("[0-9a-f]{64}")
                    .isNotEqualTo(other.weightsSha256());
        }
    }
}
