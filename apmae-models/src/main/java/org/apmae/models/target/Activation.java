package org.apmae.models.target;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The non-linear function of an MLP, by Hugging Face's names. */
enum Activation {
    /** GELU with the tanh approximation. */
    GELU_TANH("torch.gelu(x, approximate=\"tanh\")", "gelu_pytorch_tanh, gelu_new"),
    /** GELU with the error function. */
    GELU("torch.gelu(x)", "gelu"),
    /** x times its logistic function. */
    SILU("torch.silu(x)", "silu, swish");

    private final String script;
    /** Separated by commas. */
    private final String names;

    Activation(String script, String names) {
        this.script = script;
        this.names = names;
    }

    static Optional<Activation> named(String name) {
        return Arrays.stream(values())
                .filter(activation -> List.of(activation.names.split(", ", -1)).contains(name))
                .findFirst();
    }

    static String names() {
        return Arrays.stream(values()).map(activation -> activation.names).collect(Collectors.joining(", "));
    }

    String script() {
        return script;
    }
}
