package org.apmae.models.safetensors;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Collects float tensors and writes them as one safetensors file, in the order of their names, so that equal tensors give
 * equal bytes. Not thread-safe.
 */
public final class SafetensorsWriter {
    /** How numbers are stored. */
    public enum Precision {
        /** 32-bit floating point. */
        F32(4),
        /** Brain floating point of 16 bits, rounded to nearest even. */
        BF16(2);

        private final int width;

        Precision(int width) {
            this.width = width;
        }
    }

    private final Precision precision;
    private final Map<String, long[]> shapes = new TreeMap<>();
    private final Map<String, float[]> values = new LinkedHashMap<>();

    /**
     * Starts an empty file.
     *
     * @param precision how all tensors are stored
     */
    public SafetensorsWriter(Precision precision) {
        this.precision = precision;
    }

    /**
     * Adds a tensor.
     *
     * @param name its name
     * @param array float32, any shape; copied
     * @return this
     */
    public SafetensorsWriter add(String name, NDArray array) {
        return add(name, array.getShape().getShape(), array.toFloatArray());
    }

    /**
     * Adds a tensor.
     *
     * @param name its name
     * @param shape its sizes
     * @param numbers its elements, row by row; not copied, leave them unchanged until {@link #write}
     * @return this
     * @throws IllegalArgumentException if the number of elements does not fit the shape
     */
    public SafetensorsWriter add(String name, long[] shape, float[] numbers) {
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        if (count != numbers.length) {
            throw new IllegalArgumentException("the tensor '" + name + "' has " + numbers.length
                    + " elements, but its shape " + Arrays.toString(shape) + " asks for " + count);
        }
        shapes.put(name, shape.clone());
        values.put(name, numbers);
        return this;
    }

    /**
     * Writes the file: first under a temporary name beside it, then moved into place in one step.
     *
     * @param path the file; replaced if it exists
     * @throws UncheckedIOException if it cannot be written; what stood there before is then untouched
     */
    public void write(Path path) {
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                writeAll(channel, header());
                for (String name : shapes.keySet()) {
                    writeAll(channel, encode(values.get(name)));
                }
                channel.force(true);
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path + ": " + e.getMessage(), e);
        }
    }

    private ByteBuffer header() {
        JsonObject json = new JsonObject();
        JsonObject metadata = new JsonObject();
        metadata.addProperty("format", "pt");
        json.add("__metadata__", metadata);
        long position = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            JsonObject tensor = new JsonObject();
            tensor.addProperty("dtype", precision.name());
            JsonArray shape = new JsonArray();
            Arrays.stream(entry.getValue()).forEach(shape::add);
            tensor.add("shape", shape);
            JsonArray offsets = new JsonArray();
            offsets.add(position);
            position += (long) values.get(entry.getKey()).length * precision.width;
            offsets.add(position);
            tensor.add("data_offsets", offsets);
            json.add(entry.getKey(), tensor);
        }
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + 7) / 8 * 8;
        ByteBuffer buffer = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(padded).put(text);
        while (buffer.hasRemaining()) {
            buffer.put((byte) ' ');
        }
        return buffer.flip();
    }

    private ByteBuffer encode(float[] numbers) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.multiplyExact(numbers.length, precision.width))
                .order(ByteOrder.LITTLE_ENDIAN);
        if (precision == Precision.F32) {
            buffer.asFloatBuffer().put(numbers);
        } else {
            for (int i = 0; i < numbers.length; i++) {
                buffer.putShort(2 * i, toBfloat16(numbers[i]));
            }
        }
        return buffer;
    }

    static short toBfloat16(float number) {
        int bits = Float.floatToIntBits(number);
        if (Float.isNaN(number)) {
            return (short) 0x7fc0;
        }
        int rounding = 0x7fff + ((bits >> 16) & 1);
        return (short) ((bits + rounding) >> 16);
    }

    private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
