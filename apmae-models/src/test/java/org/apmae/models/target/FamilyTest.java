package org.apmae.models.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apmae.core.model.ModelShape;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Defaults are those of transformers 4.47's configuration classes. */
class FamilyTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    Path folder;

    private Architecture read(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        return Family.of(folder);
    }

    @Test
    void llamaTakesTheDefaultsOfHuggingFace() throws IOException {
        Architecture found = read("{\"model_type\":\"llama\"}");
        assertThat(found.shape()).isEqualTo(new ModelShape(32, 32, 32, 128, 4096, 32000));
        assertThat(found.intermediate()).isEqualTo(11008);
        assertThat(found.epsilon()).isEqualTo(1e-6f);
        assertThat(found.activation()).isEqualTo(Activation.SILU);
        assertThat(found.ropeTheta()).isEqualTo(10000);
        assertThat(found.windows()).hasSize(32).containsOnly(0);
        assertThat(found.biases()).isEqualTo(Architecture.Biases.all(false));
        assertThat(found.tied()).isFalse();
    }

    @Test
    void mistralHasAWindowUnlessItSaysOtherwise() throws IOException {
        Architecture found = read("{\"model_type\":\"mistral\"}");
        assertThat(found.shape()).isEqualTo(new ModelShape(32, 32, 8, 128, 4096, 32000));
        assertThat(found.intermediate()).isEqualTo(14336);
        assertThat(found.windows()).hasSize(32).containsOnly(4096);
        assertThat(read("{\"model_type\":\"mistral\",\"sliding_window\":null}").windows())
                .containsOnly(0);
        assertThat(read("{\"model_type\":\"mistral\",\"num_key_value_heads\":null}")
                        .shape()
                        .keyValueHeads())
                .isEqualTo(32);
    }

    @Test
    void qwen2HasAWindowOnlyWhereItIsSwitchedOn() throws IOException {
        Architecture found = read("{\"model_type\":\"qwen2\",\"sliding_window\":8}");
        assertThat(found.shape()).isEqualTo(new ModelShape(32, 32, 32, 128, 4096, 151936));
        assertThat(found.intermediate()).isEqualTo(22016);
        assertThat(found.windows()).containsOnly(0);
        assertThat(found.biases()).isEqualTo(new Architecture.Biases(true, false, false));
        assertThat(found.tied()).isFalse();
        String on = "{\"model_type\":\"qwen2\",\"use_sliding_window\":true,\"num_hidden_layers\":2%s}";
        assertThat(read(on.formatted(",\"sliding_window\":8")).windows()).containsExactly(8, 8);
        assertThat(read(on.formatted("")).windows()).containsExactly(4096, 4096);
        assertThat(read(on.formatted(",\"layer_types\":[\"full_attention\",\"sliding_attention\"]"))
                        .windows())
                .containsExactly(0, 4096);
        assertThatThrownBy(() -> read(on.formatted(",\"layer_types\":[\"full_attention\"]")))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("layer_types");
        assertThatThrownBy(() -> read(on.formatted(",\"layer_types\":[\"chunked_attention\",\"full_attention\"]")))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("chunked_attention");
    }

    @Test
    void gpt2TakesTheDefaultsOfHuggingFace() throws IOException {
        Architecture found = read("{\"model_type\":\"gpt2\",\"n_inner\":null}");
        assertThat(found.shape()).isEqualTo(new ModelShape(12, 12, 12, 64, 768, 50257));
        assertThat(found.intermediate()).isEqualTo(3072);
        assertThat(found.positions()).isEqualTo(1024);
        assertThat(found.epsilon()).isEqualTo(1e-5f);
        assertThat(found.activation()).isEqualTo(Activation.GELU_TANH);
        assertThat(found.tied()).isTrue();
        assertThat(found.scoresByLayer()).isFalse();
    }

    @Test
    void theWidthOfAHeadMayBeItsOwn() throws IOException {
        String json =
                "{\"model_type\":\"llama\",\"hidden_size\":40,\"num_attention_heads\":3,\"num_key_value_heads\":1,"
                        + "\"head_dim\":16,\"attention_bias\":true,\"vocab_size\":9}";
        Architecture found = read(json);
        assertThat(found.shape()).isEqualTo(new ModelShape(32, 3, 1, 16, 40, 9));
        assertThat(found.parameters().get("model.layers.0.self_attn.o_proj.weight"))
                .containsExactly(40, 48);
        assertThat(found.parameters()).containsKeys("model.layers.0.self_attn.o_proj.bias", "lm_head.weight");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama-tiny | model_type | \"falcon\" | falcon",
                "llama-tiny | rope_scaling | {\"rope_type\":\"llama3\",\"factor\":8} | llama3",
                "llama-tiny | rope_scaling | {\"type\":\"yarn\"} | yarn",
                "llama-tiny | rope_scaling | 2 | rope_scaling",
                "llama-tiny | rope_parameters | {\"rope_type\":\"linear\",\"factor\":2} | linear",
                "llama-tiny | hidden_act | \"quick_gelu\" | quick_gelu",
                "llama-tiny | quantization_config | {\"quant_method\":\"gptq\"} | gptq",
                "llama-tiny | partial_rotary_factor | 0.5 | partial_rotary_factor",
                "llama-tiny | head_dim | 7 | even",
                "llama-tiny | head_dim | 1e9 | head_dim",
                "llama-tiny | num_hidden_layers | 0 | num_hidden_layers",
                "llama-tiny | rms_norm_eps | 0 | rms_norm_eps",
                "qwen2-tiny | num_key_value_heads | 4 | key-value heads",
                "gpt2-tiny | scale_attn_weights | false | scale_attn_weights",
                "gpt2-tiny | add_cross_attention | true | add_cross_attention",
                "gpt2-tiny | activation_function | \"tanh\" | tanh",
                "gpt2-tiny | n_head | 5 | n_head",
                "gpt2-tiny | n_positions | 0 | n_positions"
            })
    void refusesByName(String model, String key, String value, String part) throws IOException {
        Files.copy(GOLDEN.resolve(model).resolve("config.json"), folder.resolve("config.json"));
        JsonObject json = CheckpointFolder.readJson(folder.resolve("config.json"));
        json.add(key, JsonParser.parseString(value));
        assertThatThrownBy(() -> read(json.toString()))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(part)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void everyFamilyIsNamedWhereOneIsRefused() {
        assertThatThrownBy(() -> read("{\"model_type\":\"phi\"}"))
                .hasMessageContaining("gpt2, llama, mistral, qwen2, starcoder2");
    }
}
