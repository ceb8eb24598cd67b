package org.apmae.core.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.MissingStageException;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.Segments;
import org.apmae.core.run.Stage;

/**
 * The attention patterns that a run keeps: one file of 16-bit lower triangles for each head, and a table that says which
 * scenario each belongs to. Immutable and thread-safe.
 *
 * @see PatternTriangle
 */
public final class PatternStore {
    private static final String FOLDER = "patterns/";
    private static final String INDEX = FOLDER + "index.jsonl";

    private final RunFolder run;
    private final Map<String, Map<HeadId, Place>> places;

    private record Place(String id, HeadId head, int tokens, long offset, int crc) {}

    private PatternStore(RunFolder run, Map<String, Map<HeadId, Place>> places) {
        this.run = run;
        this.places = places;
    }

    /**
     * Opens the kept patterns of a run.
     *
     * @param run the run folder; to be kept open while patterns are read
     * @return the store; empty if none were kept
     * @throws MissingStageException if {@link Stage#ENCODE} is not whole
     * @throws java.io.UncheckedIOException if the table is missing, damaged or cannot be read
     */
    public static PatternStore open(RunFolder run) {
        Map<String, Map<HeadId, Place>> places = new TreeMap<>();
        if (run.require(Stage.ENCODE).file(INDEX).isPresent()) {
            for (Place place : run.lines(Stage.ENCODE, INDEX, PatternStore::place)) {
                places.computeIfAbsent(place.id(), id -> new TreeMap<>()).put(place.head(), place);
            }
        }
        return new PatternStore(run, places);
    }

    private static Place place(Map<String, Object> json) {
        if (json.get("id") instanceof String id
                && json.get("head") instanceof String head
                && json.get("tokens") instanceof Long tokens
                && json.get("offset") instanceof Long offset
                && json.get("crc32c") instanceof String crc
                && tokens > 0
                && tokens <= 1 << 14
                && offset >= 0) {
            return new Place(id, HeadId.parse(head), tokens.intValue(), offset, Integer.parseUnsignedInt(crc, 16));
        }
        throw new IllegalArgumentException("a kept pattern has id, head, tokens, offset and crc32c");
    }

    /**
     * Returns the scenarios of which patterns are kept.
     *
     * @return ids in ascending order; cannot be changed
     */
    public Set<String> scenarioIds() {
        return Collections.unmodifiableSet(places.keySet());
    }

    /**
     * Returns the heads whose pattern is kept for a scenario.
     *
     * @param scenarioId the scenario
     * @return heads in ascending order, possibly none; a copy
     */
    public Set<HeadId> heads(String scenarioId) {
        return Collections.unmodifiableSet(
                new TreeSet<>(places.getOrDefault(scenarioId, Map.of()).keySet()));
    }

    /**
     * Reads a kept pattern.
     *
     * @param scenarioId the scenario
     * @param head the head
     * @return the pattern, or empty if it was not kept
     * @throws RunFolderException if the file is missing, damaged or cannot be read
     */
    public Optional<PatternTriangle> read(String scenarioId, HeadId head) {
        Place place = places.getOrDefault(scenarioId, Map.of()).get(head);
        if (place == null) {
            return Optional.empty();
        }
        Path file = run.path().resolve(name(head));
        ByteBuffer bytes = ByteBuffer.allocate(PatternTriangle.size(place.tokens()));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            int read = 0;
            while (bytes.hasRemaining() && read >= 0) {
                read = channel.read(bytes, place.offset() + bytes.position());
            }
        } catch (IOException e) {
            throw new RunFolderException(
                    file + " cannot be read: " + e.getMessage() + "; restore it or run `apmae encode --run "
                            + run.path() + "` again",
                    e);
        }
        PatternTriangle triangle = PatternTriangle.ofBytes(scenarioId, head, place.tokens(), bytes.array());
        if (bytes.hasRemaining() || triangle.crc32c() != place.crc()) {
            throw new RunFolderException(file + " is damaged: the pattern of scenario " + scenarioId
                    + " does not have its CRC-32C; restore it or run `apmae encode --run " + run.path() + "` again");
        }
        return Optional.of(triangle);
    }

    /**
     * Puts patterns into the form that {@link EncodingStore.Writer#append(EncodingBlock, Map)} takes.
     *
     * @param segments the segments of the stage, as they are now
     * @param kept the patterns, each pair of scenario and head once; in any order
     * @return bytes by path within the run folder; empty if there is no pattern
     */
    public static Map<String, ByteBuffer> pieces(Segments segments, List<PatternTriangle> kept) {
        if (kept.isEmpty()) {
            return Map.of();
        }
        List<PatternTriangle> ordered = new ArrayList<>(kept);
        ordered.sort(Comparator.comparing(PatternTriangle::scenarioId).thenComparing(PatternTriangle::head));
        Map<HeadId, Integer> sizes = new TreeMap<>();
        ordered.forEach(each -> sizes.merge(each.head(), PatternTriangle.size(each.tokens()), Math::addExact));
        Map<HeadId, ByteBuffer> files = new TreeMap<>();
        sizes.forEach((head, size) -> files.put(head, ByteBuffer.allocate(size)));
        StringBuilder lines = new StringBuilder();
        for (PatternTriangle each : ordered) {
            ByteBuffer file = files.get(each.head());
            lines.append(CanonicalJson.writeLine(Map.of(
                            "id",
                            each.scenarioId(),
                            "head",
                            each.head().toString(),
                            "tokens",
                            each.tokens(),
                            "offset",
                            segments.length(name(each.head())) + file.position(),
                            "crc32c",
                            HexFormat.of().toHexDigits(each.crc32c()))))
                    .append('\n');
            file.put(each.bytes());
        }
        Map<String, ByteBuffer> pieces = new TreeMap<>();
        pieces.put(INDEX, ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
        files.forEach((head, bytes) -> pieces.put(name(head), bytes.flip()));
        return pieces;
    }

    private static String name(HeadId head) {
        return FOLDER + head + ".f16";
    }
}
