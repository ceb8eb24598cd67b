package org.apmae.models.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.ScriptModule;
import org.apmae.models.safetensors.SafetensorsWriter.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private static byte[] bytes(String header, int dataSize) {
        return bytes(header.getBytes(StandardCharsets.UTF_8), dataSize);
    }

    private static byte[] bytes(byte[] header, int dataSize) {
        return ByteBuffer.allocate(8 + header.length + dataSize)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("model.safetensors"), bytes);
    }

    private static String tensor(String type, String shape, long begin, long end) {
        return "{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + "," + end + "]}";
    }

    private static void refused(Path path, String part) {
        assertThatThrownBy(() -> SafetensorsFile.open(path).close())
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(part)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(700));
    }

    @Test
    void floatsComeBackBitForBit() {
        float[] values = {0, -0f, 1.5f, Float.MIN_VALUE, -Float.MAX_VALUE, Float.POSITIVE_INFINITY};
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter(Precision.F32)
                .add("b", new long[] {2, 3}, values)
                .add("a", new long[] {}, new float[] {7})
                .add("none", new long[] {0, 4}, new float[0])
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path);
                NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            assertThat(file.names()).containsExactly("a", "b", "none");
            assertThat(file.floats("b")).containsExactly(values);
            assertThat(file.info("b").shape()).containsExactly(2L, 3L);
            assertThat(file.info("a").elements()).isEqualTo(1);
            NDArray array = file.load(manager, "b", 2, 3);
            assertThat(array.getShape()).isEqualTo(new Shape(2, 3));
            assertThat(array.toFloatArray()).containsExactly(values);
            assertThat(file.load(manager, "a").getShape().dimension()).isZero();
            assertThat(file.floats("none")).isEmpty();
        }
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void equalTensorsGiveEqualBytes() throws IOException {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        float[] values = {1, 2};
        new SafetensorsWriter(Precision.F32)
                .add("a", new long[] {2}, values)
                .add("b", new long[] {1, 2}, values)
                .write(one);
        new SafetensorsWriter(Precision.F32)
                .add("b", new long[] {1, 2}, values)
                .add("a", new long[] {2}, values)
                .write(two);
        assertThat(one).hasSameBinaryContentAs(two);
        assertThat(ByteBuffer.wrap(Files.readAllBytes(one))
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong()
                        % 8)
                .isZero();
    }

    @Test
    void bfloat16IsRoundedToNearestEven() {
        float[] values = {
            Float.intBitsToFloat(0x3f808000), // half way above an even number: down
            Float.intBitsToFloat(0x3f818000), // half way above an odd number: up
            Float.intBitsToFloat(0x3f808001), // just above half way: up
            Float.intBitsToFloat(0x3f807fff), // just below: down
            Float.intBitsToFloat(0xbf818000), // the sign does not matter
            Float.MAX_VALUE, // beyond the largest: infinity
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            Float.intBitsToFloat(0x7f800001), // NaN with a low payload must not become infinity
            -0f
        };
        int[] expected = {0x3f80, 0x3f82, 0x3f81, 0x3f80, 0xbf82, 0x7f80, 0xff80, 0x7fc0, 0x7fc0, 0x8000};
        Path path = folder.resolve("bf16");
        new SafetensorsWriter(Precision.BF16)
                .add("x", new long[] {values.length}, values)
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            float[] read = file.floats("x");
            for (int i = 0; i < read.length; i++) {
                assertThat(Float.floatToIntBits(read[i]) >>> 16)
                        .as("value %d, %s", i, values[i])
                        .isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void halfPrecisionIsExact() throws IOException {
        short[] halves = {0x0000, (short) 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, (short) 0xc000, 0x7bff, 0x7c00, 0x7e00
        };
        float[] expected = {
            0, -0f, 0x1p-24f, 1023 * 0x1p-24f, 0x1p-14f, 1, -2, 65504, Float.POSITIVE_INFINITY, Float.NaN
        };
        String header = "{\"h\":" + tensor("F16", "[10]", 0, 20) + "}";
        byte[] bytes = bytes(header, 20);
        for (int i = 0; i < halves.length; i++) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(bytes.length - 20 + 2 * i, halves[i]);
        }
        try (SafetensorsFile file = SafetensorsFile.open(file(bytes));
                NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            assertThat(file.floats("h")).containsExactly(expected);
            assertThat(file.load(manager, "h").toFloatArray()).containsExactly(expected);
        }
    }

    @Test
    void integersComeBackAndKindsAreNotMixed() throws IOException {
        String header = "{\"__metadata__\":{\"format\":\"pt\"},\"i\":" + tensor("I32", "[2]", 0, 8) + ",\"u\":"
                + tensor("U8", "[1]", 8, 9) + ",\"f\":" + tensor("F32", "[1]", 9, 13) + "}";
        byte[] bytes = bytes(header, 13);
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(bytes.length - 13, -5)
                .put(bytes.length - 5, (byte) 200);
        try (SafetensorsFile file = SafetensorsFile.open(file(bytes));
                NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.longs("i")).containsExactly(-5, 0);
            assertThat(file.longs("u")).containsExactly(200);
            assertThat(file.load(manager, "u").toLongArray()).containsExactly(200);
            assertThatThrownBy(() -> file.floats("i"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("I32");
            assertThatThrownBy(() -> file.longs("f"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("F32");
            assertThatThrownBy(() -> file.floats("x"))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("'x'");
            assertThatThrownBy(() -> file.load(manager, "f", 2))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("[2]");
        }
    }

    @Test
    void aClosedFileSaysSo() throws IOException {
        SafetensorsFile file = SafetensorsFile.open(file(bytes("{\"a\":" + tensor("F32", "[1]", 0, 4) + "}", 4)));
        file.close();
        file.close();
        assertThatThrownBy(() -> file.floats("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aTensorMustFitItsShape() {
        assertThatThrownBy(() -> new SafetensorsWriter(Precision.F32).add("a", new long[] {2, 2}, new float[3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 elements");
    }

    static Stream<Arguments> hostile() {
        String sound = tensor("F32", "[2]", 0, 8);
        return Stream.of(
                Arguments.of("overlap", "{\"a\":" + sound + ",\"b\":" + sound + "}", 8, "overlap"),
                Arguments.of("gap", "{\"a\":" + sound + ",\"b\":" + tensor("F32", "[1]", 12, 16) + "}", 16, "was due"),
                Arguments.of("tail", "{\"a\":" + sound + "}", 9, "8 of 9 bytes"),
                Arguments.of("cut off", "{\"a\":" + sound + "}", 7, "cut off"),
                Arguments.of("unknown type", "{\"a\":" + tensor("F8_E4M3", "[8]", 0, 8) + "}", 8, "F8_E4M3"),
                Arguments.of("wrong type", "{\"a\":" + tensor("F64", "[2]", 0, 8) + "}", 8, "cannot have 8 bytes"),
                Arguments.of("tensor twice", "{\"a\":" + sound + ",\"a\":" + sound + "}", 8, "twice"),
                Arguments.of(
                        "field twice",
                        "{\"a\":{\"dtype\":\"F64\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                        8,
                        "twice"),
                Arguments.of("nesting", "{\"a\":{\"dtype\":" + "[".repeat(50_000) + "}}", 8, "cannot be read"),
                Arguments.of("no object", "[1,2,3]", 8, "cannot be read"),
                Arguments.of("entry no object", "{\"a\":3}", 8, "object"),
                Arguments.of("no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "lacks"),
                Arguments.of(
                        "three offsets",
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4,8]}}",
                        8,
                        "not two offsets"),
                Arguments.of("offsets backwards", "{\"a\":" + tensor("F32", "[2]", 8, 0) + "}", 8, "8 to 0"),
                Arguments.of("offset below 0", "{\"a\":" + tensor("F32", "[2]", -8, 0) + "}", 8, "-8"),
                Arguments.of(
                        "offset past long",
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,18446744073709551624]}}",
                        8,
                        "cannot be read"),
                Arguments.of("size below 0", "{\"a\":" + tensor("F32", "[-2]", 0, 8) + "}", 8, "-2"),
                Arguments.of("half a size", "{\"a\":" + tensor("F32", "[1.5]", 0, 8) + "}", 8, "cannot be read"),
                Arguments.of(
                        "overflow",
                        "{\"a\":" + tensor("F32", "[4294967296,4294967296,2]", 0, 8) + "}",
                        8,
                        "cannot be read"),
                Arguments.of("overflow by type", "{\"a\":" + tensor("F32", "[4611686018427387906]", 0, 8) + "}", 8, ""),
                Arguments.of("exponent", "{\"a\":" + tensor("F32", "[1e999999999]", 0, 8) + "}", 8, "cannot be read"),
                Arguments.of("many sizes", "{\"a\":" + tensor("F32", "[2,1,1,1,1,1,1,1,1]", 0, 8) + "}", 8, "8 dim"),
                Arguments.of("text behind", "{\"a\":" + sound + "} x", 8, ""),
                Arguments.of("metadata no text", "{\"__metadata__\":{\"a\":[1,2]},\"a\":" + sound + "}", 8, ""),
                Arguments.of("unfinished", "{\"a\":", 8, "cannot be read"),
                Arguments.of("long name", "{\"" + "x".repeat(100_000) + "\":3}", 8, "xxx..."));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void refusesABadHeader(String name, String header, int dataSize, String part) throws IOException {
        refused(file(bytes(header, dataSize)), part);
    }

    @Test
    void refusesABadLength() throws IOException {
        refused(file(new byte[0]), "0 bytes");
        refused(file(new byte[7]), "7 bytes");
        for (long length : new long[] {0, 1, 1000, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            byte[] bytes = bytes("{}", 0);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            refused(file(bytes), Long.toUnsignedString(length));
        }
    }

    @Test
    void refusesAHugeHeaderOfASparseFileWithoutReadingIt() throws IOException {
        Path path = file(bytes("{}", 0));
        long length = 3L << 30;
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
            sparse.setLength(length + 8);
            ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            sparse.write(head.putLong(length).array());
        }
        refused(path, "allowed");
    }

    @Test
    void refusesNamesThatAreNoText() throws IOException {
        String header = "{\"a?\":" + tensor("F32", "[2]", 0, 8) + "}";
        byte[] raw = header.getBytes(StandardCharsets.UTF_8);
        raw[3] = (byte) 0xff;
        refused(file(bytes(raw, 8)), "UTF-8");
    }

    /** Mutates bytes, numbers and whole fields of a sound header; memory is bounded as {@link SafetensorsFile#open} says. */
    @Test
    void everyMutatedFileIsRefusedOrSoundInBoundedMemory() throws IOException {
        Path path = folder.resolve("seed");
        new SafetensorsWriter(Precision.F32)
                .add("first", new long[] {2, 3}, new float[6])
                .add("second", new long[] {4}, new float[4])
                .write(path);
        byte[] sound = Files.readAllBytes(path);
        int header = (int) ByteBuffer.wrap(sound).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String text = new String(sound, 8, header, StandardCharsets.UTF_8);
        long bound = (1 << 20) + 256L * 2 * header;
        ThreadMXBean memory = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
        Random random = new Random(17);
        int refused = 0;
        int read = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = random.nextInt(3) == 0 ? rewritten(text, random) : changed(sound, header, random);
            overwrite(path, bytes);
            long before = memory.getCurrentThreadAllocatedBytes();
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (String name : file.names()) {
                    TensorInfo info = file.info(name);
                    int length = info.type().matches("F.*|BF16") ? file.floats(name).length : file.longs(name).length;
                    assertThat((long) length).isEqualTo(info.elements());
                }
                read++;
            } catch (ModelFileException e) {
                assertThat(e.getMessage()).doesNotContain("\n");
                refused++;
            }
            assertThat(memory.getCurrentThreadAllocatedBytes() - before)
                    .as("round %d", round)
                    .isLessThan(bound);
        }
        assertThat(refused).isGreaterThan(10_000);
        assertThat(read).isGreaterThan(100);
    }

    /** Without cutting the file to nothing first, which makes some file systems write to the disk at once. */
    private static void overwrite(Path path, byte[] bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(bytes);
            file.setLength(bytes.length);
        }
    }

    private static byte[] changed(byte[] sound, int header, Random random) {
        byte[] alphabet = "{}[]\":,0123456789-eE.F32BOL xX\\u".getBytes(StandardCharsets.UTF_8);
        byte[] bytes = sound.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(20) == 0 ? random.nextInt(8) : 8 + random.nextInt(header);
            bytes[at] = random.nextInt(4) == 0 ? (byte) random.nextInt(256) : alphabet[random.nextInt(alphabet.length)];
        }
        return random.nextInt(10) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 8)) : bytes;
    }

    /** A header with fields replaced by hostile ones, of the right length and in front of the right amount of data. */
    private static byte[] rewritten(String text, Random random) {
        String[] numbers = {
            "0", "-1", "1", "2", "24", "40", "2147483648", "9223372036854775807", "18446744073709551616", "1e400", "0.5"
        };
        String[][] swaps = {
            {"F32", "F64"},
            {"F32", "BF16"},
            {"F32", "F16"},
            {"F32", "I8"},
            {"F32", "Q4"},
            {"second", "first"},
            {"shape", "dtype"},
            {"data_offsets", "offsets"},
            {"[4]", "[2,2]"},
            {"[4]", "[]"},
            {"[4]", "[[4]]"},
            {"\"pt\"", "{}"},
            {"first", "\\ud800"},
            {"first", "../../etc"},
            {"__metadata__", "m"}
        };
        String header = text;
        for (int i = 0; i <= random.nextInt(3); i++) {
            if (random.nextBoolean()) {
                String[] swap = swaps[random.nextInt(swaps.length)];
                header = header.replace(swap[0], swap[1]);
            } else {
                String number = numbers[random.nextInt(numbers.length)];
                String[] old = {"[2,", "3]", "[4]", "[0,", "24]", "[24,", "40]"};
                String one = old[random.nextInt(old.length)];
                header = header.replace(one, one.replaceAll("\\d+", number));
            }
        }
        return bytes(header, 40);
    }

    @Test
    void aMappedTensorEqualsACopiedOne() throws IOException {
        Path path = folder.resolve("map");
        float[] values = {1.5f, -2, 0.25f, 3, -0f, 1024};
        for (Precision stored : Precision.values()) {
            new SafetensorsWriter(stored)
                    .add("a", new long[] {1}, new float[] {9})
                    .add("b", new long[] {2, 3}, values)
                    .write(path);
            byte[] bytes = Files.readAllBytes(path);
            byte[] data = Arrays.copyOfRange(bytes, bytes.length - (stored == Precision.F32 ? 24 : 12), bytes.length);
            for (org.apmae.models.runtime.Precision wanted : org.apmae.models.runtime.Precision.values()) {
                for (long mapFrom : new long[] {0, Long.MAX_VALUE}) {
                    ByteArrayOutputStream seen = new ByteArrayOutputStream();
                    try (NDManager manager = NativeRuntime.newManager(Device.cpu())) {
                        NDArray array;
                        try (SafetensorsFile file = SafetensorsFile.open(path, mapFrom)) {
                            array = file.load(manager, "b", wanted, piece -> {
                                while (piece.hasRemaining()) {
                                    seen.write(piece.get());
                                }
                            });
                        }
                        // the array outlives the open file
                        NDArray wide = ScriptModule.compile(manager, "x: Tensor", "    return torch.to(x, 6)\n")
                                .call(manager, array);
                        assertThat(wide.getShape()).isEqualTo(new Shape(2, 3));
                        assertThat(wide.toFloatArray()).containsExactly(values);
                        assertThat(seen.toByteArray()).isEqualTo(data);
                    }
                }
            }
        }
    }

    @Test
    void whatLiesBetweenElementsIsCopied() throws IOException {
        String header = "{\"u\":" + tensor("U8", "[1]", 0, 1) + ",\"f\":" + tensor("F32", "[2]", 1, 9) + "}";
        byte[] bytes = bytes(header, 9);
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(bytes.length - 8, 7)
                .putFloat(bytes.length - 4, -3);
        try (SafetensorsFile file = SafetensorsFile.open(file(bytes), 0);
                NDManager manager = NativeRuntime.newManager(Device.cpu())) {
            assertThat(file.load(manager, "f", org.apmae.models.runtime.Precision.F32, piece -> {})
                            .toFloatArray())
                    .containsExactly(7, -3);
            assertThatThrownBy(() -> file.load(manager, "u", org.apmae.models.runtime.Precision.F32, piece -> {}))
                    .isInstanceOf(ModelFileException.class)
                    .hasMessageContaining("U8");
        }
    }
}
