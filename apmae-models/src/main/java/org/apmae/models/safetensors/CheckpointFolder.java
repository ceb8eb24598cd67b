package org.apmae.models.safetensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apmae.models.runtime.Precision;

/**
 * The weights of a Hugging Face checkpoint folder: {@code model.safetensors}, or several shards with
 * {@code model.safetensors.index.json}. Thread-safe until closed.
 */
public final class CheckpointFolder implements Weights {
    private final Path folder;
    private final Map<String, SafetensorsFile> files;
    private final Map<String, SafetensorsFile> owners;

    private CheckpointFolder(Path folder, Map<String, SafetensorsFile> files, Map<String, SafetensorsFile> owners) {
        this.folder = folder;
        this.files = files;
        this.owners = Collections.unmodifiableMap(owners);
    }

    /**
     * Opens all weight files of a folder and checks their headers.
     *
     * @param folder the folder
     * @return the open weights
     * @throws ModelFileException if a file is missing or damaged
     * @throws UncheckedIOException if a file cannot be read
     */
    public static CheckpointFolder open(Path folder) {
        Path index = folder.resolve("model.safetensors.index.json");
        Path single = folder.resolve("model.safetensors");
        Map<String, SafetensorsFile> files = new LinkedHashMap<>();
        Map<String, SafetensorsFile> owners = new LinkedHashMap<>();
        try {
            if (Files.isRegularFile(single)) {
                SafetensorsFile file = SafetensorsFile.open(single);
                files.put(single.getFileName().toString(), file);
                file.names().forEach(name -> owners.put(name, file));
            } else if (Files.isRegularFile(index)) {
                openShards(folder, index, files, owners);
            } else {
                throw new ModelFileException(folder + " has neither model.safetensors nor model.safetensors.index.json;"
                        + " give the folder of a Hugging Face checkpoint in safetensors form");
            }
        } catch (RuntimeException e) {
            files.values().forEach(SafetensorsFile::close);
            throw e;
        }
        return new CheckpointFolder(folder, files, owners);
    }

    private static void openShards(
            Path folder, Path index, Map<String, SafetensorsFile> files, Map<String, SafetensorsFile> owners) {
        JsonElement map = readJson(index).get("weight_map");
        if (map == null || !map.isJsonObject()) {
            throw new ModelFileException(index + " has no weight_map; fetch it again");
        }
        for (Map.Entry<String, JsonElement> entry : map.getAsJsonObject().entrySet()) {
            if (!entry.getValue().isJsonPrimitive()) {
                throw new ModelFileException(
                        index + " has a weight_map that names no file for '" + entry.getKey() + "'; fetch it again");
            }
            String shard = entry.getValue().getAsString();
            if (!shard.matches("[A-Za-z0-9._-]+") || shard.startsWith(".")) {
                throw new ModelFileException(index + " names the shard '" + shard
                        + "', which is no plain file name; a shard must lie in the folder of its index");
            }
            SafetensorsFile file = files.computeIfAbsent(shard, s -> SafetensorsFile.open(folder.resolve(s)));
            file.info(entry.getKey());
            owners.put(entry.getKey(), file);
        }
    }

    /**
     * Unpacks a checkpoint that lies beside a class in its jar, uses it and removes it again.
     *
     * @param owner the class
     * @param name folder of the resources
     * @param files their names
     * @param use gets the temporary folder, which is removed when it returns
     * @param <T> type of the result
     * @return what {@code use} returned
     * @throws IllegalStateException if a resource is missing
     * @throws UncheckedIOException if there is no room for them
     */
    public static <T> T unpacked(Class<?> owner, String name, List<String> files, Function<Path, T> use) {
        try {
            Path folder = Files.createTempDirectory("apmae-" + name);
            try {
                for (String file : files) {
                    try (InputStream in = owner.getResourceAsStream(name + "/" + file)) {
                        if (in == null) {
                            throw new IllegalStateException("this copy of apmae-models lacks " + name + "/" + file
                                    + "; take the published artifact");
                        }
                        Files.copy(in, folder.resolve(file));
                    }
                }
                return use.apply(folder);
            } finally {
                for (String file : files) {
                    Files.deleteIfExists(folder.resolve(file));
                }
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack a model that comes with apmae: " + e.getMessage(), e);
        }
    }

    /**
     * Reads a JSON object from a file. A key given twice is refused, since nobody knows which one other readers take.
     *
     * @param path the file, at most 64 MiB
     * @return the object
     * @throws ModelFileException if the file is missing, too large, or holds no JSON object
     */
    public static JsonObject readJson(Path path) {
        try {
            if (!Files.isRegularFile(path)) {
                throw new ModelFileException(path + " is missing; give a complete checkpoint folder");
            }
            if (Files.size(path) > 64L << 20) {
                throw new ModelFileException(path + " has " + Files.size(path) + " bytes; at most 64 MiB are read");
            }
            JsonElement element = StrictJson.parse(Files.readString(path));
            if (!element.isJsonObject()) {
                throw new ModelFileException(path + " holds no JSON object; fetch it again");
            }
            return element.getAsJsonObject();
        } catch (JsonParseException | MalformedJsonException | EOFException | CharacterCodingException e) {
            throw new ModelFileException(path + " is not valid JSON; fetch it again", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Set<String> names() {
        return owners.keySet();
    }

    private SafetensorsFile owner(String name) {
        SafetensorsFile file = owners.get(name);
        if (file == null) {
            throw new ModelFileException(folder + " lacks the tensor '" + name
                    + "', which config.json asks for; give a complete checkpoint");
        }
        return file;
    }

    @Override
    public TensorInfo info(String name) {
        return owner(name).info(name);
    }

    @Override
    public float[] floats(String name) {
        return owner(name).floats(name);
    }

    @Override
    public long[] longs(String name) {
        return owner(name).longs(name);
    }

    @Override
    public NDArray load(NDManager owner, String name) {
        return owner(name).load(owner, name);
    }

    @Override
    public NDArray load(NDManager owner, String name, Precision precision, Consumer<ByteBuffer> stored) {
        return owner(name).load(owner, name, precision, stored);
    }

    @Override
    public String source() {
        return folder.toString();
    }

    @Override
    public void close() {
        files.values().forEach(SafetensorsFile::close);
    }
}
