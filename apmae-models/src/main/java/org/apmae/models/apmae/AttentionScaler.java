package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apmae.core.pattern.ApMaeEncoder;

/**
 * How attention weights become the pixels that the autoencoder sees. Stateless and thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on AP-MAE</a>
 */
public enum AttentionScaler {
    /** The weights as they are. */
    NONE("no_scaler"),
    /**
     * The natural logarithm. A weight of 0 becomes 1 / ln S, as published: a value above that of weight 1, which is 0.
     */
    LOG("log"),
    /** {@link #LOG}, then (x - 1 / ln S) / 2. */
    LOG_STANDARDIZE("log_standardize"),
    /**
     * The logarithm stretched to [0, 1] for each pattern: 1 for weight 1, 0 for the least weight above 0 and for weight 0.
     * Where every weight above 0 is 1, so that there is nothing to stretch, ones stay 1 and the rest is 0; a pattern of
     * zeros stays zeros. The published code gives NaN or infinity there.
     */
    LOG_NORMALIZE("log_normalize");

    private static final long CACHED_PIXELS = 1 << 18;

    private final String wireName;

    AttentionScaler(String wireName) {
        this.wireName = wireName;
    }

    /**
     * Returns the name used in config.json under {@code attention_scaler}.
     *
     * @return the name
     */
    public String wireName() {
        return wireName;
    }

    /**
     * Finds a scaler by its name in config.json.
     *
     * @param name the name; an ending {@code _scaler}, as in the published function names, may be left out or present
     * @return the scaler
     * @throws IllegalArgumentException if there is none of that name
     */
    public static AttentionScaler ofWireName(String name) {
        for (AttentionScaler scaler : values()) {
            if (bare(scaler.wireName).equals(bare(name))) {
                return scaler;
            }
        }
        throw new IllegalArgumentException("there is no attention scaler '" + name + "'; choose one of "
                + Arrays.stream(values()).map(AttentionScaler::wireName).collect(Collectors.joining(", ")));
    }

    private static String bare(String name) {
        return name.endsWith("_scaler") ? name.substring(0, name.length() - "_scaler".length()) : name;
    }

    /**
     * Scales a batch of patterns on their device.
     *
     * @param owner owner of the result
     * @param patterns shape (N, 1, S, S) or (B, h, S, S), float32, weights in [0, 1], 0 above the diagonal and where the
     *     pattern is padded; borrowed
     * @return the same shape, float32, finite
     * @throws IllegalArgumentException if the shape or type is another, or a pattern holds NaN, an infinity or, for the
     *     logarithmic scalers, a negative number; the message names the pattern
     */
    public NDArray scale(NDManager owner, NDArray patterns) {
        Shape shape = requirePatterns(patterns);
        try (Scope session = Scope.inference(owner)) {
            NDManager scratch = session.manager();
            long count = shape.get(0) * shape.get(1);
            NDArray rows = Ops.alias(scratch, patterns).reshape(count, shape.get(2) * shape.get(3));
            NDArray sums = rows.sum(new int[] {1});
            NDArray scaled = switch (this) {
                case NONE -> {
                    requireFinite(sums, shape);
                    yield rows.duplicate();
                }
                case LOG -> log(scratch, rows, sums, shape);
                case LOG_STANDARDIZE -> {
                    NDArray log = log(scratch, rows, sums, shape);
                    log.subi(fill(scratch, shape));
                    log.divi(scratch.full(new Shape(), 2));
                    yield log;
                }
                case LOG_NORMALIZE -> normalize(scratch, rows, sums, shape);
            };
            NDArray result = scaled.reshape(shape);
            result.attach(owner);
            return result;
        }
    }

    /**
     * Scales a batch of patterns and encodes them. With {@link ApMae#fastEncoder} of an AP-MAE whose config names this scaler,
     * {@link #LOG_NORMALIZE} or {@link #NONE}, both are one native call, which costs a third of scaling by itself and does not
     * look at patches that the encoder leaves out.
     *
     * @param owner owner of the result
     * @param patterns shape (N, 1, S, S) or (B, h, S, S), float32, as {@link #scale} takes them; borrowed
     * @param encoder the encoder, of the patterns' size
     * @return shape (N, F) or (B h, F), float32
     * @throws IllegalArgumentException if the shape or type is another, or a pattern holds NaN, an infinity or, for the
     *     logarithmic scalers, a negative number; the message names the pattern
     * @throws IllegalStateException if the encoder is closed
     */
    public NDArray encode(NDManager owner, NDArray patterns, ApMaeEncoder encoder) {
        Shape shape = requirePatterns(patterns);
        try (Scope session = Scope.inference(owner)) {
            NDManager scratch = session.manager();
            Shape single = new Shape(shape.get(0) * shape.get(1), 1, shape.get(2), shape.get(3));
            NDArray encoded;
            if (encoder instanceof ApMae.Encoder own && own.scales(this)) {
                encoded =
                        own.encodeWeights(scratch, Ops.alias(scratch, patterns).reshape(single));
                // Every pixel that is not finite reaches the cls token through the norms and attention.
                requireFinite(encoded.sum(new int[] {1}), shape);
            } else {
                encoded = encoder.encode(scratch, scale(scratch, patterns).reshape(single));
            }
            encoded.attach(owner);
            return encoded;
        }
    }

