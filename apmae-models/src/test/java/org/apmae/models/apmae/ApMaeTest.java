package org.apmae.models.apmae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApMaeTest {
    private final NDManager manager = NativeRuntime.newManager(Device.cpu());

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void isSavedAndLoadedBitForBit(@TempDir Path folder) throws IOException {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            model.save(first);
            try (ApMae loaded = ApMae.load(first)) {
                assertThat(loaded.flat().toFloatArray()).isEqualTo(model.flat().toFloatArray());
                assertThat(loaded.config()).isEqualTo(model.config());
                loaded.save(second);
            }
        }
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            assertThat(first.resolve(name)).hasSameBinaryContentAs(second.resolve(name));
        }
        try (var files = Files.list(first)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void writesThePublishedLayout(@TempDir Path folder) {
        for (String name : new String[] {"apmae-tiny", "apmae-tiny-samedim"}) {
            Path golden = Fixtures.golden(name);
            Path copy = folder.resolve(name);
            try (ApMae model = ApMae.load(golden)) {
                model.save(copy);
            }
            try (SafetensorsFile ours = SafetensorsFile.open(copy.resolve("model.safetensors"));
                    SafetensorsFile theirs = SafetensorsFile.open(golden.resolve("model.safetensors"))) {
                assertThat(ours.names()).containsExactlyInAnyOrderElementsOf(theirs.names());
                for (String tensor : theirs.names()) {
                    assertThat(ours.info(tensor).shape())
                            .isEqualTo(theirs.info(tensor).shape());
                    assertThat(ours.info(tensor).type())
                            .isEqualTo(theirs.info(tensor).type());
                    assertThat(ours.floats(tensor)).isEqualTo(theirs.floats(tensor));
                }
            }
        }
    }

    @Test
    void sameSeedSameWeights() {
        try (ApMae one = ApMae.init(Fixtures.tiny(), 3);
                ApMae same = ApMae.init(Fixtures.tiny(), 3);
                ApMae other = ApMae.init(Fixtures.tiny(), 4)) {
            assertThat(one.flat().toFloatArray())
                    .isEqualTo(same.flat().toFloatArray())
                    .isNotEqualTo(other.flat().toFloatArray());
            assertThat(one.parameterCount()).isEqualTo(one.flat().size());
        }
    }

    @Test
    void saysWhichTensorDoesNotFit(@TempDir Path folder) throws IOException {
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            model.save(folder);
        }
        Path weights = folder.resolve("model.safetensors");
        SafetensorsWriter missing = new SafetensorsWriter(SafetensorsWriter.Precision.F32);
        SafetensorsWriter misshaped = new SafetensorsWriter(SafetensorsWriter.Precision.F32);
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            for (String name : file.names()) {
                long[] shape = file.info(name).shape().stream()
                        .mapToLong(Long::longValue)
                        .toArray();
                if (name.equals("encoder.cls_token")) {
                    misshaped.add(name, new long[] {24}, file.floats(name));
                } else {
                    missing.add(name, shape, file.floats(name));
                    misshaped.add(name, shape, file.floats(name));
                }
            }
        }
        missing.write(weights);
        assertThatThrownBy(() -> ApMae.load(folder))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("encoder.cls_token");
        misshaped.write(weights);
        assertThatThrownBy(() -> ApMae.load(folder))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("encoder.cls_token")
                .hasMessageContaining("24");
        Files.delete(weights);
        assertThatThrownBy(() -> ApMae.load(folder)).isInstanceOf(ModelFileException.class);
    }

    @Test
    void clsOfTheEncoderIsTheFirstTokenAndTheMeanLeavesOutTheUpperTriangle() {
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            NDArray patterns = Fixtures.patterns(manager, model.config().grid(), 1, 1);
            int width = model.config().encoder().dim();
            for (EncodingMode mode : EncodingMode.values()) {
                NDArray tokens = model.encodeTokens(manager, patterns, mode);
                assertThat(tokens.getShape().get(1)).isEqualTo(mode == EncodingMode.REFERENCE ? 17 : 11);
                float[] all = tokens.toFloatArray();
                float[] mean = model.encodeMean(manager, patterns, mode).toFloatArray();
                int[] kept = mode == EncodingMode.REFERENCE
                        ? new int[] {0, 1, 5, 6, 9, 10, 11, 13, 14, 15, 16}
                        : new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
                try (ApMaeEncoder encoder = model.encoder(mode)) {
                    float[] cls = encoder.encode(manager, patterns).toFloatArray();
                    for (int i = 0; i < width; i++) {
                        assertThat(cls[i]).isCloseTo(all[i], within(1e-5f));
                        double sum = 0;
                        for (int token : kept) {
                            sum += all[token * width + i];
                        }
                        assertThat(mean[i]).isCloseTo((float) (sum / 11), within(1e-5f));
                    }
                }
            }
        }
    }

    @Test
    void lowerTriangleEncodingIsThatOfAllPatchesVisible() {
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3);
                ApMaeEncoder encoder = model.encoder()) {
            PatchGrid grid = model.config().grid();
            NDArray patterns = Fixtures.patterns(manager, grid, 1, 1).get("0:1");
            int[] all = grid.lowerTriangle();
            // A mask needs a masked patch: one that lies above the diagonal takes nothing away.
            PatchMask mask = new PatchMask(new int[][] {{3}}, new int[][] {all});
            assertThat(encoder.encodeVisible(manager, patterns, mask).toFloatArray())
                    .isEqualTo(model.encodeTokens(manager, patterns, EncodingMode.LOWER_TRIANGLE)
                            .toFloatArray());
        }
    }

    @Test
    void referenceTakesAtLeastAsManyMaskedPatchesAsVisible() {
        try (ApMae model = ApMae.init(Fixtures.tiny().withDecoderMode(DecoderMode.REFERENCE), 3);
                var decoder = model.decoder();
                ApMaeEncoder encoder = model.encoder()) {
            PatchGrid grid = model.config().grid();
            NDArray patterns = Fixtures.patterns(manager, grid, 1, 1);
            PatchMask many = PatchMask.draw(grid, 0.75, 4, new Random(1));
            assertThat(many.masked()[0]).hasSize(7);
            NDArray tokens = encoder.encodeVisible(manager, patterns, many);
            // Mask tokens lie on the visible positions, so that of all tokens only cls counts.
            NDArray onlyCls = tokens.duplicate();
            onlyCls.set(new NDIndex(":, 1:"), 5);
            assertThat(decoder.reconstruct(manager, onlyCls, many).toFloatArray())
                    .isEqualTo(decoder.reconstruct(manager, tokens, many).toFloatArray())
                    .hasSize(4 * 7 * 64);
            assertThat(Gradients.compute(model, manager, patterns, many, DecoderMode.REFERENCE, 1, () -> {})
                            .loss())
                    .isCloseTo(model.loss(patterns, many), within(1e-6));
            PatchMask few = PatchMask.draw(grid, 0.25, 4, new Random(1));
            NDArray more = encoder.encodeVisible(manager, patterns, few);
            assertThatThrownBy(() -> decoder.reconstruct(manager, more, few))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2")
                    .hasMessageContaining("8")
                    .hasMessageContaining("CORRECTED");
        }
    }

    @Test
    void fastEncodersAgreeWithThePlainOne() {
        for (String name : new String[] {"apmae-tiny", "apmae-tiny-samedim"}) {
            try (SafetensorsFile expected =
                            SafetensorsFile.open(Fixtures.golden(name).resolve("expected.safetensors"));
                    ApMae model = ApMae.load(Fixtures.golden(name))) {
                NDArray scaled = expected.load(manager, "scaled");
                int before = model.manager().getManagedArrays().size();
                for (EncodingMode mode : EncodingMode.values()) {
                    float[] plain;
                    try (ApMaeEncoder encoder = model.encoder(mode)) {
                        plain = encoder.encode(manager, scaled).toFloatArray();
                    }
                    try (ApMaeEncoder fast = model.fastEncoder(mode, ApMae.Precision.F32)) {
                        assertThat(fast.encode(manager, scaled).toFloatArray()).containsExactly(plain, within(1e-5f));
                    }
                    ApMaeEncoder half = model.fastEncoder(mode, ApMae.Precision.BF16);
                    float[] rough = half.encode(manager, scaled).toFloatArray();
                    half.close();
                    assertThat(rough).isNotEqualTo(plain);
                    int width = model.config().encoder().dim();
                    for (int start = 0; start < plain.length; start += width) {
                        double ab = 0;
                        double aa = 0;
                        double bb = 0;
                        for (int i = start; i < start + width; i++) {
                            ab += (double) plain[i] * rough[i];
                            aa += (double) plain[i] * plain[i];
                            bb += (double) rough[i] * rough[i];
                        }
                        assertThat(ab / Math.sqrt(aa * bb))
                                .as("%s %s pattern %d", name, mode, start / width)
                                .isGreaterThan(0.999);
                    }
                    assertThatThrownBy(() -> half.encode(manager, scaled))
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("closed");
                }
                assertThat(model.manager().getManagedArrays()).hasSize(before);
            }
        }
    }

    private static final double CLOSE = 3e-5;

    private void requireSameEncodings(ApMae model, NDArray scaled) {
        for (EncodingMode mode : EncodingMode.values()) {
            try (ApMaeEncoder plain = model.encoder(mode);
                    ApMaeEncoder fast = model.fastEncoder(mode, ApMae.Precision.F32)) {
                assertThat(fast.encode(manager, scaled).toFloatArray())
                        .as("%s, %s", model.config().grid(), mode)
                        .containsExactly(plain.encode(manager, scaled).toFloatArray(), within((float) CLOSE));
            }
        }
    }

    @Test
    void fastEncodersAgreeOnOtherGridsAndPaddedPatterns() {
        int[][] grids = {{48, 16}, {40, 8}, {96, 12}, {256, 32}, {8, 8}};
        for (int[] sizes : grids) {
            PatchGrid grid = new PatchGrid(sizes[0], sizes[1]);
            for (ApMaeConfig.PatchInput input : ApMaeConfig.PatchInput.values()) {
                ApMaeConfig.Stack stack = new ApMaeConfig.Stack(24, 2, 3, 8, 40);
                if (grid.patches() == 1) {
                    assertThatThrownBy(() -> ApMaeConfig.of(grid, stack, stack))
                            .isInstanceOf(IllegalArgumentException.class);
                    continue;
                }
                try (ApMae model = ApMae.init(ApMaeConfig.of(grid, stack, stack).withPatchInput(input), 5)) {
                    NDArray patterns = Fixtures.patterns(manager, grid, 1, 3);
                    requireSameEncodings(model, patterns);
                    // Padding as a recorder leaves it: from some token on no query looks anywhere, and no key is looked
                    // at.
                    NDArray padded = patterns.duplicate();
                    int length = sizes[0] * 2 / 3;
                    padded.set(new NDIndex(":, :, " + length + ":"), 0);
                    padded.set(new NDIndex(":, :, :, " + length + ":"), 0);
                    requireSameEncodings(model, padded);
                    requireSameEncodings(model, patterns.get("0:1"));
                }
            }
        }
    }

    @Test
    void aFastEncoderOfThePapersSizeAgreesWithThePlainOne() {
        try (ApMae model = ApMae.init(ApMaeConfig.paper(), 1)) {
            requireSameEncodings(
                    model,
                    Fixtures.patterns(manager, model.config().grid(), 1, 1).get("0:2"));
        }
    }

    @Test
    void onlyAnAffineInputSeesTheLevelOfAPatch() {
        for (ApMaeConfig.PatchInput input : ApMaeConfig.PatchInput.values()) {
            try (ApMae model = ApMae.init(Fixtures.tiny().withPatchInput(input), 3);
                    ApMaeEncoder encoder = model.encoder(EncodingMode.LOWER_TRIANGLE)) {
                NDArray patterns = Fixtures.patterns(manager, model.config().grid(), 1, 1);
                NDArray raised = patterns.duplicate();
                NDIndex patch = new NDIndex(":, :, 16:24, 0:8");
                raised.set(patch, patterns.get(patch).add(manager.create(0.1f)));
                float[] before = encoder.encode(manager, patterns).toFloatArray();
                float[] after = encoder.encode(manager, raised).toFloatArray();
                double largest = 0;
                for (int i = 0; i < before.length; i++) {
                    largest = Math.max(largest, Math.abs(before[i] - after[i]));
                }
                if (input == ApMaeConfig.PatchInput.AFFINE) {
                    assertThat(largest).isGreaterThan(1e-3);
                } else {
                    assertThat(largest).isLessThan(1e-4);
                }
            }
        }
    }

    @Test
    void gradientsAgreeWithDifferencesOfTheLoss() {
        for (ApMaeConfig.PatchInput input : ApMaeConfig.PatchInput.values()) {
            ApMaeConfig config = Fixtures.tiny().withPatchInput(input).withMaskRatio(0.3);
            PatchMask mask = PatchMask.draw(config.grid(), 0.3, 4, new Random(1));
            assertThat(mask.masked()[0].length).isNotEqualTo(mask.visible()[0].length);
            try (ApMae model = ApMae.init(config, 3)) {
                NDArray patterns = Fixtures.patterns(manager, config.grid(), 1, 1);
                float[] gradient = Gradients.compute(
                                model, manager, patterns, mask, DecoderMode.CORRECTED, 1, System::gc)
                        .gradient()
                        .toFloatArray();
                double norm = 0;
                for (float one : gradient) {
                    norm += (double) one * one;
                }
                norm = Math.sqrt(norm);
                float step = 2e-3f;
                float[] along = new float[gradient.length];
                for (int i = 0; i < along.length; i++) {
                    along[i] = (float) (gradient[i] / norm * step);
                }
                NDArray change = manager.create(along);
                model.flat().addi(change);
                double up = model.loss(patterns, mask);
                model.flat().subi(change);
                model.flat().subi(change);
                double down = model.loss(patterns, mask);
                assertThat((up - down) / (2 * step)).as("%s", input).isCloseTo(norm, within(0.01 * norm));
            }
        }
    }

    @Test
    void aCopyingStartFollowsTheRowsOfVisiblePatches() {
        aCopyingStartFollowsTheRows(ApMaeConfig.laptop());
        aCopyingStartFollowsTheRows(ApMaeConfig.laptop().withPatchInput(ApMaeConfig.PatchInput.AFFINE));
        aCopyingStartFollowsTheRows(ApMaeConfig.laptop(new PatchGrid(256, 32), 192));
    }

    private void aCopyingStartFollowsTheRows(ApMaeConfig config) {
        // Row 6 of the grid: patch 49 is visible, and so is one of every other row; of the masked, 48 comes first.
        int[] visible = {0, 8, 17, 25, 34, 42, 49, 58};
        int[] masked = IntStream.concat(
                        IntStream.of(48), Arrays.stream(config.grid().lowerTriangle()))
                .filter(patch -> Arrays.binarySearch(visible, patch) < 0)
                .distinct()
                .toArray();
        PatchMask mask = new PatchMask(new int[][] {masked}, new int[][] {visible});
        double copied = 0;
        double guessed = 0;
        int patterns = 4;
        try (ApMae copying = ApMae.initCopying(config, 3, Device.cpu());
                ApMae random0 = ApMae.init(config, 3)) {
            for (int n = 0; n < patterns; n++) {
                float[] pixels = rowLevels(n);
                NDArray pattern =
                        manager.create(FloatBuffer.wrap(pixels), new ai.djl.ndarray.types.Shape(1, 1, 256, 256));
                copied += rowCorrelation(copying, pattern, pixels, mask) / patterns;
                guessed += rowCorrelation(random0, pattern, pixels, mask) / patterns;
            }
        }
        assertThat(copied).isGreaterThan(0.5).isGreaterThan(guessed + 0.4);
        assertThatThrownBy(() -> ApMae.initCopying(Fixtures.tiny(), 3, Device.cpu()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("width of at least 25");
    }

    private static float[] rowLevels(long seed) {
        float[] pixels = new float[256 * 256];
        Random random = new Random(seed);
        for (int row = 0; row < 256; row++) {
            float level = random.nextFloat();
            for (int column = 0; column <= row; column++) {
                pixels[row * 256 + column] = level + 0.01f * random.nextFloat();
            }
        }
        return pixels;
    }

    private double rowCorrelation(ApMae model, NDArray pattern, float[] pixels, PatchMask mask) {
        float[] predicted = model.predict(manager, pattern, mask).toFloatArray();
        double[] a = new double[32];
        double[] b = new double[32];
        for (int row = 0; row < 32; row++) {
            for (int column = 0; column < 32; column++) {
                a[row] += predicted[row * 32 + column] / 32;
                b[row] += pixels[(192 + row) * 256 + column] / 32;
            }
        }
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int row = 0; row < 32; row++) {
            ab += (a[row] - meanA) * (b[row] - meanB);
            aa += (a[row] - meanA) * (a[row] - meanA);
            bb += (b[row] - meanB) * (b[row] - meanB);
        }
        return ab / Math.sqrt(aa * bb);
    }

    @Test
    void reconstructionPutsPatchesWhereTheyBelong() {
        try (ApMae model = ApMae.init(Fixtures.tiny(), 3)) {
            PatchGrid grid = model.config().grid();
            float[] pixels = Fixtures.patterns(manager, grid, 1, 1).get("0:1").toFloatArray();
            PatchMask mask = PatchMask.draw(grid, 0.5, 1, new Random(1));
            Reconstruction picture = model.reconstruct(pixels, mask);
            NDArray pattern = manager.create(FloatBuffer.wrap(pixels), new ai.djl.ndarray.types.Shape(1, 1, 32, 32));
            assertThat(picture.loss()).isCloseTo(model.loss(pattern, mask), within(1e-6));
            boolean[] masked = new boolean[grid.patches()];
            for (int patch : picture.masked()) {
                masked[patch] = true;
            }
            for (int y = 0; y < 32; y++) {
                for (int x = 0; x < 32; x++) {
                    boolean hidden = masked[y / 8 * 4 + x / 8];
                    float original = picture.original()[y][x];
                    assertThat(original).isEqualTo(pixels[y * 32 + x]);
                    assertThat(picture.visible()[y][x]).isEqualTo(hidden ? 0 : original);
                    assertThat(picture.combined()[y][x]).isEqualTo(hidden ? picture.predicted()[y][x] : original);
                }
            }
            assertThatThrownBy(() -> model.reconstruct(new float[5], mask))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("5");
        }
    }

    @Test
    void oneHeadAsWideAsTheNetworkHasNoOutputProjection() {
        ApMaeConfig config = ApMaeConfig.of(
                new PatchGrid(32, 8), new ApMaeConfig.Stack(16, 1, 1, 16, 32), new ApMaeConfig.Stack(16, 1, 1, 16, 32));
        try (ApMae model = ApMae.init(config, 3)) {
            assertThat(model.layout().parameters())
                    .extracting(Parameter::name)
                    .noneMatch(name -> name.contains("to_out"));
            PatchMask mask = PatchMask.draw(config.grid(), 0.5, 4, new Random(1));
            assertThat(model.loss(Fixtures.patterns(manager, config.grid(), 1, 1), mask))
                    .isPositive();
        }
    }

    @Test
    void refusesEverythingOnceClosed(@TempDir Path folder) {
        ApMae model = ApMae.init(Fixtures.tiny(), 3);
        ApMaeEncoder encoder = model.encoder();
        NDArray patterns = Fixtures.patterns(manager, model.config().grid(), 1, 1);
        model.close();
        model.close();
        assertThatThrownBy(() -> encoder.encode(manager, patterns)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> model.save(folder)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(model::decoder).isInstanceOf(IllegalStateException.class);
    }
}
