package org.apmae.models.apmae;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apmae.core.pattern.ApMaeDecoder;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.SafetensorsWriter;

/**
 * One attention-pattern masked autoencoder: encoder and decoder with their weights. Thread-safe for encoding and
 * reconstruction until closed; {@link ApMaeTrainer} changes the weights, so nothing else may run meanwhile.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on AP-MAE</a>
 */
public final class ApMae implements AutoCloseable {
    private static final List<String> EMBEDDED_FILES = List.of("config.json", "model.safetensors");

    /** In what type the products of a fast encoder are computed. */
    public enum Precision {
        /** 32-bit floating point. */
        F32,
        /**
         * Brain floating point of 16 bits in products and attention, float32 elsewhere: fast where the processor has
         * instructions for it, and encodings within about one percent.
         */
        BF16
    }

    private final ApMaeConfig config;
    private final ParameterLayout layout;
    private final NDManager manager;
    private final NDArray flat;
    private final AtomicBoolean closed = new AtomicBoolean();

    private ApMae(ApMaeConfig config, ParameterLayout layout, NDManager manager, NDArray flat) {
        this.config = config;
        this.layout = layout;
        this.manager = manager;
        this.flat = flat;
    }

    /**
     * Makes an untrained autoencoder: position embeddings normal(0, 1), cls token zeros, weights of linear layers Xavier
     * uniform, their biases 0.01, the mask token normal(0, 0.02).
     *
     * @param config its sizes
     * @param seed the same seed gives the same weights
     * @return the autoencoder, on the CPU
     */
    public static ApMae init(ApMaeConfig config, long seed) {
        return init(config, seed, Device.cpu());
    }

    /**
     * Makes an untrained autoencoder on a device.
     *
     * @param config its sizes
     * @param seed the same seed gives the same weights
     * @param device where weights live and patterns are expected
     * @return the autoencoder
     */
    public static ApMae init(ApMaeConfig config, long seed, Device device) {
        ParameterLayout layout = ParameterLayout.of(config, name -> false);
        return of(config, layout, layout.initial(seed), device);
    }

    /**
     * Makes an untrained autoencoder that already copies row and column means of visible patches to masked ones: on two cores
     * it gets within minutes where a start at random does not get in hours. Same tensors, same forward pass, not the paper's
     * start.
     *
     * @param config its sizes; both stacks at least 2 P + 2 G + 1 wide, with two heads at least as wide as P and G + 1
     * @param seed the same seed gives the same weights
     * @param device where weights live and patterns are expected
     * @return the autoencoder
     * @throws IllegalArgumentException if a stack is too narrow
     */
    public static ApMae initCopying(ApMaeConfig config, long seed, Device device) {
        ParameterLayout layout = ParameterLayout.of(config, name -> false);
        float[] values = layout.initial(seed);
        CopyingStart.apply(config, layout, values, seed);
        return of(config, layout, values, device);
    }