    private static Shape requirePatterns(NDArray patterns) {
        Shape shape = patterns.getShape();
        if (shape.dimension() != 4 || shape.get(2) != shape.get(3) || patterns.getDataType() != DataType.FLOAT32) {
            throw new IllegalArgumentException("patterns of the shape " + shape + " and type " + patterns.getDataType()
                    + " cannot be scaled; give float32 of the shape (N, 1, S, S) or (B, h, S, S)");
        }
        return shape;
    }

    private static NDArray fill(NDManager scratch, Shape shape) {
        return scratch.full(new Shape(), (float) (1 / Math.log((double) shape.get(2))));
    }

    private static NDArray log(NDManager scratch, NDArray rows, NDArray sums, Shape shape) {
        NDArray least = rows.min(new int[] {1});
        // The square root turns a negative weight into NaN.
        requireFinite(sums.add(least.sqrt()), shape);
        // In 64 bits, so that large negative logarithms are rounded once: the last bit of 32 is worth 2e-6 there.
        NDArray log = rows.toType(DataType.FLOAT64, false).log().toType(DataType.FLOAT32, false);
        return Ops.where(rows.eq(scratch.zeros(new Shape())), fill(scratch, shape), log);
    }

    /** On a CPU some patterns at a time, so that all passes over them stay in the cache. */
    private static NDArray normalize(NDManager scratch, NDArray rows, NDArray sums, Shape shape) {
        long count = rows.getShape().get(0);
        long pixels = rows.getShape().get(1);
        long together = rows.getDevice().isGpu() ? count : Math.max(1, CACHED_PIXELS / Math.max(1, pixels));
        if (together >= count) {
            NDArray least = scratch.zeros(sums.getShape());
            NDArray scaled = normalize(rows, least);
            requireFinite(sums.add(least), shape);
            return scaled;
        }
        long[] cuts = LongStream.range(1, (count + together - 1) / together)
                .map(i -> i * together)
                .toArray();
        NDArray leasts = scratch.zeros(sums.getShape());
        NDList pieces = rows.split(cuts, 0);
        NDList leastPieces = leasts.split(cuts, 0);
        NDList scaled = new NDList();
        for (int i = 0; i < pieces.size(); i++) {
            try (NDManager piece = scratch.newSubManager()) {
                NDArray part = pieces.get(i);
                part.attach(piece);
                NDArray result = normalize(part, leastPieces.get(i));
                result.attach(scratch);
                scaled.add(result);
            }
        }
        requireFinite(sums.add(leasts), shape);
        return NDArrays.concat(scaled, 0);
    }

    /** Adds the least logarithm of each pattern, NaN for a broken one, to an array of zeros. */
    private static NDArray normalize(NDArray rows, NDArray leasts) {
        NDManager scratch = rows.getManager();
        NDArray zero = scratch.zeros(new Shape());
        NDArray one = scratch.ones(new Shape());
        NDArray empty = rows.eq(zero);
        // Zeros are set to 1 first: their logarithm then counts as 0 in the minimum, and the logarithm of 0 is five
        // times slower.
        NDArray log = Ops.where(empty, one, rows).log();
        NDArray least = log.min(new int[] {1}, true);
        leasts.addi(least.reshape(leasts.getShape()));
        // With a least logarithm of 0 every positive weight is 1, and stretching by 1 leaves it there.
        NDArray offset = Ops.where(least.gte(zero), one.neg(), least);
        log.subi(offset);
        log.divi(offset.neg());
        return Ops.where(empty, zero, log);
    }

    /** One read back from the device for the whole batch. */
    private static void requireFinite(NDArray checks, Shape shape) {
        float[] values = checks.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            if (Float.isNaN(values[i]) || Float.isInfinite(values[i])) {
                throw new IllegalArgumentException("pattern " + i + " of a batch of the shape " + shape
                        + " (item " + i / shape.get(1) + ", head " + i % shape.get(1)
                        + ") holds NaN, an infinity or a negative weight; weights must lie in [0, 1]: record it again");
            }
        }
    }
}
