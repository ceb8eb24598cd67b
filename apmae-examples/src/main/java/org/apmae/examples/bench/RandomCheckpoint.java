package org.apmae.examples.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.apmae.core.progress.Progress;

/** Writes a StarCoder2 checkpoint of random bf16 numbers, of any size, without holding it in memory. */
final class RandomCheckpoint {
    static final int HIDDEN = 3072;
    static final int HEADS = 24;
    static final int KEY_VALUE_HEADS = 2;
    static final int INTERMEDIATE = 12288;
    static final int VOCABULARY = 49152;

    private static final int PIECE = 1 << 22;
    private static final short ONE = 0x3f80;

    private RandomCheckpoint() {}

    /** Writes config.json and model.safetensors of StarCoder2-3B's widths. */
    static void write(Path folder, int layers, long seed, Progress progress) throws IOException {
        JsonObject config = new JsonObject();
        config.addProperty("model_type", "starcoder2");
        config.addProperty("num_hidden_layers", layers);
        config.addProperty("hidden_size", HIDDEN);
        config.addProperty("num_attention_heads", HEADS);
        config.addProperty("num_key_value_heads", KEY_VALUE_HEADS);
        config.addProperty("intermediate_size", INTERMEDIATE);
        config.addProperty("vocab_size", VOCABULARY);
        config.addProperty("rope_theta", 999999.4420358813);
        config.addProperty("torch_dtype", "bfloat16");
        Files.writeString(folder.resolve("config.json"), config.toString());

        Map<String, long[]> shapes = shapes(layers);
        JsonObject header = new JsonObject();
        long end = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            long begin = end;
            JsonArray shape = new JsonArray();
            long size = 2;
            for (long side : entry.getValue()) {
                shape.add(side);
                size *= side;
            }
            end += size;
            JsonArray offsets = new JsonArray();
            offsets.add(begin);
            offsets.add(end);
            JsonObject tensor = new JsonObject();
            tensor.addProperty("dtype", "BF16");
            tensor.add("shape", shape);
            tensor.add("data_offsets", offsets);
            header.add(entry.getKey(), tensor);
        }
        try (FileChannel channel = FileChannel.open(
                        folder.resolve("model.safetensors"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                Progress.Stage stage = progress.start("writing a random checkpoint", end >> 20, "MB")) {
            byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
            int padded = (text.length + 7) / 8 * 8;
            ByteBuffer start = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
            start.putLong(padded).put(text);
            while (start.hasRemaining()) {
                start.put((byte) ' ');
            }
            writeAll(channel, start.flip());
            short[] numbers = numbers(seed);
            SplittableRandom random = new SplittableRandom(seed);
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE).order(ByteOrder.LITTLE_ENDIAN);
            for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
                boolean norm = entry.getKey().contains("norm.weight");
                long left = 2;
                for (long side : entry.getValue()) {
                    left *= side;
                }
                while (left > 0) {
                    piece.clear().limit((int) Math.min(PIECE, left));
                    left -= piece.limit();
                    fill(piece, norm, numbers, random);
                    writeAll(channel, piece.flip());
                    stage.step(piece.limit() >> 20);
                }
            }
        }
    }

    private static void fill(ByteBuffer piece, boolean norm, short[] numbers, SplittableRandom random) {
        while (piece.remaining() >= 8) {
            long bits = random.nextLong();
            for (int i = 0; i < 4; i++) {
                piece.putShort(norm ? ONE : numbers[(int) (bits >>> (16 * i)) & 0xffff]);
            }
        }
        while (piece.hasRemaining()) {
            piece.putShort(norm ? ONE : numbers[random.nextInt(1 << 16)]);
        }
    }

    /** A table of normally distributed numbers, cut to bf16, from which all weights are drawn. */
    private static short[] numbers(long seed) {
        Random random = new Random(seed);
        short[] numbers = new short[1 << 16];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (short) (Float.floatToIntBits((float) (0.018 * random.nextGaussian())) >>> 16);
        }
        return numbers;
    }

    private static Map<String, long[]> shapes(int layers) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long keys = (long) KEY_VALUE_HEADS * (HIDDEN / HEADS);
        shapes.put("model.embed_tokens.weight", new long[] {VOCABULARY, HIDDEN});
        for (int layer = 0; layer < layers; layer++) {
            String prefix = "model.layers." + layer + ".";
            norm(shapes, prefix + "input_layernorm");
            linear(shapes, prefix + "self_attn.q_proj", HIDDEN, HIDDEN);
            linear(shapes, prefix + "self_attn.k_proj", keys, HIDDEN);
            linear(shapes, prefix + "self_attn.v_proj", keys, HIDDEN);
            linear(shapes, prefix + "self_attn.o_proj", HIDDEN, HIDDEN);
            norm(shapes, prefix + "post_attention_layernorm");
            linear(shapes, prefix + "mlp.c_fc", INTERMEDIATE, HIDDEN);
            linear(shapes, prefix + "mlp.c_proj", HIDDEN, INTERMEDIATE);
        }
        norm(shapes, "model.norm");
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in) {
        shapes.put(name + ".weight", new long[] {out, in});
        shapes.put(name + ".bias", new long[] {out});
    }

    private static void norm(Map<String, long[]> shapes, String name) {
        shapes.put(name + ".weight", new long[] {HIDDEN});
        shapes.put(name + ".bias", new long[] {HIDDEN});
    }

    private static void writeAll(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
