package org.apmae.core.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.scenario.Rejection;

/**
 * The tables that every run folder has, as JSONL keyed by scenario id. Stateless and thread-safe.
 *
 * <p>Every reading method throws {@link MissingStageException} if the stage that writes the table is not whole and
 * {@link java.io.UncheckedIOException} if the file is missing, damaged or cannot be read.
 */
public final class RunTables {
    /** The table of scenarios, of {@link Stage#MINE}. */
    public static final String SCENARIOS = "scenarios.jsonl";
    /** The table of what was looked at and not used, of {@link Stage#MINE}. */
    public static final String REJECTIONS = "rejections.jsonl";
    /** The table of the target model's predictions, of {@link Stage#RECORD}. */
    public static final String VERDICTS = "verdicts.jsonl";
    /** The table of the pattern labels, of {@link Stage#CLUSTER}. */
    public static final String LABELS = "labels.jsonl";

    private RunTables() {}

    /**
     * Writes the scenarios.
     *
     * @param writer a writer of {@link Stage#MINE}
     * @param scenarios the rows
     * @throws IllegalArgumentException if an id stands twice
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void writeScenarios(StageWriter writer, List<ScenarioRow> scenarios) {
        unique(scenarios.stream().map(ScenarioRow::id));
        writer.lines(SCENARIOS, scenarios.stream().map(ScenarioRow::toJson));
    }

    /**
     * Reads the scenarios.
     *
     * @param run the run folder
     * @return the rows in the order in which they were written
     */
    public static List<ScenarioRow> scenarios(RunFolder run) {
        return run.lines(Stage.MINE, SCENARIOS, ScenarioRow::fromJson);
    }

    /**
     * Writes what was looked at and not used.
     *
     * @param writer a writer of {@link Stage#MINE}
     * @param rejections the rows
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void writeRejections(StageWriter writer, List<Rejection> rejections) {
        writer.lines(
                REJECTIONS,
                rejections.stream()
                        .map(each -> Map.of("path", each.path(), "reason", each.reason(), "detail", each.detail())));
    }

    /**
     * Reads what was looked at and not used.
     *
     * @param run the run folder
     * @return the rows in the order in which they were written
     */
    public static List<Rejection> rejections(RunFolder run) {
        return run.lines(Stage.MINE, REJECTIONS, json -> {
            Fields row = Fields.of(json, "the row");
            return new Rejection(row.text("path"), row.text("reason"), row.text("detail"));
        });
    }

    /**
     * Writes the predictions.
     *
     * @param writer a writer of {@link Stage#RECORD}
     * @param verdicts the rows
     * @throws IllegalArgumentException if an id stands twice
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void writeVerdicts(StageWriter writer, List<Verdict> verdicts) {
        unique(verdicts.stream().map(Verdict::scenarioId));
        writer.lines(VERDICTS, verdicts.stream().map(RunTables::toJson));
    }

    /**
     * Reads the predictions.
     *
     * @param run the run folder
     * @return the rows in the order in which they were written
     */
    public static List<Verdict> verdicts(RunFolder run) {
        return run.lines(Stage.RECORD, VERDICTS, RunTables::verdict);
    }

    /**
     * Puts predictions into the form that {@link Segments#append} takes for {@link #VERDICTS}.
     *
     * @param verdicts the rows
     * @return the lines in UTF-8
     */
    public static ByteBuffer verdictLines(List<Verdict> verdicts) {
        StringBuilder text = new StringBuilder();
        verdicts.forEach(
                verdict -> text.append(CanonicalJson.writeLine(toJson(verdict))).append('\n'));
        return ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Reads the predictions in the whole segments of a stage in the making.
     *
     * @param segments the segments of {@link Stage#RECORD}
     * @return the rows in the order in which they were appended
     * @throws java.io.UncheckedIOException if the file cannot be read or a line is not what it should be
     */
    public static List<Verdict> verdicts(Segments segments) {
        try {
            return new String(segments.read(VERDICTS), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> verdict(
                            Fields.of(CanonicalJson.read(line), "the row").map()))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new RunFolderException(
                    "a line of " + VERDICTS + " is not what this apmae writes: " + e.getMessage(), new IOException(e));
        }
    }

    private static Verdict verdict(Map<?, ?> json) {
        Fields row = Fields.of(json, "the row");
        return new Verdict(
                row.text("id"),
                row.integer("predicted_token"),
                row.integer("target_token"),
                row.number("top_probability"),
                row.number("margin"),
                row.number("entropy"),
                row.number("target_loss"));
    }

    /**
     * Writes the pattern labels.
     *
     * @param writer a writer of {@link Stage#CLUSTER}
     * @param labels the labels
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void writeLabels(StageWriter writer, PatternLabels labels) {
        writer.lines(LABELS, labels.toJson());
    }

    /**
     * Reads the pattern labels.
     *
     * @param run the run folder
     * @return the labels, heads in ascending order
     */
    public static PatternLabels labels(RunFolder run) {
        List<Fields> rows = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        TreeSet<HeadId> heads = new TreeSet<>();
        run.lines(Stage.CLUSTER, LABELS, json -> {
            Fields row = Fields.of(json, "the row");
            Fields labels = row.object("labels");
            if (rows.isEmpty()) {
                labels.map().keySet().forEach(name -> heads.add(HeadId.parse((String) name)));
            } else if (labels.map().size() != heads.size()) {
                throw new IllegalArgumentException(
                        "it has " + labels.map().size() + " labels where the first line has " + heads.size());
            }
            ids.add(row.text("id"));
            heads.forEach(head -> labels.integer(head.toString()));
            return rows.add(labels);
        });
        List<HeadId> columns = List.copyOf(heads);
        int[][] values = new int[rows.size()][];
        for (int i = 0; i < values.length; i++) {
            Fields row = rows.get(i);
            values[i] = columns.stream()
                    .mapToInt(head -> row.integer(head.toString()))
                    .toArray();
        }
        return new PatternLabels(ids, columns, values);
    }

    private static Map<String, Object> toJson(Verdict verdict) {
        Map<String, Object> json = new TreeMap<>();
        json.put("id", verdict.scenarioId());
        json.put("predicted_token", verdict.predictedToken());
        json.put("target_token", verdict.targetToken());
        json.put("top_probability", verdict.topProbability());
        json.put("margin", verdict.margin());
        json.put("entropy", verdict.entropy());
        json.put("target_loss", verdict.targetLoss());
        json.put("correct", verdict.correct());
        return json;
    }

    private static void unique(Stream<String> ids) {
        TreeSet<String> seen = new TreeSet<>();
        ids.forEach(id -> {
            if (!seen.add(id)) {
                throw new IllegalArgumentException("scenario " + id + " stands twice; a table has one row for each id");
            }
        });
    }
}
