package org.apmae.mining;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Reads the rows of a JSONL file with the column {@code content}, compressed with gzip or not, in their order. */
final class JsonLinesReader extends FileReader {
    /** An escaped character takes up to six bytes, though most take one or two. */
    static final int MAX_LINE = 3 * SourceBytes.MAX_BYTES;

    private final InputStream in;
    private final RowFiles rows;
    private byte[] line = new byte[1 << 16];
    private int length;
    private boolean ended;

    JsonLinesReader(Path path, String name, Corpora.Flagged flagged, Consumer<Rejection> rejections)
            throws IOException {
        InputStream raw = Files.newInputStream(path);
        try {
            in = new BufferedInputStream(Gzip.expand(raw), 1 << 16);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
        rows = new RowFiles(name, String.valueOf(path.getFileName()), flagged, rejections);
    }

    @Override
    boolean step(Consumer<SourceFile> file) {
        rows.next();
        boolean fits;
        try {
            fits = readLine();
        } catch (Expansion.BombException e) {
            rows.reject("archive_bomb", "the rest is left out: " + e.getMessage());
            return false;
        } catch (IOException e) {
            rows.reject("unreadable", "the file cannot be read on: " + e);
            return false;
        }
        if (!fits) {
            rows.reject("too_large", "the line has more than " + MAX_LINE + " bytes");
        } else if (!blank()) {
            Map<String, String> values;
            try {
                values = parse();
            } catch (IOException | IllegalStateException | NumberFormatException e) {
                rows.reject("malformed_row", "the line is no JSON object: " + e.getMessage());
                return true;
            }
            String content = values.get(RowFiles.CONTENT);
            rows.accept(
                    content == null ? null : content.getBytes(StandardCharsets.UTF_8),
                    first(values, RowFiles.PROJECT),
                    first(values, RowFiles.PATH),
                    Boolean.parseBoolean(values.get(RowFiles.EXACT)),
                    Boolean.parseBoolean(values.get(RowFiles.NEAR)),
                    file);
        }
        return !ended;
    }

    private boolean blank() {
        for (int i = 0; i < length; i++) {
            if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    /** Reads up to the next line feed; false for a line that is too long, of which nothing is kept. */
    private boolean readLine() throws IOException {
        length = 0;
        boolean fits = true;
        int next = in.read();
        while (next >= 0 && next != '\n') {
            if (length == MAX_LINE) {
                fits = false;
            } else {
                if (length == line.length) {
                    line = Arrays.copyOf(line, Math.min(MAX_LINE, length * 2));
                }
                line[length++] = (byte) next;
            }
            next = in.read();
        }
        ended = next < 0;
        return fits;
    }

    private Map<String, String> parse() throws IOException {
        Map<String, String> values = new HashMap<>();
        try (JsonReader json = new JsonReader(
                new InputStreamReader(new ByteArrayInputStream(line, 0, length), StandardCharsets.UTF_8))) {
            json.beginObject();
            while (json.hasNext()) {
                String column = json.nextName();
                JsonToken token = json.peek();
                if (!wanted(column)) {
                    json.skipValue();
                } else if (token == JsonToken.STRING) {
                    values.put(column, json.nextString());
                } else if (token == JsonToken.BOOLEAN) {
                    values.put(column, String.valueOf(json.nextBoolean()));
                } else {
                    json.skipValue();
                }
            }
            json.endObject();
        }
        return values;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private static boolean wanted(String column) {
        return column.equals(RowFiles.CONTENT)
                || column.equals(RowFiles.EXACT)
                || column.equals(RowFiles.NEAR)
                || RowFiles.PROJECT.contains(column)
                || RowFiles.PATH.contains(column);
    }

    private static String first(Map<String, String> values, List<String> names) {
        return names.stream()
                .map(values::get)
                .filter(value -> value != null && !value.isEmpty())
                .findFirst()
                .orElse("");
    }
}
