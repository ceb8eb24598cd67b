package org.apmae.models.target;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** A family of models that Hugging Face knows by one {@code model_type}. */
@FunctionalInterface
interface Family {
    /** The families that can be loaded, by {@code model_type}. */
    Map<String, Family> ALL = Map.of(
            "gpt2", Gpt2::read,
            "llama", Llama::read,
            "mistral", Mistral::read,
            "qwen2", Qwen2::read,
            "starcoder2", config -> Starcoder2Config.read(config).architecture());

    /** Takes a configuration, with Hugging Face's defaults where it is silent. */
    Architecture architecture(ConfigFile config);

    static Architecture of(Path folder) {
        ConfigFile config = ConfigFile.in(folder);
        Family family = ALL.get(config.modelType());
        if (family == null) {
            throw config.wrong("has the model_type '" + config.modelType() + "'; supported are "
                    + String.join(", ", new TreeMap<>(ALL).keySet()));
        }
        config.checkKnown();
        return family.architecture(config);
    }
}
