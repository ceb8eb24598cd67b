package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.core.pattern.PatchMask;

/**
 * The forward pass, for inference and training alike: pure functions of the parameters and the input, all results owned by
 * one scope. A vision transformer with norms before attention and feed-forward parts and a last norm after all layers.
 *
 * @see <a href="https://arxiv.org/abs/2111.06377">He et al., Masked Autoencoders Are Scalable Vision Learners</a>
 */
final class Network {
    private final ApMaeConfig config;
    private final NDManager scope;
    private final Map<String, NDArray> parameters;

    /** The parameters must stay open until a gradient is taken. */
    Network(ApMaeConfig config, Map<String, NDArray> parameters, NDManager scope) {
        this.config = config;
        this.parameters = parameters;
        this.scope = scope;
    }

    /** Cuts patterns (N, 1, S, S) into rows of pixels (N G G, P P). */
    static NDArray patchRows(NDManager scope, NDArray scaled, PatchGrid grid) {
        long count = scaled.getShape().get(0);
        long side = grid.side();
        long patch = grid.patchSize();
        return Ops.alias(scope, scaled)
                .reshape(count, side, patch, side, patch)
                .transpose(0, 1, 3, 2, 4)
                .reshape(count * side * side, patch * patch);
    }

    /**
     * Runs the encoder on some patches.
     *
     * @param patches (N, k, P P)
     * @param positions rows of the position table, (N, 1 + k)
     * @param onlyCls whether only the cls token is wanted
     * @return (N, 1 + k, F) or (N, 1, F)
     */
    NDArray encode(NDArray patches, NDArray positions, boolean onlyCls) {
        long count = patches.getShape().get(0);
        int width = config.encoder().dim();
        NDArray x = input(patches, "encoder.patches_to_embedding.0");
        x = linear(x, "encoder.patches_to_embedding.1");
        x = norm(x, "encoder.patches_to_embedding.2");
        NDArray cls = scope.zeros(new Shape(count, 1, width)).add(get("encoder.cls_token"));
        x = NDArrays.concat(new NDList(cls, x), 1);
        x = x.add(Ops.rows(positions, get("encoder.pos_embedding").reshape(-1, width)));
        int tokens = (int) x.getShape().get(1);
        NDArray wanted = onlyCls ? TokenPlan.first(scope, (int) count, tokens) : null;
        return transformer("encoder.transformer", config.encoder(), x, wanted);
    }

    /**
     * Runs the decoder.
     *
     * @param tokens (N, 1 + visible, F)
     * @return pixels of the masked patches, (N, masked, P P)
     */
    NDArray decode(NDArray tokens, PatchMask mask, DecoderMode mode) {
        long count = tokens.getShape().get(0);
        int width = config.decoder().dim();
        NDArray x = tokens;
        if (parameters.containsKey("decoder.enc_to_dec.weight")) {
            x = linear(x, "decoder.enc_to_dec");
        }
        NDArray table = NDArrays.concat(
                new NDList(
                        x.reshape(-1, width),
                        get("decoder.mask_token").reshape(1, width),
                        scope.zeros(new Shape(1, width))),
                0);
        x = Ops.rows(TokenPlan.decoderInput(scope, config.grid(), mask, mode), table);
        x = x.add(get("decoder.pos_embedding"));
        NDArray wanted = TokenPlan.tokens(scope, config.grid(), mask.masked());
        x = transformer("decoder.transformer", config.decoder(), x, wanted);
        return linear(x, "decoder.to_pixels").reshape(count, mask.masked()[0].length, -1);
    }

    /** Mean squared error, a scalar. */
    static NDArray loss(NDArray predicted, NDArray target) {
        return predicted.sub(target).square().mean();
    }

    /** The last layer computes only the wanted tokens, rows of (N t), as no later layer looks at the others. */
    private NDArray transformer(String prefix, ApMaeConfig.Stack stack, NDArray input, NDArray wanted) {
        NDArray scale = scope.full(new Shape(), (float) (1 / Math.sqrt(stack.dimHead())));
        NDArray x = input;
        for (int i = 0; i < stack.layers(); i++) {
            boolean last = i == stack.layers() - 1;
            x = layer(prefix + ".layers." + i, stack, x, scale, last ? wanted : null);
        }
        return norm(x, prefix + ".norm");
    }