    private static ApMae of(ApMaeConfig config, ParameterLayout layout, float[] values, Device device) {
        NDManager manager = manager(device);
        try {
            return new ApMae(config, layout, manager, layout.flat(manager, values));
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    /**
     * Loads the autoencoder that ships with this library, trained on patterns of
     * {@link org.apmae.models.target.TargetModels#embedded()}.
     *
     * @param device where weights live and patterns are expected
     * @return the autoencoder, for patterns of 256 tokens
     */
    public static ApMae embedded(Device device) {
        return CheckpointFolder.unpacked(ApMae.class, "embedded", EMBEDDED_FILES, folder -> load(folder, device));
    }

    /**
     * Loads an autoencoder to the CPU.
     *
     * @param folder a Hugging Face checkpoint folder: config.json and model.safetensors
     * @return the autoencoder
     * @throws ModelFileException if a file is missing, damaged, or does not fit the other
     * @throws UncheckedIOException if a file cannot be read
     */
    public static ApMae load(Path folder) {
        return load(folder, Device.cpu());
    }

    /**
     * Loads an autoencoder to a device.
     *
     * @param folder a Hugging Face checkpoint folder: config.json and model.safetensors
     * @param device where weights live and patterns are expected
     * @return the autoencoder
     * @throws ModelFileException if a file is missing, damaged, or does not fit the other
     * @throws UncheckedIOException if a file cannot be read
     */
    public static ApMae load(Path folder, Device device) {
        ApMaeConfig config = ApMaeConfig.read(folder);
        try (CheckpointFolder weights = CheckpointFolder.open(folder)) {
            ParameterLayout layout = ParameterLayout.of(config, weights.names()::contains);
            NDManager manager = manager(device);
            try (NDManager scratch = manager.newSubManager()) {
                NDList parts = new NDList();
                for (Parameter parameter : layout.parameters()) {
                    parts.add(weights.load(
                                    scratch, parameter.name(), parameter.shape().getShape())
                            .reshape(-1));
                }
                NDArray flat = NDArrays.concat(parts, 0);
                flat.attach(manager);
                return new ApMae(config, layout, manager, flat);
            } catch (RuntimeException | Error e) {
                manager.close();
                throw e;
            }
        }
    }

    private static NDManager manager(Device device) {
        NDManager manager = NativeRuntime.engine().newBaseManager(device);
        manager.setName("ap-mae");
        return manager;
    }

    /**
     * Writes config.json and model.safetensors as the published code does. The same weights give the same bytes.
     *
     * @param folder made if it does not exist; files of these names are replaced
     * @throws UncheckedIOException if it cannot be written
     * @throws IllegalStateException if this is closed
     */
    public void save(Path folder) {
        requireOpen("this AP-MAE");
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make the folder " + folder + ": " + e.getMessage(), e);
        }
        float[] values = flat.toFloatArray();
        SafetensorsWriter writer = new SafetensorsWriter(SafetensorsWriter.Precision.F32);
        for (Parameter parameter : layout.parameters()) {
            writer.add(
                    parameter.name(),
                    parameter.shape().getShape(),
                    Arrays.copyOfRange(values, parameter.offset(), parameter.offset() + parameter.size()));
        }
        writer.write(folder.resolve("model.safetensors"));
        config.write(folder);
    }

    /**
     * Returns sizes and settings.
     *
     * @return the config
     */
    public ApMaeConfig config() {
        return config;
    }

    /**
     * Returns where the weights are.
     *
     * @return the device; patterns must be there too
     */
    public Device device() {
        return manager.getDevice();
    }

    /**
     * Returns the number of parameters.
     *
     * @return all elements of all tensors
     */
    public long parameterCount() {
        return layout.size();
    }

    ParameterLayout layout() {
        return layout;
    }

    NDArray flat() {
        return flat;
    }

    NDManager manager() {
        return manager;
    }

    /**
     * Returns the encoder, in the mode of the config.
     *
     * @return a handle on these weights: closing it makes the handle unusable, the weights stay until this is closed
     */
    public ApMaeEncoder encoder() {
        return encoder(config.encodingMode());
    }

    /**
     * Returns the encoder.
     *
     * @param mode which tokens {@link ApMaeEncoder#encode} runs through the encoder
     * @return a handle on these weights: closing it makes the handle unusable, the weights stay until this is closed
     */
    public ApMaeEncoder encoder(EncodingMode mode) {
        requireOpen("this AP-MAE");
        return new Encoder(mode, null);
    }

    /**
     * Returns an encoder for many patterns: each batch is one native call. Weights are taken now; later training does not
     * change them.
     *
     * @param mode which tokens {@link ApMaeEncoder#encode} runs through the encoder
     * @param precision type of the products
     * @return the encoder; close it to release its copy of the weights. It ends with this at the latest
     * @throws IllegalStateException if this is closed
     */
    public ApMaeEncoder fastEncoder(EncodingMode mode, Precision precision) {
        requireOpen("this AP-MAE");
        try (Scope session = Scope.inference(manager)) {
            NDManager scope = session.manager();
            NDArray positions = Ops.rows(
                    TokenPlan.positions(scope, new int[][] {chosen(mode)}).squeeze(0), positionTable(scope));
            return new Encoder(mode, new FusedEncoder(this, chosen(mode), positions, precision));
        }
    }

    /**
     * Returns the decoder, in the mode of the config.
     *
     * @return a handle on these weights: closing it makes the handle unusable, the weights stay until this is closed
     */
    public ApMaeDecoder decoder() {
        return decoder(config.decoderMode());
    }

    /**
     * Returns the decoder.
     *
     * @param mode where mask tokens go
     * @return a handle on these weights: closing it makes the handle unusable, the weights stay until this is closed
     */
    public ApMaeDecoder decoder(DecoderMode mode) {
        requireOpen("this AP-MAE");
        return new Decoder(mode);
    }

    /**
     * Encodes whole patterns and keeps all tokens.
     *
     * @param owner owner of the result
     * @param scaled shape (N, 1, S, S), float32; borrowed
     * @param mode which tokens go through the encoder
     * @return shape (N, 1 + G G, F) for {@link EncodingMode#REFERENCE}, (N, 1 + T, F) for
     *     {@link EncodingMode#LOWER_TRIANGLE}: the cls token, then the patches by ascending index
     * @throws IllegalArgumentException if the patterns have another size or type
     * @throws IllegalStateException if this is closed
     */
    public NDArray encodeTokens(NDManager owner, NDArray scaled, EncodingMode mode) {
        requireOpen("this AP-MAE");
        return encodeWhole(owner, scaled, mode, false);
    }

    /**
     * Encodes whole patterns to the mean over the cls token and the tokens on or below the diagonal.
     *
     * @param owner owner of the result
     * @param scaled shape (N, 1, S, S), float32; borrowed
     * @param mode which tokens go through the encoder
     * @return shape (N, F), float32
     * @throws IllegalArgumentException if the patterns have another size or type
     * @throws IllegalStateException if this is closed
     */
    public NDArray encodeMean(NDManager owner, NDArray scaled, EncodingMode mode) {
        requireOpen("this AP-MAE");
        try (Scope session = Scope.inference(owner)) {
            NDManager scope = session.manager();
            NDArray tokens = encodeWhole(scope, scaled, mode, false);
            if (mode == EncodingMode.REFERENCE) {
                int count = (int) tokens.getShape().get(0);
                int[] triangle = config.grid().lowerTriangle();
                // The cls token stands right before patch 0.
                int[] wanted = new int[1 + triangle.length];
                wanted[0] = -1;
                System.arraycopy(triangle, 0, wanted, 1, triangle.length);
                NDArray rows = TokenPlan.tokens(scope, config.grid(), TokenPlan.repeat(wanted, count));
                tokens = Ops.rows(rows, tokens.reshape(-1, config.encoder().dim()));
            }
            NDArray mean = tokens.mean(new int[] {1});
            mean.attach(owner);
            return mean;
        }
    }

    private NDArray encodeWhole(NDManager owner, NDArray scaled, EncodingMode mode, boolean onlyCls) {
        int count = requirePatterns(scaled);
        try (Scope session = Scope.inference(owner)) {
            NDManager scope = session.manager();
            NDArray positions = TokenPlan.positions(scope, new int[][] {chosen(mode)});
            NDArray tokens = network(scope).encode(wholePatches(scope, scaled, mode, count), positions, onlyCls);
            tokens.attach(owner);
            return tokens;
        }
    }

    private int[] chosen(EncodingMode mode) {
        return mode == EncodingMode.REFERENCE
                ? IntStream.range(0, config.grid().patches()).toArray()
                : config.grid().lowerTriangle();
    }

    private NDArray wholePatches(NDManager scope, NDArray scaled, EncodingMode mode, int count) {
        PatchGrid grid = config.grid();
        NDArray rows = Network.patchRows(scope, scaled, grid);
        return mode == EncodingMode.REFERENCE
                ? rows.reshape(count, grid.patches(), -1)
                : Ops.rows(TokenPlan.patches(scope, grid, TokenPlan.repeat(chosen(mode), count)), rows);
    }

    private NDArray positionTable(NDManager scope) {
        Parameter table = layout.get("encoder.pos_embedding");
        return Ops.alias(scope, flat)
                .get(new NDIndex("{}:{}", table.offset(), table.offset() + table.size()))
                .reshape(-1, config.encoder().dim());
    }

    private Network network(NDManager scope) {
        return new Network(config, layout.views(Ops.alias(scope, flat)), scope);
    }

    private NDArray encodeVisible(NDManager scope, NDArray rows, PatchMask mask) {
        int[][] visible = mask.visible();
        NDArray patches = Ops.rows(TokenPlan.patches(scope, config.grid(), visible), rows);
        return network(scope).encode(patches, TokenPlan.positions(scope, visible), false);
    }

    /**
     * Cuts out the masked patches: what the decoder has to predict.
     *
     * @param owner owner of the result
     * @param scaled shape (N, 1, S, S), float32; borrowed
     * @param mask the mask of the N patterns
     * @return shape (N, masked, P P)
     * @throws IllegalArgumentException if the patterns have another size or type, or the mask another number of patterns
     * @throws IllegalStateException if this is closed
     */
    public NDArray maskedPatches(NDManager owner, NDArray scaled, PatchMask mask) {
        requireOpen("this AP-MAE");
        requireMask(requirePatterns(scaled), mask);
        try (Scope session = Scope.inference(owner)) {
            NDManager scope = session.manager();
            NDArray rows = Network.patchRows(scope, scaled, config.grid());
            NDArray masked = Ops.rows(TokenPlan.patches(scope, config.grid(), mask.masked()), rows);
            masked.attach(owner);
            return masked;
        }
    }

    /**
     * Predicts the masked patches of whole patterns, in the decoder mode of the config.
     *
     * @param owner owner of the result
     * @param scaled shape (N, 1, S, S), float32; borrowed
     * @param mask the mask of the N patterns
     * @return shape (N, masked, P P)
     * @throws IllegalArgumentException if patterns, mask and this autoencoder do not fit each other
     * @throws IllegalStateException if this is closed
     */
    public NDArray predict(NDManager owner, NDArray scaled, PatchMask mask) {
        requireOpen("this AP-MAE");
        requireMask(requirePatterns(scaled), mask);
        requireCounts(config.decoderMode(), mask);
        return predict(owner, scaled, mask, config.decoderMode());
    }

    NDArray predict(NDManager owner, NDArray scaled, PatchMask mask, DecoderMode mode) {
        try (Scope session = Scope.inference(owner)) {
            NDManager scope = session.manager();
            NDArray rows = Network.patchRows(scope, scaled, config.grid());
            NDArray predicted = network(scope).decode(encodeVisible(scope, rows, mask), mask, mode);
            predicted.attach(owner);
            return predicted;
        }
    }

    /**
     * Returns the mean squared error over the pixels of the masked patches, in the decoder mode of the config.
     *
     * @param scaled shape (N, 1, S, S), float32; borrowed
     * @param mask the mask of the N patterns
     * @return the loss
     * @throws IllegalArgumentException if patterns, mask and this autoencoder do not fit each other
     * @throws IllegalStateException if this is closed
     */
    public double loss(NDArray scaled, PatchMask mask) {
        requireOpen("this AP-MAE");
        try (Scope session = Scope.inference(manager)) {
            NDManager scope = session.manager();
            NDArray predicted = predict(scope, scaled, mask);
            return Network.loss(predicted, maskedPatches(scope, scaled, mask)).getFloat();
        }
    }

    /**
     * Predicts the masked patches of one pattern, for a picture.
     *
     * @param scaled the S S pixels of a scaled pattern, row by row
     * @param mask a mask of one pattern
     * @return the pattern in its four forms, with the loss
     * @throws IllegalArgumentException if pattern, mask and this autoencoder do not fit each other
     * @throws IllegalStateException if this is closed
     */
    public Reconstruction reconstruct(float[] scaled, PatchMask mask) {
        requireOpen("this AP-MAE");
        long side = config.grid().patternSize();
        if (scaled.length != side * side) {
            throw new IllegalArgumentException("the pattern has " + scaled.length
                    + " pixels, but this autoencoder was trained on " + side + " x " + side
                    + "; record patterns of that size or load another autoencoder");
        }
        try (Scope session = Scope.inference(manager)) {
            NDManager scope = session.manager();
            NDArray pattern = scope.create(FloatBuffer.wrap(scaled), new Shape(1, 1, side, side));
            return new Reconstruction(
                    config.grid(),
                    scaled,
                    mask.masked()[0],
                    predict(scope, pattern, mask).toFloatArray());
        }
    }

    int requirePatterns(NDArray scaled) {
        Shape shape = scaled.getShape();
        long side = config.grid().patternSize();
        if (shape.dimension() != 4
                || shape.get(0) < 1
                || shape.get(1) != 1
                || shape.get(2) != side
                || shape.get(3) != side) {
            throw new IllegalArgumentException(
                    "patterns have the shape " + shape + ", but this autoencoder takes (N, 1, " + side + ", " + side
                            + "); record with " + side + " tokens or load another autoencoder");
        }
        if (scaled.getDataType() != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "patterns are of type " + scaled.getDataType() + "; only float32 is supported, convert them");
        }
        return (int) shape.get(0);
    }

