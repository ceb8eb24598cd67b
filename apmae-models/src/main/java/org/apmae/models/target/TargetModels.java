package org.apmae.models.target;

import ai.djl.Device;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Loads target models. Never uses the network. */
public final class TargetModels {
    private static final List<String> EMBEDDED_FILES = List.of("config.json", "model.safetensors", "tokenizer.json");

    private TargetModels() {}

    /**
     * Loads the model that ships with this library: StarCoder2's architecture, 6 layers of 8 heads, trained on Java.
     *
     * @return the model on the CPU, to be closed
     */
    public static TargetModel embedded() {
        return embedded(Device.cpu());
    }

    /**
     * Loads the model that ships with this library to a device.
     *
     * @param device where the weights go
     * @return the model, to be closed
     */
    public static TargetModel embedded(Device device) {
        try {
            Path folder = Files.createTempDirectory("apmae-embedded");
            try {
                for (String name : EMBEDDED_FILES) {
                    try (InputStream in = TargetModels.class.getResourceAsStream("embedded/" + name)) {
                        if (in == null) {
                            throw new IllegalStateException("this copy of apmae-models lacks " + name
                                    + " of the embedded model; take the published artifact");
                        }
                        Files.copy(in, folder.resolve(name));
                    }
                }
                return load(folder, device);
            } finally {
                for (String name : EMBEDDED_FILES) {
                    Files.deleteIfExists(folder.resolve(name));
                }
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack the embedded model: " + e.getMessage(), e);
        }
    }

    /**
     * Loads a model to the CPU.
     *
     * @param folder a Hugging Face checkpoint: config.json, model.safetensors or shards with their index, tokenizer.json
     * @return the model, to be closed
     * @throws org.apmae.models.safetensors.ModelFileException if a file is missing, damaged or of an unsupported kind
     */
    public static TargetModel load(Path folder) {
        return load(folder, Device.cpu());
    }

    /**
     * Loads a model to a device.
     *
     * @param folder a Hugging Face checkpoint: config.json, model.safetensors or shards with their index, tokenizer.json
     * @param device where the weights go, for example {@code Device.gpu()}
     * @return the model, to be closed
     * @throws org.apmae.models.safetensors.ModelFileException if a file is missing, damaged or of an unsupported kind
     */
    public static TargetModel load(Path folder, Device device) {
        return Starcoder2.load(folder, device);
    }
}
