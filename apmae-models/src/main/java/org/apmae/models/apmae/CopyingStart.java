package org.apmae.models.apmae;

import java.util.Random;
import org.apmae.core.pattern.PatchGrid;

/**
 * Initial weights that already copy what masked patches share with visible ones of the same rows and of the same columns.
 *
 * <p>The first P dimensions of a token hold the means of its patch's rows, the next P those of its columns; then come a
 * one-hot row and a one-hot column of the grid, and a flag of mask tokens. In every layer the first head looks at the same row
 * of the grid and the second at the same column, not at mask tokens; in the decoder's first layer they copy the means.
 * Everything else starts at random, in the branches of the layers at a fifth of its usual size. Layout and forward pass stay
 * those of the published network, and training changes all of it. A start at random needs tens of thousands of steps to find
 * the grid.
 */
final class CopyingStart {
    /** Advantage of a token of the same row or column before the softmax. */
    private static final double LOGIT = 5;
    /** Size of one-hot positions and the flag. */
    private static final double POSITION = 3;
    /** Share of a mean that the first decoder layer copies. */
    private static final double COPIED = 0.5;
    /** Factor of random weights that end a branch or make pixels. */
    private static final double BRANCH = 0.2;
    /** What a mean contributes to the pixels of its row. */
    private static final double ROW_PIXEL = 0.1;
    /** What a mean contributes to the pixels of its column: less, as columns vary less. */
    private static final double COLUMN_PIXEL = 0.07;
    /** Brings scaled weights, which lie in [0, 1] and vary by a tenth, to some units around 0. */
    private static final double INPUT_FACTOR = 10;

    private static final double INPUT_OFFSET = -4.5;
    /**
     * Where the input is affine, constants in the dimensions of the positions, which these take away again: beside them the
     * norm over the token leaves most of a patch's level.
     */
    private static final double ANCHOR = 3;
    /** What that norm makes of the anchors, about. */
    private static final double ANCHORED = 3.6;

    private static final double TOKEN_SCALE = 1.5;

    private final ApMaeConfig config;
    private final ParameterLayout layout;
    private final float[] weights;
    private final Random random;
    private final int patch;
    private final int side;
    private final int flag;
    private final boolean affine;

    private CopyingStart(ApMaeConfig config, ParameterLayout layout, float[] weights, long seed) {
        this.config = config;
        this.layout = layout;
        this.weights = weights;
        this.random = new Random(seed);
        patch = config.patchSize();
        side = config.grid().side();
        flag = 2 * patch + 2 * side;
        affine = config.patchInput() == ApMaeConfig.PatchInput.AFFINE;
    }

    /**
     * Changes random initial weights.
     *
     * @param config sizes
     * @param layout where each tensor lies
     * @param weights all parameters as drawn for a random start; changed
     * @param seed of the new random numbers
     * @throws IllegalArgumentException if the stacks are too narrow
     */
    static void apply(ApMaeConfig config, ParameterLayout layout, float[] weights, long seed) {
        int dims = dims(config.grid());
        int head = head(config.grid());
        for (ApMaeConfig.Stack stack : new ApMaeConfig.Stack[] {config.encoder(), config.decoder()}) {
            if (stack.dim() < dims || stack.heads() < 2 || stack.dimHead() < head) {
                throw new IllegalArgumentException("a start that copies rows and columns of " + config.grid()
                        + " needs a width of at least " + dims + " and two heads of at least " + head
                        + ", but there is "
                        + stack + "; take a wider stack or a random start");
            }
        }
        new CopyingStart(config, layout, weights, seed).apply();
    }

    /** The least width for a grid. */
    static int dims(PatchGrid grid) {
        return 2 * grid.patchSize() + 2 * grid.side() + 1;
    }

    /** The least width of a head for a grid. */
    static int head(PatchGrid grid) {
        return Math.max(grid.patchSize(), grid.side() + 1);
    }

    private void apply() {
        embedding();
        stack("encoder", config.encoder());
        stack("decoder", config.decoder());
        Parameter mask = layout.get("decoder.mask_token");
        for (int d = 0; d < mask.size(); d++) {
            set(mask, 0, d, d == flag ? POSITION : 0);
        }
        pixels();
        if (config.encoder().dim() != config.decoder().dim()) {
            Parameter between = layout.get("decoder.enc_to_dec.weight");
            for (int i = 0; i < config.decoder().dim(); i++) {
                for (int j = 0; j < config.encoder().dim(); j++) {
                    set(between, i, j, i == j ? 1 : 0);
                }
            }
        }
    }

    private void set(Parameter parameter, int row, int column, double value) {
        long[] shape = parameter.shape().getShape();
        weights[parameter.offset() + row * (int) shape[shape.length - 1] + column] = (float) value;
    }

