package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;

/**
 * Names, shapes and order of all tensors of a network. All parameters lie in one flat array: one gradient, one optimiser
 * state, one sum over threads.
 */
final class ParameterLayout {
    private final List<Parameter> parameters = new ArrayList<>();
    private long size;

    private ParameterLayout() {}

    /**
     * Lists the tensors of a network.
     *
     * @param config its sizes
     * @param inFile says which tensors a checkpoint has; decides only whether the attention output is projected where the
     *     published layout leaves it out (one head as wide as the network)
     */
    static ParameterLayout of(ApMaeConfig config, Predicate<String> inFile) {
        ParameterLayout layout = new ParameterLayout();
        long patch = (long) config.patchSize() * config.patchSize();
        long positions = 1L + config.grid().patches();
        ApMaeConfig.Stack encoder = config.encoder();
        ApMaeConfig.Stack decoder = config.decoder();
        layout.add("encoder.pos_embedding", Parameter.Start.NORMAL, 1, positions, encoder.dim());
        layout.add("encoder.cls_token", Parameter.Start.ZEROS, 1, 1, encoder.dim());
        layout.norm("encoder.patches_to_embedding.0", config.patchInput() == ApMaeConfig.PatchInput.AFFINE ? 1 : patch);
        layout.linear("encoder.patches_to_embedding.1", encoder.dim(), patch, true);
        layout.norm("encoder.patches_to_embedding.2", encoder.dim());
        layout.stack("encoder.transformer", encoder, config.qkvBias(), inFile);
        layout.add("decoder.mask_token", Parameter.Start.SMALL_NORMAL, decoder.dim());
        layout.add("decoder.pos_embedding", Parameter.Start.NORMAL, 1, positions, decoder.dim());
        if (encoder.dim() != decoder.dim()) {
            layout.linear("decoder.enc_to_dec", decoder.dim(), encoder.dim(), true);
        }
        layout.stack("decoder.transformer", decoder, config.qkvBias(), inFile);
        layout.linear("decoder.to_pixels", patch, decoder.dim(), true);
        return layout;
    }

    private void stack(String prefix, ApMaeConfig.Stack stack, boolean qkvBias, Predicate<String> inFile) {
        long dim = stack.dim();
        long inner = (long) stack.heads() * stack.dimHead();
        for (int i = 0; i < stack.layers(); i++) {
            String layer = prefix + ".layers." + i;
            norm(layer + ".0.norm", dim);
            linear(layer + ".0.to_qkv", 3 * inner, dim, qkvBias);
            boolean projected = stack.heads() > 1 || stack.dimHead() != dim;
            if (projected || inFile.test(layer + ".0.to_out.0.weight")) {
                linear(layer + ".0.to_out.0", dim, inner, true);
            }
            norm(layer + ".1.net.0", dim);
            linear(layer + ".1.net.1", stack.mlpDim(), dim, true);
            linear(layer + ".1.net.4", dim, stack.mlpDim(), true);
        }
        norm(prefix + ".norm", dim);
    }

    private void norm(String prefix, long width) {
        add(prefix + ".weight", Parameter.Start.ONES, width);
        add(prefix + ".bias", Parameter.Start.ZEROS, width);
    }

    private void linear(String prefix, long outputs, long inputs, boolean bias) {
        add(prefix + ".weight", Parameter.Start.XAVIER, outputs, inputs);
        if (bias) {
            add(prefix + ".bias", Parameter.Start.BIAS, outputs);
        }
    }

    private void add(String name, Parameter.Start start, long... shape) {
        Shape sizes = new Shape(shape);
        if (size + sizes.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("config.json describes a network of more than " + Integer.MAX_VALUE
                    + " parameters; at most that many are supported");
        }
        parameters.add(new Parameter(name, sizes, (int) size, start));
        size += sizes.size();
    }

    List<Parameter> parameters() {
        return Collections.unmodifiableList(parameters);
    }

    /** The tensor of a name that the network has. */
    Parameter get(String name) {
        return parameters.stream()
                .filter(parameter -> parameter.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the network has no tensor " + name));
    }

    boolean has(String name) {
        return parameters.stream().anyMatch(parameter -> parameter.name().equals(name));
    }

    int size() {
        return (int) size;
    }

    /** Views on a flat array by name, owned by its manager. */
    Map<String, NDArray> views(NDArray flat) {
        long[] cuts = parameters.stream().skip(1).mapToLong(Parameter::offset).toArray();
        NDList parts = flat.split(cuts, 0);
        Map<String, NDArray> views = new HashMap<>();
        for (int i = 0; i < parts.size(); i++) {
            Parameter parameter = parameters.get(i);
            NDArray part = parts.get(i);
            part.attach(flat.getManager());
            views.put(parameter.name(), part.reshape(parameter.shape()));
        }
        return views;
    }

    /** Draws initial values: the same seed, the same numbers. */
    float[] initial(long seed) {
        Random random = new Random(seed);
        float[] values = new float[size()];
        for (Parameter parameter : parameters) {
            int from = parameter.offset();
            int to = from + parameter.size();
            double bound = parameter.start() == Parameter.Start.XAVIER
                    ? Math.sqrt(
                            6.0 / (parameter.shape().get(0) + parameter.shape().get(1)))
                    : 0;
            for (int i = from; i < to; i++) {
                values[i] = switch (parameter.start()) {
                    case ZEROS -> 0;
                    case ONES -> 1;
                    case BIAS -> 0.01f;
                    case NORMAL -> (float) random.nextGaussian();
                    case SMALL_NORMAL -> (float) (0.02 * random.nextGaussian());
                    case XAVIER -> (float) ((2 * random.nextDouble() - 1) * bound);
                };
            }
        }
        return values;
    }

    /** Makes the flat array. */
    NDArray flat(NDManager owner, float[] values) {
        try (NDArray view = owner.create(FloatBuffer.wrap(values), new Shape(size))) {
            return view.duplicate();
        }
    }
}
