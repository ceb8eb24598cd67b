package org.apmae.models.safetensors;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.Precision;

/**
 * One safetensors file, open for reading. Its header is checked as a whole before any tensor is read: lengths, offsets,
 * overlaps, shapes and types. Thread-safe until closed.
 */
public final class SafetensorsFile implements Weights {
    /** Some 300,000 tensors; a header is held in memory several times over while it is read. */
    private static final long MAX_HEADER = 32L << 20;

    /** Data that is read at once: whole elements of every type. */
    private static final long PIECE = 1L << 20;

    /** Bytes of data from which a file is mapped into memory instead of copied. */
    private static final long MAP_FROM = 64L << 20;

    private static final TypeAdapter<JsonElement> ANY = new Gson().getAdapter(JsonElement.class);

    private static final Map<String, Integer> WIDTHS =
            Map.of("F64", 8, "F32", 4, "F16", 2, "BF16", 2, "I64", 8, "I32", 4, "I16", 2, "I8", 1, "U8", 1, "BOOL", 1);
    private static final Set<String> FLOATING = Set.of("F64", "F32", "F16", "BF16");

    private final Path path;
    private final FileChannel channel;
    private final long dataStart;
    private final Map<String, TensorInfo> tensors;
    private final Map<String, String> metadata;
    private final long dataSize;
    private final long mapFrom;
    private final Queue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();
    private final Map<Precision, NDArray> maps = new EnumMap<>(Precision.class);
    private NDManager mapOwner;

    private SafetensorsFile(
            Path path,
            FileChannel channel,
            long dataStart,
            long dataSize,
            long mapFrom,
            Map<String, TensorInfo> tensors,
            Map<String, String> metadata) {
        this.path = path;
        this.channel = channel;
        this.dataStart = dataStart;
        this.dataSize = dataSize;
        this.mapFrom = mapFrom;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Opens a file and checks its header. Whatever the file holds, this takes at most 1 MiB of memory and 256 bytes more for
     * each byte of the header, and a header has 32 MiB at most.
     *
     * @param path the file
     * @return the open file
     * @throws ModelFileException if the header is damaged or does not fit the file
     * @throws UncheckedIOException if the file cannot be read
     */
    public static SafetensorsFile open(Path path) {
        return open(path, MAP_FROM);
    }

    /** Opens a file whose tensors are mapped, where they can be, if it holds at least so many bytes of data. */
    static SafetensorsFile open(Path path, long mapFrom) {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return read(path, channel, mapFrom);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw new ModelFileException(
                    path + " does not exist; give the folder of a checkpoint with all its safetensors files", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path + ": " + e.getMessage(), e);
        }
    }

    private static SafetensorsFile read(Path path, FileChannel channel, long mapFrom) throws IOException {
        long size = channel.size();
        if (size < 8) {
            throw damaged(path, "it has " + size + " bytes, fewer than the 8 of the header's length");
        }
        long length = readFully(path, channel, 0, 8).getLong();
        if (length < 2 || length > MAX_HEADER || length > size - 8) {
            throw damaged(
                    path,
                    "its header claims " + Long.toUnsignedString(length) + " bytes in a file of " + size
                            + " bytes (at most " + MAX_HEADER + " are allowed)");
        }
        String json = text(path, readFully(path, channel, 8, (int) length));
        long dataStart = 8 + length;
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, TensorInfo> tensors = parse(path, json, size - dataStart, metadata);
        return new SafetensorsFile(path, channel, dataStart, size - dataStart, mapFrom, tensors, metadata);
    }