    private void scale(String name, double factor) {
        Parameter parameter = layout.get(name);
        for (int i = parameter.offset(); i < parameter.offset() + parameter.size(); i++) {
            weights[i] *= (float) factor;
        }
    }

    private void embedding() {
        Parameter weight = layout.get("encoder.patches_to_embedding.1.weight");
        Parameter bias = layout.get("encoder.patches_to_embedding.1.bias");
        if (affine) {
            set(layout.get("encoder.patches_to_embedding.0.weight"), 0, 0, INPUT_FACTOR);
            set(layout.get("encoder.patches_to_embedding.0.bias"), 0, 0, INPUT_OFFSET);
            Parameter scale = layout.get("encoder.patches_to_embedding.2.weight");
            for (int d = 0; d < scale.size(); d++) {
                set(scale, 0, d, TOKEN_SCALE);
            }
        }
        for (int d = 0; d <= flag; d++) {
            set(bias, 0, d, affine ? ANCHOR * sign(d) : 0);
            for (int pixel = 0; pixel < patch * patch; pixel++) {
                double value = 0;
                if (d < patch) {
                    value = pixel / patch == d ? 1.0 / patch : 0;
                } else if (d < 2 * patch) {
                    value = pixel % patch == d - patch ? 1.5 / patch : 0;
                }
                set(weight, d, pixel, value);
            }
        }
    }

    /** Signs of the anchors, in turn, so that they have no mean; 0 in dimensions that hold none. */
    private int sign(int dimension) {
        return dimension < 2 * patch || dimension >= flag ? 0 : dimension % 2 == 0 ? 1 : -1;
    }

    private void stack(String name, ApMaeConfig.Stack stack) {
        positions(layout.get(name + ".pos_embedding"), stack.dim(), affine && name.equals("encoder"));
        int width = stack.dimHead();
        int inner = stack.heads() * width;
        double beta = Math.sqrt(LOGIT * Math.sqrt(width)) / POSITION;
        for (int i = 0; i < stack.layers(); i++) {
            String layer = name + ".transformer.layers." + i;
            scale(layer + ".0.to_out.0.weight", BRANCH);
            scale(layer + ".1.net.4.weight", BRANCH);
            Parameter qkv = layout.get(layer + ".0.to_qkv.weight");
            for (int head = 0; head < 2; head++) {
                int positions = 2 * patch + head * side;
                for (int j = 0; j < width; j++) {
                    for (int d = 0; d < stack.dim(); d++) {
                        // Mask tokens ask like others, but among themselves they repel.
                        boolean same = j < side && d == positions + j;
                        boolean repel = j == side && d == flag;
                        set(qkv, head * width + j, d, same || repel ? beta : 0);
                        set(qkv, inner + head * width + j, d, same ? beta : repel ? -beta : 0);
                    }
                }
                if (name.equals("decoder") && i == 0) {
                    copy(qkv, layout.get(layer + ".0.to_out.0.weight"), stack, head);
                }
            }
        }
    }

    private void copy(Parameter qkv, Parameter out, ApMaeConfig.Stack stack, int head) {
        int width = stack.dimHead();
        int inner = stack.heads() * width;
        for (int j = 0; j < width; j++) {
            for (int d = 0; d < stack.dim(); d++) {
                boolean mean = j < patch && d == head * patch + j;
                set(qkv, 2 * inner + head * width + j, d, mean ? 1 : 0);
                set(out, d, head * width + j, mean ? COPIED : 0);
            }
        }
    }

    /** Patches above the diagonal, which only the decoder sees, get no row and column: nobody shall look at them. */
    private void positions(Parameter table, int dim, boolean anchored) {
        for (int token = 0; token <= side * side; token++) {
            int row = (token - 1) / side;
            int column = (token - 1) % side;
            boolean placed = token > 0 && column <= row;
            for (int d = 0; d < dim; d++) {
                double value = 0;
                if (d < 2 * patch) {
                    value = 0.1 * random.nextGaussian();
                } else if (d > flag) {
                    value = random.nextGaussian();
                } else if (placed && (d == 2 * patch + row || d == 2 * patch + side + column)) {
                    value = POSITION;
                }
                if (anchored && token > 0) {
                    value -= ANCHORED * sign(d);
                }
                set(table, token, d, value);
            }
        }
    }

    private void pixels() {
        scale("decoder.to_pixels.weight", BRANCH);
        Parameter weight = layout.get("decoder.to_pixels.weight");
        Parameter bias = layout.get("decoder.to_pixels.bias");
        for (int pixel = 0; pixel < patch * patch; pixel++) {
            set(bias, 0, pixel, 0.5);
            for (int d = 0; d < patch; d++) {
                set(weight, pixel, d, d == pixel / patch ? ROW_PIXEL : 0);
                set(weight, pixel, patch + d, d == pixel % patch ? COLUMN_PIXEL : 0);
            }
        }
    }
}