    private void requireMask(int patterns, PatchMask mask) {
        if (mask.size() != patterns) {
            throw new IllegalArgumentException("the mask is for " + mask.size() + " patterns, but there are " + patterns
                    + "; draw a mask for each pattern");
        }
        int patches = config.grid().patches();
        boolean[] seen = new boolean[patches];
        int[][] masked = mask.masked();
        int[][] visible = mask.visible();
        if (masked[0].length == 0 || visible[0].length == 0) {
            throw new IllegalArgumentException("the mask masks " + masked[0].length + " and shows " + visible[0].length
                    + " patches; at least one of each is needed");
        }
        for (int n = 0; n < patterns; n++) {
            Arrays.fill(seen, false);
            for (int[] part : new int[][] {masked[n], visible[n]}) {
                for (int patch : part) {
                    if (patch < 0 || patch >= patches || seen[patch]) {
                        throw new IllegalArgumentException("the mask of pattern " + n + " names patch " + patch
                                + (patch >= 0 && patch < patches ? " twice" : "") + "; each patch in [0, " + patches
                                + ") may be named once");
                    }
                    seen[patch] = true;
                }
            }
        }
    }

    /**
     * The published code lays one mask token on each visible position: it leaves mask tokens over where more patches are masked
     * than visible, and fails where fewer are.
     */
    private static void requireCounts(DecoderMode mode, PatchMask mask) {
        int masked = mask.masked()[0].length;
        int visible = mask.visible()[0].length;
        if (mode == DecoderMode.REFERENCE && masked < visible) {
            throw new IllegalArgumentException(
                    "the decoder mode REFERENCE lays one of its " + masked + " mask tokens on each of the " + visible
                            + " visible positions; mask at least half of the patches or use CORRECTED");
        }
    }

