package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.models.safetensors.ModelFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApMaeConfigTest {
    @Test
    void takesAPublishedConfigForReference() {
        ApMaeConfig config = ApMaeConfig.read(Fixtures.golden("apmae-tiny"));
        assertThat(config.decoderMode()).isEqualTo(DecoderMode.REFERENCE);
        assertThat(config.encodingMode()).isEqualTo(EncodingMode.REFERENCE);
        assertThat(config.scaler()).isEqualTo(AttentionScaler.LOG_NORMALIZE);
        assertThat(config.grid()).isEqualTo(new PatchGrid(64, 16));
        assertThat(config.encoder()).isEqualTo(new ApMaeConfig.Stack(32, 3, 4, 12, 48));
        assertThat(config.decoder()).isEqualTo(new ApMaeConfig.Stack(24, 2, 3, 8, 40));
        assertThat(config.layerNormEps()).isEqualTo(1e-12);
        assertThat(config.qkvBias()).isFalse();
    }

    @Test
    void keepsKeysItDoesNotKnow(@TempDir Path folder) throws IOException {
        Path golden = Fixtures.golden("apmae-tiny");
        ApMaeConfig.read(golden).withDecoderMode(DecoderMode.CORRECTED).write(folder);
        JsonObject written = JsonParser.parseString(Files.readString(folder.resolve("config.json")))
                .getAsJsonObject();
        JsonObject original = JsonParser.parseString(Files.readString(golden.resolve("config.json")))
                .getAsJsonObject();
        assertThat(written.remove("decoder_mode").getAsString()).isEqualTo("corrected");
        assertThat(written).isEqualTo(original);
        assertThat(Files.readString(folder.resolve("config.json"))).contains("\"visualize_norm\": null", "1e-12");
    }

    @Test
    void newOnesAreCorrectedAndReadBackEqual(@TempDir Path folder) {
        ApMaeConfig config = ApMaeConfig.laptop().withMaskRatio(0.25).withScaler(AttentionScaler.LOG);
        assertThat(config.decoderMode()).isEqualTo(DecoderMode.CORRECTED);
        assertThat(config.encodingMode()).isEqualTo(EncodingMode.LOWER_TRIANGLE);
        config.write(folder);
        assertThat(ApMaeConfig.read(folder)).isEqualTo(config).hasSameHashCodeAs(config);
        assertThat(ApMaeConfig.read(folder).maskRatio()).isEqualTo(0.25);
    }

    @Test
    void anAffineInputIsNamedAndThePublishedOneIsNot(@TempDir Path folder) {
        ApMaeConfig published = Fixtures.tiny();
        ApMaeConfig affine = published.withPatchInput(ApMaeConfig.PatchInput.AFFINE);
        assertThat(published.patchInput()).isEqualTo(ApMaeConfig.PatchInput.LAYER_NORM);
        assertThat(published.json().has("patch_input")).isFalse();
        assertThat(affine.json().get("patch_input").getAsString()).isEqualTo("affine");
        assertThat(affine.withPatchInput(ApMaeConfig.PatchInput.LAYER_NORM)).isEqualTo(published);
        affine.write(folder);
        assertThat(ApMaeConfig.read(folder)).isEqualTo(affine);
        // Two tensors of one element: in the published code, which expects P P of them, the shapes do not fit.
        assertThat(ParameterLayout.of(affine, name -> false)
                        .get("encoder.patches_to_embedding.0.weight")
                        .size())
                .isEqualTo(1);
    }

    @Test
    void paperSizeHas127MillionParameters() {
        assertThat(ParameterLayout.of(ApMaeConfig.paper(), name -> false).size())
                .isBetween(126_500_000, 127_500_000);
    }

    @Test
    void saysWhatIsWrong(@TempDir Path folder) throws IOException {
        JsonObject json = Fixtures.tiny().json();
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "decoder_mode", "\"wrong\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("decoder_mode")
                .hasMessageContaining("corrected");
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "patch_input", "\"raw\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("patch_input")
                .hasMessageContaining("affine");
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "encoder_dim", "1.5")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("encoder_dim");
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "encoder_dim", "0")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "patch_size", "7")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("7");
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "mask_ratio", "1")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "hidden_act", "\"relu\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("relu");
        assertThatThrownBy(() -> new ApMaeConfig(changed(json, "max_length", "[]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("max_length");
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"bert\"}");
        assertThatThrownBy(() -> ApMaeConfig.read(folder))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("bert");
    }

    private static JsonObject changed(JsonObject json, String key, String value) {
        JsonObject copy = json.deepCopy();
        copy.add(key, JsonParser.parseString(value));
        return copy;
    }
}
