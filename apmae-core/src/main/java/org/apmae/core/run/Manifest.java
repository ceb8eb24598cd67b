package org.apmae.core.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The content of manifest.json. Immutable. */
final class Manifest {
    private static final String FORMAT = "apmae-run";
    private static final String OWN = "sha256";
    private static final long MAX_BYTES = 64L << 20;

    private final Map<Stage, StageEntry> stages;
    private final Optional<StageEntry.Item> metrics;

    Manifest(Map<Stage, StageEntry> stages, Optional<StageEntry.Item> metrics) {
        EnumMap<Stage, StageEntry> copy = new EnumMap<>(Stage.class);
        copy.putAll(stages);
        this.stages = Collections.unmodifiableMap(copy);
        this.metrics = metrics;
    }

    static Manifest empty() {
        return new Manifest(Map.of(), Optional.empty());
    }

    Map<Stage, StageEntry> stages() {
        return stages;
    }

    /** The merged metrics.json, absent before the first stage that has metrics. */
    Optional<StageEntry.Item> metrics() {
        return metrics;
    }

    /** The stages that stay valid when one is committed again: all but itself and what was made from it. */
    Map<Stage, StageEntry> without(Stage stage) {
        EnumMap<Stage, StageEntry> kept = new EnumMap<>(Stage.class);
        kept.putAll(stages);
        kept.remove(stage);
        stage.dependents().forEach(kept::remove);
        return kept;
    }

    /** Every file that counts as part of the run, sorted. */
    List<StageEntry.Item> allFiles() {
        TreeMap<String, StageEntry.Item> all = new TreeMap<>();
        stages.values().forEach(entry -> entry.files().forEach(item -> all.put(item.name(), item)));
        metrics.ifPresent(item -> all.put(item.name(), item));
        return List.copyOf(all.values());
    }

    Set<String> allNames() {
        TreeSet<String> names = new TreeSet<>();
        allFiles().forEach(item -> names.add(item.name()));
        return names;
    }

    String toJson() {
        Map<String, Object> entries = new TreeMap<>();
        stages.forEach((stage, entry) -> entries.put(stage.command(), toJson(entry)));
        Map<String, Object> all = new TreeMap<>();
        all.put("format", FORMAT);
        all.put("version", RunFolder.FORMAT_VERSION);
        all.put("stages", entries);
        all.put("metrics", filesToJson(metrics.stream().toList()));
        all.put(OWN, ownHash(all));
        return CanonicalJson.write(all);
    }

    /** Of everything else, in canonical form on one line. */
    private static String ownHash(Map<?, ?> all) {
        Map<String, Object> others = new TreeMap<>();
        all.forEach((key, value) -> others.put((String) key, value));
        others.remove(OWN);
        return Disk.hash(CanonicalJson.writeLine(others).getBytes(StandardCharsets.UTF_8));
    }

    static Map<String, Object> toJson(StageEntry entry) {
        return Map.of(
                "files", filesToJson(entry.files()),
                "provenance", entry.provenance().toJson());
    }

    private static Map<String, Object> filesToJson(List<StageEntry.Item> files) {
        Map<String, Object> json = new TreeMap<>();
        files.forEach(item -> json.put(item.name(), Map.of("size", item.size(), "sha256", item.sha256())));
        return json;
    }

    static Manifest read(Path file) {
        String text;
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new RunFolderException(file + " has " + size + " bytes, more than the " + MAX_BYTES
                        + " that a manifest may have; it is not the manifest of a run folder");
            }
            text = Files.readString(file);
        } catch (IOException e) {
            throw new RunFolderException(file + " cannot be read: " + Disk.reason(e), e);
        }
        Fields fields;
        try {
            fields = Fields.of(CanonicalJson.read(text), "the manifest");
            if (!fields.text("format").equals(FORMAT)) {
                throw new IllegalArgumentException(
                        "its format is '" + fields.text("format") + "', not '" + FORMAT + "'");
            }
            long version = fields.whole("version");
            if (version != RunFolder.FORMAT_VERSION) {
                throw new RunFolderException(file.getParent() + " is a run folder of format version " + version
                        + ", but this apmae reads and writes version " + RunFolder.FORMAT_VERSION
                        + "; use the apmae that wrote it, or another folder");
            }
            Manifest manifest = new Manifest(stages(fields.object("stages")), single(files(fields.object("metrics"))));
            // Files without one were written before it was there.
            if (fields.map().containsKey(OWN) && !fields.text(OWN).equals(ownHash(fields.map()))) {
                throw new IllegalArgumentException("it does not have its own SHA-256");
            }
            return manifest;
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(
                    file + " is damaged: " + e.getMessage() + "; restore it from a copy or start in another folder",
                    new IOException(e));
        }
    }

    private static Map<Stage, StageEntry> stages(Fields fields) {
        EnumMap<Stage, StageEntry> stages = new EnumMap<>(Stage.class);
        for (Object command : fields.map().keySet()) {
            Fields entry = fields.object((String) command);
            Stage stage = Stage.ofCommand((String) command);
            stages.put(
                    stage,
                    new StageEntry(
                            stage, files(entry.object("files")), Provenance.fromJson(entry.object("provenance"))));
        }
        return stages;
    }

    private static List<StageEntry.Item> files(Fields fields) {
        List<StageEntry.Item> files = new ArrayList<>();
        for (Object name : fields.map().keySet()) {
            Fields item = fields.object((String) name);
            files.add(new StageEntry.Item((String) name, item.whole("size"), item.text("sha256")));
        }
        return files;
    }

    private static Optional<StageEntry.Item> single(List<StageEntry.Item> files) {
        if (files.size() > 1) {
            throw new IllegalArgumentException(
                    "it lists " + files.size() + " merged metrics files where one may stand");
        }
        return files.stream().findFirst();
    }
}