    void requireTrainable() {
        requireOpen("this AP-MAE");
    }

    void requireTrainable(PatchMask mask) {
        requireCounts(config.decoderMode(), mask);
    }

    private void requireOpen(String what) {
        if (closed.get()) {
            throw new IllegalStateException(what + " is closed; load it again");
        }
    }

    /** Releases the weights. Calling it again does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            manager.close();
        }
    }

    final class Encoder implements ApMaeEncoder {
        private final EncodingMode mode;
        private final FusedEncoder fused;
        private final AtomicBoolean encoderClosed = new AtomicBoolean();

        Encoder(EncodingMode mode, FusedEncoder fused) {
            this.mode = mode;
            this.fused = fused;
        }

        @Override
        public PatchGrid grid() {
            return config.grid();
        }

        @Override
        public int width() {
            return config.encoder().dim();
        }

        @Override
        public NDArray encode(NDManager owner, NDArray scaled) {
            requireOpen();
            if (fused != null) {
                return encodeFused(owner, scaled);
            }
            try (NDManager scope = owner.newSubManager()) {
                NDArray cls = encodeWhole(scope, scaled, mode, true).squeeze(1);
                cls.attach(owner);
                return cls;
            }
        }

        private NDArray encodeFused(NDManager owner, NDArray scaled) {
            requirePatterns(scaled);
            try (Scope session = Scope.inference(owner)) {
                NDArray cls = fused.run(Ops.alias(session.manager(), scaled));
                cls.attach(owner);
                return cls;
            }
        }

        /** Whether {@link #encodeWeights} is there for a scaler. */
        boolean scales(AttentionScaler scaler) {
            return fused != null && scaler == config.scaler() && fused.scales();
        }

