package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apmae.models.parity.ParityRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers of the published code, see the README.md of each folder for how they were made. */
class ApMaeParityTest {
    @ParameterizedTest
    @ValueSource(strings = {"apmae-tiny", "apmae-tiny-samedim"})
    void agreesWithThePublishedCode(String name) {
        List<ParityRow> rows = ApMaeParity.run(Fixtures.golden(name));
        assertThat(rows)
                .extracting(ParityRow::quantity)
                .contains(
                        "scaled",
                        "encode.tokens",
                        "encode.cls",
                        "encode.mean",
                        "masked_indices",
                        "unmasked_indices",
                        "masked_patches",
                        "reference.pred_patches",
                        "reference.loss",
                        "reference.gradients",
                        "reference.train.losses",
                        "reference.after (all)",
                        "corrected.pred_patches",
                        "corrected.loss",
                        "corrected.gradients",
                        "corrected.train.losses",
                        "corrected.after (all)");
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.within()).as("%s", row).isTrue());
    }

    @Test
    void gradientsSurviveACollectionBeforeTheBackwardPass() {
        List<ParityRow> rows = ApMaeParity.run(Fixtures.golden("apmae-tiny"), () -> {
            for (int i = 0; i < 3; i++) {
                System.gc();
            }
        });
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.within()).as("%s", row).isTrue());
    }

    @Test
    void noticesAnotherConstantInTheNorms(@TempDir Path folder) throws IOException {
        try (var files = Files.list(Fixtures.golden("apmae-tiny"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName().toString()));
            }
        }
        Path config = folder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("1e-12", "1e-5"));
        assertThat(ApMaeParity.run(folder))
                .filteredOn(row -> !row.within())
                .extracting(ParityRow::quantity)
                .contains("encode.tokens", "corrected.pred_patches", "corrected.gradients")
                .doesNotContain("scaled", "masked_indices");
    }

    @Test
    void scalersAgreeWithThePublishedOnes() {
        Path folder = Fixtures.golden("scalers");
        assertThat(ScalerParity.fits(folder)).isTrue();
        assertThat(ApMaeParity.fits(folder)).isFalse();
        List<ParityRow> rows = ScalerParity.run(folder);
        assertThat(rows)
                .extracting(ParityRow::quantity)
                .contains("no_scaler", "log_scaler", "log_standardize_scaler", "log_normalize_scaler")
                .filteredOn(quantity -> quantity.endsWith(" nan_input"))
                .hasSize(4);
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.within()).as("%s", row).isTrue());
    }
}
