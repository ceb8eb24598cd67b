package org.apmae.core.run;

import com.google.gson.FormattingStyle;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * JSON in one form only: the same values always give the same bytes.
 *
 * <p>Keys are sorted by their UTF-16 units, integers are written in decimal, other numbers as {@link Double#toString(double)}
 * or {@link Float#toString(float)} write them, NaN and infinities as {@code null}, lines end with one line feed. Accepted are
 * {@code null}, {@link String}, {@link Boolean}, the boxed numbers, {@link Map} with string keys, {@link Iterable} and arrays,
 * nested at will. Thread-safe.
 */
public final class CanonicalJson {
    private static final FormattingStyle PRETTY = FormattingStyle.PRETTY.withIndent("  ");

    private CanonicalJson() {}

    /**
     * Writes a value over several lines, indented by two spaces.
     *
     * @param value what to write
     * @return the text; ends with a line feed
     * @throws IllegalArgumentException if the value, or one inside it, has a type that is not accepted
     */
    public static String write(Object value) {
        return render(value, PRETTY) + "\n";
    }

    /**
     * Writes a value on one line, as JSONL needs it.
     *
     * @param value what to write
     * @return the text; contains no line feed
     * @throws IllegalArgumentException if the value, or one inside it, has a type that is not accepted
     */
    public static String writeLine(Object value) {
        return render(value, FormattingStyle.COMPACT);
    }

    /**
     * Reads any valid JSON text.
     *
     * @param text one JSON value, nothing after it
     * @return {@code null}, {@link String}, {@link Boolean}, {@link Long} (for a number without fraction and exponent),
     *     {@link Double}, {@link List} or {@link Map}; lists and maps cannot be changed
     * @throws IllegalArgumentException if the text is not valid JSON, names a key twice, or holds an integer beyond 64 bits
     */
    public static Object read(String text) {
        try (JsonReader reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            Object value = readValue(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new IllegalArgumentException("there is more text after the end of the JSON value");
            }
            return value;
        } catch (IOException | IllegalStateException e) {
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            // gson adds lines with a link to its troubleshooting page, of no use to our users.
            throw new IllegalArgumentException(
                    "not valid JSON: " + why.lines().findFirst().orElse(why), e);
        }
    }

    private static String render(Object value, FormattingStyle style) {
        StringWriter text = new StringWriter();
        try (JsonWriter writer = new JsonWriter(text)) {
            writer.setStrictness(Strictness.STRICT);
            writer.setFormattingStyle(style);
            writer.setHtmlSafe(false);
            writer.setSerializeNulls(true);
            writeValue(writer, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void writeValue(JsonWriter writer, Object value) throws IOException {
        if (value == null) {
            writer.nullValue();
        } else if (value instanceof String text) {
            writer.value(text);
        } else if (value instanceof Boolean truth) {
            writer.value(truth);
        } else if (value instanceof Integer
                || value instanceof Long
                || value instanceof Short
                || value instanceof Byte) {
            writer.value(((Number) value).longValue());
        } else if (value instanceof Double || value instanceof Float) {
            writeFraction(writer, (Number) value);
        } else if (value instanceof Map<?, ?> map) {
            writeMap(writer, map);
        } else if (value instanceof Iterable<?> items) {
            writer.beginArray();
            for (Object item : items) {
                writeValue(writer, item);
            }
            writer.endArray();
        } else if (value.getClass().isArray()) {
            writer.beginArray();
            for (int i = 0; i < Array.getLength(value); i++) {
                writeValue(writer, Array.get(value, i));
            }
            writer.endArray();
        } else {
            throw new IllegalArgumentException("a " + value.getClass().getName()
                    + " cannot be written as JSON; turn it into maps, lists, strings, numbers and booleans");
        }
    }

    private static void writeFraction(JsonWriter writer, Number number) throws IOException {
        if (Double.isFinite(number.doubleValue())) {
            writer.value(number);
        } else {
            writer.nullValue();
        }
    }

    private static void writeMap(JsonWriter writer, Map<?, ?> map) throws IOException {
        TreeMap<String, Object> sorted = new TreeMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String key)) {
                throw new IllegalArgumentException(
                        "the key " + entry.getKey() + " of a JSON object is not a string; use its name");
            }
            sorted.put(key, entry.getValue());
        }
        writer.beginObject();
        for (Map.Entry<String, Object> entry : sorted.entrySet()) {
            writer.name(entry.getKey());
            writeValue(writer, entry.getValue());
        }
        writer.endObject();
    }

    private static Object readValue(JsonReader reader) throws IOException {
        return switch (reader.peek()) {
            case NULL -> {
                reader.nextNull();
                yield null;
            }
            case STRING -> reader.nextString();
            case BOOLEAN -> reader.nextBoolean();
            case NUMBER -> readNumber(reader.nextString());
            case BEGIN_ARRAY -> readArray(reader);
            case BEGIN_OBJECT -> readObject(reader);
            default -> throw new IllegalArgumentException("not valid JSON: a value is missing at " + reader.getPath());
        };
    }

    private static List<Object> readArray(JsonReader reader) throws IOException {
        List<Object> items = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            items.add(readValue(reader));
        }
        reader.endArray();
        return Collections.unmodifiableList(items);
    }

    private static Map<String, Object> readObject(JsonReader reader) throws IOException {
        TreeMap<String, Object> map = new TreeMap<>();
        reader.beginObject();
        while (reader.hasNext()) {
            String key = reader.nextName();
            if (map.containsKey(key)) {
                throw new IllegalArgumentException("not valid JSON: the key '" + key + "' stands twice in one object");
            }
            map.put(key, readValue(reader));
        }
        reader.endObject();
        return Collections.unmodifiableMap(map);
    }

    private static Number readNumber(String digits) {
        try {
            if (digits.indexOf('.') < 0 && digits.indexOf('e') < 0 && digits.indexOf('E') < 0) {
                return Long.valueOf(digits);
            }
            return Double.valueOf(digits);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("the number " + digits + " does not fit into 64 bits", e);
        }
    }
}
