package org.apmae.models.target;

import ai.djl.Device;
import java.nio.file.Path;
import java.util.List;
import org.apmae.models.runtime.Precision;
import org.apmae.models.safetensors.CheckpointFolder;

/**
 * Loads target models of the families starcoder2, gpt2, llama, qwen2 and mistral, as config.json's {@code model_type} names them.
 * Never uses the network.
 */
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
        return CheckpointFolder.unpacked(
                TargetModels.class, "embedded", EMBEDDED_FILES, folder -> load(folder, device));
    }

    /**
     * Loads a model to the CPU, in f32.
     *
     * @param folder a Hugging Face checkpoint: config.json, model.safetensors or shards with their index, tokenizer.json
     * @return the model, to be closed
     * @throws org.apmae.models.safetensors.ModelFileException if a file is missing, damaged or of an unsupported kind
     */
    public static TargetModel load(Path folder) {
        return load(folder, Device.cpu());
    }

    /**
     * Loads a model in a certain precision. Large files that hold it already are mapped into memory, not copied, and must then
     * stay as they are until the model is closed.
     *
     * @param folder a Hugging Face checkpoint: config.json, model.safetensors or shards with their index, tokenizer.json
     * @param device where the weights go, for example {@code Device.gpu()}
     * @param precision in which matrices are held and multiplied
     * @return the model, to be closed
     * @throws org.apmae.models.safetensors.ModelFileException if a file is missing, damaged or of an unsupported kind
     */
    public static TargetModel load(Path folder, Device device, Precision precision) {
        return HookedTransformer.load(folder, device, precision);
    }

    /**
     * Loads a model to a device, in f32.
     *
     * @param folder a Hugging Face checkpoint: config.json, model.safetensors or shards with their index, tokenizer.json
     * @param device where the weights go, for example {@code Device.gpu()}
     * @return the model, to be closed
     * @throws org.apmae.models.safetensors.ModelFileException if a file is missing, damaged or of an unsupported kind
     */
    public static TargetModel load(Path folder, Device device) {
        return load(folder, device, Precision.F32);
    }
}
