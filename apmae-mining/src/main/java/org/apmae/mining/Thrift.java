package org.apmae.mining;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A struct in Thrift's compact protocol, as Parquet's footer and page headers are: its fields by their number. A buffer that
 * ends too early gives a {@link java.nio.BufferUnderflowException}.
 *
 * @see <a href="https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md">Thrift compact protocol</a>
 */
final class Thrift {
    private static final int DEEPEST = 32;

    private final Map<Integer, Object> fields = new HashMap<>();

    private Thrift() {}

    static Thrift read(ByteBuffer in) throws IOException {
        return struct(in, 0);
    }

    long number(int field, long otherwise) {
        return fields.get(field) instanceof Long value ? value : otherwise;
    }

    boolean flag(int field, boolean otherwise) {
        return fields.get(field) instanceof Boolean value ? value : otherwise;
    }

    String text(int field) {
        return fields.get(field) instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : "";
    }

    /** A struct; empty where it is missing. */
    Thrift struct(int field) {
        return fields.get(field) instanceof Thrift struct ? struct : new Thrift();
    }

    /** The structs of a list; none where it is missing. */
    List<Thrift> structs(int field) {
        List<Thrift> structs = new ArrayList<>();
        if (fields.get(field) instanceof List<?> list) {
            list.forEach(each -> structs.add(each instanceof Thrift struct ? struct : new Thrift()));
        }
        return structs;
    }

    private static Thrift struct(ByteBuffer in, int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new IOException("the metadata is nested more than " + DEEPEST + " deep");
        }
        Thrift struct = new Thrift();
        int field = 0;
        while (true) {
            int header = in.get() & 0xff;
            if (header == 0) {
                return struct;
            }
            int type = header & 15;
            int delta = header >>> 4;
            field = delta == 0 ? (int) zigzag(in) : field + delta;
            struct.fields.put(field, type <= 2 ? (Object) (type == 1) : value(in, type, depth));
        }
    }

    private static Object value(ByteBuffer in, int type, int depth) throws IOException {
        return switch (type) {
            case 1, 2 -> in.get() == 1;
            case 3 -> (long) in.get();
            case 4, 5, 6 -> zigzag(in);
            case 7 -> in.getDouble();
            case 8 -> {
                byte[] bytes = new byte[size(in)];
                in.get(bytes);
                yield bytes;
            }
            case 9, 10 -> list(in, depth);
            case 11 -> {
                int entries = size(in);
                int types = entries == 0 ? 0 : in.get() & 0xff;
                for (int i = 0; i < entries; i++) {
                    value(in, types >>> 4, depth + 1);
                    value(in, types & 15, depth + 1);
                }
                yield List.of();
            }
            case 12 -> struct(in, depth + 1);
            default -> throw new IOException("the metadata has a value of the unknown type " + type);
        };
    }

    private static List<Object> list(ByteBuffer in, int depth) throws IOException {
        int header = in.get() & 0xff;
        int count = header >>> 4 == 15 ? size(in) : header >>> 4;
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(value(in, header & 15, depth + 1));
        }
        return list;
    }

    /** A length; each element takes a byte at least, so one beyond the buffer is damage. */
    private static int size(ByteBuffer in) throws IOException {
        long size = varint(in);
        if (size < 0 || size > in.remaining()) {
            throw new IOException("the metadata announces " + size + " elements in " + in.remaining() + " bytes");
        }
        return (int) size;
    }

    static long varint(ByteBuffer in) throws IOException {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IOException("a number is longer than 64 bits");
    }

    static long zigzag(ByteBuffer in) throws IOException {
        long value = varint(in);
        return (value >>> 1) ^ -(value & 1);
    }
}