    private static String text(Path path, ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new ModelFileException(
                    path + " is not a whole safetensors file: its header is not UTF-8; fetch it again", e);
        }
    }

    private static Map<String, TensorInfo> parse(Path path, String json, long dataSize, Map<String, String> metadata) {
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        try (JsonReader reader = new JsonReader(new StringReader(json))) {
            reader.setStrictness(Strictness.STRICT);
            reader.setNestingLimit(8);
            reader.beginObject();
            while (reader.hasNext()) {
                String name = reader.nextName();
                JsonObject value = entry(path, name, reader);
                if (name.equals("__metadata__")) {
                    value.entrySet()
                            .forEach(e -> metadata.put(e.getKey(), e.getValue().getAsString()));
                } else if (tensors.put(name, tensor(path, name, value, dataSize)) != null) {
                    throw damaged(path, "the tensor '" + shown(name) + "' is listed twice");
                }
            }
            reader.endObject();
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw damaged(path, "text follows its header");
            }
        } catch (IOException
                | JsonParseException
                | IllegalStateException
                | NumberFormatException
                | ArithmeticException
                | UnsupportedOperationException
                | StackOverflowError e) {
            throw new ModelFileException(
                    path + " has a header that cannot be read (" + firstLine(e) + "); fetch the file again", e);
        }
        checkLayout(path, tensors, dataSize);
        return tensors;
    }

    /** Reads one entry of the header; of a field given twice nobody knows which one other readers take. */
    private static JsonObject entry(Path path, String name, JsonReader reader) throws IOException {
        if (reader.peek() != JsonToken.BEGIN_OBJECT) {
            throw damaged(path, "the header entry '" + shown(name) + "' is not an object");
        }
        JsonObject entry = new JsonObject();
        reader.beginObject();
        while (reader.hasNext()) {
            String field = reader.nextName();
            if (entry.has(field)) {
                throw damaged(path, "'" + shown(field) + "' stands twice in the header entry '" + shown(name) + "'");
            }
            entry.add(field, ANY.read(reader));
        }
        reader.endObject();
        return entry;
    }

    private static String firstLine(Throwable e) {
        String message = String.valueOf(e.getMessage());
        return shown(message.lines().findFirst().orElse(message));
    }

    private static String shown(String name) {
        return name.length() <= 80 ? name : name.substring(0, 80) + "...";
    }

    private static TensorInfo tensor(Path path, String name, JsonObject json, long dataSize) {
        if (!json.has("dtype") || !json.has("shape") || !json.has("data_offsets")) {
            throw damaged(path, "the tensor '" + shown(name) + "' lacks dtype, shape or data_offsets");
        }
        String type = json.get("dtype").getAsString();
        Integer width = WIDTHS.get(type);
        if (width == null) {
            throw new ModelFileException(path + " holds '" + shown(name) + "' as " + shown(type)
                    + "; supported types are F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL");
        }
        List<Long> shape = new ArrayList<>();
        for (JsonElement element : json.get("shape").getAsJsonArray()) {
            long dimension = element.getAsBigDecimal().longValueExact();
            if (dimension < 0) {
                throw damaged(path, "the tensor '" + shown(name) + "' has the size " + dimension);
            }
            shape.add(dimension);
        }
        if (shape.size() > 8 || json.get("data_offsets").getAsJsonArray().size() != 2) {
            throw damaged(path, "the tensor '" + shown(name) + "' has more than 8 dimensions or not two offsets");
        }
        long begin = json.get("data_offsets")
                .getAsJsonArray()
                .get(0)
                .getAsBigDecimal()
                .longValueExact();
        long end = json.get("data_offsets")
                .getAsJsonArray()
                .get(1)
                .getAsBigDecimal()
                .longValueExact();
        TensorInfo info = new TensorInfo(name, type, shape, begin, end);
        if (begin < 0 || end < begin || end > dataSize) {
            throw damaged(
                    path,
                    "the tensor '" + shown(name) + "' lies at bytes " + begin + " to " + end + " of " + dataSize
                            + " bytes of data: the file is cut off or its header is wrong");
        }
        if (Math.multiplyExact(info.elements(), width.longValue()) != end - begin) {
            throw damaged(
                    path,
                    "the tensor '" + shown(name) + "' of shape " + shape + " and type " + type + " cannot have "
                            + (end - begin) + " bytes");
        }
        return info;
    }

    private static void checkLayout(Path path, Map<String, TensorInfo> tensors, long dataSize) {
        List<TensorInfo> sorted = new ArrayList<>(tensors.values());
        sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        long position = 0;
        for (TensorInfo info : sorted) {
            if (info.begin() != position) {
                throw damaged(
                        path,
                        "the tensor '" + shown(info.name()) + "' begins at byte " + info.begin() + " where " + position
                                + " was due: tensors overlap or leave a gap");
            }
            position = info.end();
        }
        if (position != dataSize) {
            throw damaged(path, "its tensors take " + position + " of " + dataSize + " bytes of data");
        }
    }

    private static ModelFileException damaged(Path path, String what) {
        return new ModelFileException(path + " is not a whole safetensors file: " + what + "; fetch it again");
    }

    private static ByteBuffer readFully(Path path, FileChannel channel, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
        readInto(path, channel, position, buffer);
        return buffer.flip();
    }

    private static void readInto(Path path, FileChannel channel, long position, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw damaged(path, "it ended while it was read");
            }
        }
    }

    /**
     * Returns the free-form metadata of the header.
     *
     * @return an immutable map, possibly empty
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        TensorInfo info = tensors.get(name);
        if (info == null) {
            throw new ModelFileException(
                    path + " lacks the tensor '" + shown(name) + "'; take all files from the same checkpoint");
        }
        return info;
    }

    private void checkOpen(String name) {
        if (!channel.isOpen()) {
            throw new IllegalStateException(path + " is closed; open it again to read '" + shown(name) + "'");
        }
    }

    private TensorInfo floating(String name) {
        TensorInfo info = info(name);
        if (!FLOATING.contains(info.type())) {
            throw new ModelFileException(path + " holds '" + shown(name) + "' as " + info.type()
                    + " where floating-point numbers are needed");
        }
        return info;
    }

    /** Hands out a tensor's bytes piece by piece, in one buffer of bounded size that is used again. */
    private void pieces(TensorInfo info, Consumer<ByteBuffer> reader) {
        checkOpen(info.name());
        ByteBuffer buffer = buffers.poll();
        if (buffer == null) {
            long most = Math.min(PIECE, dataSize);
            buffer = ByteBuffer.allocateDirect((int) most).order(ByteOrder.LITTLE_ENDIAN);
        }
        try {
            for (long at = info.begin(); at < info.end(); at += buffer.capacity()) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), info.end() - at));
                readInto(path, channel, dataStart + at, buffer);
                reader.accept(buffer.flip());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot read '" + shown(info.name()) + "' from " + path + ": " + e.getMessage(), e);
        } finally {
            buffers.add(buffer);
        }
    }

    private static int count(Path path, TensorInfo info) {
        if (info.elements() > Integer.MAX_VALUE - 8) {
            throw new ModelFileException(path + " holds '" + shown(info.name()) + "' with " + info.elements()
                    + " elements; a Java array takes 2 billion at most, load it as NDArray");
        }
        return (int) info.elements();
    }

    @Override
    public float[] floats(String name) {
        TensorInfo info = floating(name);
        FloatBuffer out = FloatBuffer.allocate(count(path, info));
        pieces(info, bytes -> {
            switch (info.type()) {
                case "F32" -> out.put(slice(bytes).asFloatBuffer());
                case "F64" -> {
                    for (int i = 0; i < bytes.remaining(); i += 8) {
                        out.put((float) bytes.getDouble(i));
                    }
                }
                case "BF16" -> {
                    for (int i = 0; i < bytes.remaining(); i += 2) {
                        out.put(Float.intBitsToFloat(bytes.getShort(i) << 16));
                    }
                }
                default -> {
                    try (NDManager manager = NativeRuntime.newManager(Device.cpu())) {
                        out.put(manager.create(slice(bytes), new Shape(bytes.remaining() / 2), DataType.FLOAT16)
                                .toType(DataType.FLOAT32, false)
                                .toFloatArray());
                    }
                }
            }
        });
        return out.array();
    }

    private static ByteBuffer slice(ByteBuffer bytes) {
        return bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public long[] longs(String name) {
        TensorInfo info = info(name);
        if (FLOATING.contains(info.type())) {
            throw new ModelFileException(
                    path + " holds '" + shown(name) + "' as " + info.type() + " where integers are needed");
        }
        LongBuffer out = LongBuffer.allocate(count(path, info));
        int width = WIDTHS.get(info.type());
        pieces(info, bytes -> {
            for (int i = 0; i < bytes.remaining(); i += width) {
                out.put(
                        switch (info.type()) {
                            case "I64" -> bytes.getLong(i);
                            case "I32" -> bytes.getInt(i);
                            case "I16" -> bytes.getShort(i);
                            case "I8" -> bytes.get(i);
                            default -> bytes.get(i) & 0xff;
                        });
            }
        });
        return out.array();
    }

    @Override
    public NDArray load(NDManager owner, String name) {
        TensorInfo info = info(name);
        return FLOATING.contains(info.type())
                ? copy(owner, info, Precision.F32, bytes -> {})
                : owner.create(LongBuffer.wrap(longs(name)), new Shape(info.dimensions()), DataType.INT64);
    }

    @Override
    public NDArray load(NDManager owner, String name, Precision precision, Consumer<ByteBuffer> stored) {
        TensorInfo info = floating(name);
        checkOpen(name);
        NativeTensors tensors = NativeTensors.on(owner.getDevice());
        NDArray mapped = mapped(tensors, owner, info, precision);
        if (mapped != null) {
            pieces(info, stored);
            return mapped;
        }
        return copy(owner, info, precision, stored);
    }

    private NDArray copy(NDManager owner, TensorInfo info, Precision precision, Consumer<ByteBuffer> stored) {
        checkOpen(info.name());
        NativeTensors tensors = NativeTensors.on(owner.getDevice());
        NDArray array = tensors.empty(owner, info.dimensions(), precision);
        long[] at = {0};
        pieces(info, bytes -> {
            stored.accept(bytes.duplicate());
            at[0] += tensors.fill(array, at[0], bytes, info.type());
        });
        return array;
    }

    /**
     * A view of the file itself, or null where the numbers must be converted or moved. A small file is copied, so that it may
     * be deleted while its tensors are in use on every system.
     */
    private synchronized NDArray mapped(NativeTensors tensors, NDManager owner, TensorInfo info, Precision precision) {
        long first = dataStart + info.begin();
        if (!info.type().equals(precision.name())
                || owner.getDevice().isGpu()
                || dataSize < mapFrom
                || first % precision.bytes() != 0) {
            return null;
        }
        if (mapOwner == null) {
            mapOwner = NativeRuntime.newManager(Device.cpu());
        }
        try {
            NDArray whole = maps.computeIfAbsent(
                    precision, p -> tensors.map(mapOwner, path, (dataStart + dataSize) / p.bytes(), p));
            return tensors.view(owner, whole, first / precision.bytes(), info.elements(), info.dimensions());
        } catch (EngineException e) {
            return null; // a file system without maps, or a name that libtorch cannot spell: copying always works
        }
    }

    @Override
    public String source() {
        return path.toString();
    }

    @Override
    public void close() {
        synchronized (this) {
            maps.clear();
            buffers.clear();
            if (mapOwner != null) {
                mapOwner.close();
                mapOwner = null;
            }
        }
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + path + ": " + e.getMessage(), e);
        }
    }
}