        /** Scales by the config's scaler and encodes (N, 1, S, S); NaN for broken patterns. */
        NDArray encodeWeights(NDManager owner, NDArray weights) {
            requireOpen();
            requirePatterns(weights);
            try (Scope session = Scope.inference(owner)) {
                NDArray cls = fused.scaleAndRun(Ops.alias(session.manager(), weights));
                cls.attach(owner);
                return cls;
            }
        }

        @Override
        public NDArray encodeVisible(NDManager owner, NDArray scaled, PatchMask mask) {
            requireOpen();
            requireMask(requirePatterns(scaled), mask);
            try (Scope session = Scope.inference(owner)) {
                NDManager scope = session.manager();
                NDArray rows = Network.patchRows(scope, scaled, config.grid());
                NDArray tokens = ApMae.this.encodeVisible(scope, rows, mask);
                tokens.attach(owner);
                return tokens;
            }
        }

        private void requireOpen() {
            if (encoderClosed.get()) {
                throw new IllegalStateException("this encoder is closed; ask the AP-MAE for another");
            }
            ApMae.this.requireOpen("the AP-MAE of this encoder");
        }

        @Override
        public void close() {
            if (encoderClosed.compareAndSet(false, true) && fused != null) {
                fused.close();
            }
        }
    }

    private final class Decoder implements ApMaeDecoder {
        private final DecoderMode mode;
        private final AtomicBoolean decoderClosed = new AtomicBoolean();

        Decoder(DecoderMode mode) {
            this.mode = mode;
        }

        @Override
        public DecoderMode mode() {
            return mode;
        }

        @Override
        public NDArray reconstruct(NDManager owner, NDArray tokens, PatchMask mask) {
            if (decoderClosed.get()) {
                throw new IllegalStateException("this decoder is closed; ask the AP-MAE for another");
            }
            requireOpen("the AP-MAE of this decoder");
            Shape expected = new Shape(
                    mask.size(), 1 + mask.visible()[0].length, config.encoder().dim());
            if (!tokens.getShape().equals(expected) || tokens.getDataType() != DataType.FLOAT32) {
                throw new IllegalArgumentException("the tokens are " + tokens.getDataType() + " of the shape "
                        + tokens.getShape() + ", but mask and decoder ask for float32 of " + expected
                        + "; give what encodeVisible returned for this mask");
            }
            requireMask(mask.size(), mask);
            requireCounts(mode, mask);
            try (Scope session = Scope.inference(owner)) {
                NDManager scope = session.manager();
                NDArray predicted = network(scope).decode(Ops.alias(scope, tokens), mask, mode);
                predicted.attach(owner);
                return predicted;
            }
        }

        @Override
        public void close() {
            decoderClosed.set(true);
        }
    }
}