    /** What autograd does not keep is released at the end of each layer, so that the next one finds warm memory. */
    private NDArray layer(String prefix, ApMaeConfig.Stack stack, NDArray input, NDArray scale, NDArray wanted) {
        try (NDManager scratch = scope.newSubManager()) {
            input.attach(scratch);
            NDArray attended = attention(prefix + ".0", stack, input, scale, wanted);
            NDArray rest = wanted == null ? input : pick(input, wanted, stack.dim());
            NDArray x = rest.add(attended);
            NDArray y = norm(x, prefix + ".1.net.0");
            y = linear(y, prefix + ".1.net.1");
            y = Ops.gelu(y);
            y = linear(y, prefix + ".1.net.4");
            y = y.add(x);
            y.attach(scope);
            return y;
        }
    }

    private static NDArray pick(NDArray x, NDArray wanted, int width) {
        NDArray picked = Ops.rows(wanted, x.reshape(-1, width));
        picked.attach(x.getManager());
        return picked;
    }

    private NDArray attention(String prefix, ApMaeConfig.Stack stack, NDArray input, NDArray scale, NDArray wanted) {
        long count = input.getShape().get(0);
        int heads = stack.heads();
        int dimHead = stack.dimHead();
        long inner = (long) heads * dimHead;
        NDArray x = norm(input, prefix + ".norm");
        NDArray q;
        NDArray k;
        NDArray v;
        if (wanted == null) {
            NDList parts = split(heads(linear(x, prefix + ".to_qkv"), 3, stack));
            q = parts.get(0);
            k = parts.get(1);
            v = parts.get(2);
        } else {
            NDList weights = get(prefix + ".to_qkv.weight").split(new long[] {inner}, 0);
            NDList biases = config.qkvBias() ? get(prefix + ".to_qkv.bias").split(new long[] {inner}, 0) : null;
            NDArray asking = pick(x, wanted, stack.dim());
            q = split(heads(Ops.linear(asking, weights.get(0), biases == null ? null : biases.get(0)), 1, stack))
                    .get(0);
            NDList parts = split(heads(Ops.linear(x, weights.get(1), biases == null ? null : biases.get(1)), 2, stack));
            k = parts.get(0);
            v = parts.get(1);
        }
        NDArray attention = q.mul(scale).matMul(k.transpose(0, 2, 1)).softmax(-1);
        long asked = q.getShape().get(1);
        NDArray mixed = attention
                .matMul(v)
                .reshape(count, heads, asked, dimHead)
                .transpose(0, 2, 1, 3)
                .reshape(count, asked, inner);
        return parameters.containsKey(prefix + ".to_out.0.weight") ? linear(mixed, prefix + ".to_out.0") : mixed;
    }

    /** From (N, t, c h d) to contiguous (c, N h, t, d): one copy instead of one for each matrix product. */
    private static NDArray heads(NDArray projected, int parts, ApMaeConfig.Stack stack) {
        long count = projected.getShape().get(0);
        long tokens = projected.getShape().get(1);
        return projected
                .reshape(count, tokens, parts, stack.heads(), stack.dimHead())
                .transpose(2, 0, 3, 1, 4)
                .reshape(parts, count * stack.heads(), tokens, stack.dimHead());
    }

    private static NDList split(NDArray stacked) {
        NDList parts = new NDList();
        for (NDArray part : stacked.split(stacked.getShape().get(0))) {
            part.attach(stacked.getManager());
            parts.add(part.squeeze(0));
        }
        return parts;
    }

    private NDArray input(NDArray patches, String prefix) {
        return config.patchInput() == ApMaeConfig.PatchInput.AFFINE
                ? patches.mul(get(prefix + ".weight")).add(get(prefix + ".bias"))
                : norm(patches, prefix);
    }

    private NDArray norm(NDArray x, String prefix) {
        return Ops.layerNorm(x, get(prefix + ".weight"), get(prefix + ".bias"), config.layerNormEps());
    }

    private NDArray linear(NDArray x, String prefix) {
        return Ops.linear(x, get(prefix + ".weight"), parameters.get(prefix + ".bias"));
    }

    private NDArray get(String name) {
        return parameters.get(name);
    }
}
