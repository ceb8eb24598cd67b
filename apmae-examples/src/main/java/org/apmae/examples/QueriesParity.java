package org.apmae.examples;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.SourceFile;
import org.apmae.mining.JavaParserMiner;
import org.apmae.mining.PublishedMiner;
import org.apmae.models.parity.ParityRow;

/**
 * Compares both miners with matches of the published expressions that were judged one by one: the published miner has to give
 * the same spans, the exact one has to agree with the judgements. Where our definitions differ on purpose (see docs/mining.md),
 * the difference is counted in the note and allowed.
 */
final class QueriesParity {
    private final Map<String, SourceFile> sources = new HashMap<>();
    private final Map<String, Map<CompletionTask, Map<Integer, String>>> exact = new HashMap<>();
    private final List<String> different = new ArrayList<>();
    private final List<String> disagreeing = new ArrayList<>();
    private int matches;
    private int judged;
    private int onPurpose;

    private QueriesParity() {}

    static boolean fits(Path file) {
        if (!Files.isRegularFile(file) || !file.toString().endsWith(".json")) {
            return false;
        }
        JsonObject json = read(file);
        return json.has("sources") && json.has("results");
    }

    static List<ParityRow> run(Path file) {
        QueriesParity parity = new QueriesParity();
        JsonObject json = read(file);
        for (JsonElement element : json.getAsJsonArray("sources")) {
            JsonObject one = element.getAsJsonObject();
            String name = one.get("name").getAsString();
            SourceFile source = new SourceFile("parity", name, one.get("text").getAsString());
            parity.sources.put(name, source);
            parity.exact.put(name, byTask(new JavaParserMiner(), source, MiningOptions.everything(1)));
        }
        for (JsonElement element : json.getAsJsonArray("results")) {
            parity.compare(element.getAsJsonObject());
        }
        return List.of(
                ParityRow.of(
                        "published matches that differ",
                        parity.different.size(),
                        0,
                        parity.different.isEmpty() ? parity.matches + " matches" : "first: " + parity.different.get(0)),
                ParityRow.of(
                        "exact spans against the verdicts",
                        parity.disagreeing.size(),
                        0,
                        parity.disagreeing.isEmpty()
                                ? parity.judged + " verdicts, " + parity.onPurpose + " defined otherwise on purpose"
                                : "first: " + parity.disagreeing.get(0)));
    }

    private static JsonObject read(Path file) {
        try {
            return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        } catch (JsonParseException | IllegalStateException e) {
            throw new IllegalArgumentException(file + " is no JSON object: " + e.getMessage(), e);
        }
    }

    private static Map<CompletionTask, Map<Integer, String>> byTask(
            ScenarioMiner miner, SourceFile source, MiningOptions options) {
        Map<CompletionTask, Map<Integer, String>> spans = new HashMap<>();
        MiningResult result = miner.mine(source, options);
        result.scenarios()
                .forEach(s ->
                        spans.computeIfAbsent(s.task(), task -> new HashMap<>()).put(s.start(), s.target()));
        return spans;
    }

    private void compare(JsonObject result) {
        String name = result.get("source").getAsString();
        SourceFile source = sources.get(name);
        CompletionTask task = CompletionTask.ofWireName(result.get("query").getAsString());
        JsonArray expected = result.getAsJsonArray("matches_utf16");
        JsonArray verdicts = result.getAsJsonArray("verdicts");
        Map<Integer, String> published = new HashMap<>(
                byTask(new PublishedMiner(), source, new MiningOptions(Set.of(task), Integer.MAX_VALUE, 1))
                        .getOrDefault(task, Map.of()));
        for (int i = 0; i < expected.size(); i++) {
            int start = expected.get(i).getAsJsonArray().get(0).getAsInt();
            int end = expected.get(i).getAsJsonArray().get(1).getAsInt();
            String span = source.text().substring(start, end);
            matches++;
            if (!span.equals(published.remove(start))) {
                different.add("the reference alone has " + describe(task, name, start, span));
            }
            if (verdicts != null) {
                judge(source, task, start, span, verdicts.get(i).getAsString());
            }
        }
        published.forEach(
                (start, span) -> different.add("the published miner alone has " + describe(task, name, start, span)));
        if (result.has("missed")) {
            for (JsonElement element : result.getAsJsonArray("missed")) {
                JsonArray missed = element.getAsJsonArray();
                // the missed are counted in code points
                int start = source.text().offsetByCodePoints(0, missed.get(0).getAsInt());
                judgeMissed(source, task, start, missed.get(2).getAsString());
            }
        }
    }

    private void judge(SourceFile source, CompletionTask task, int start, String span, String verdict) {
        judged++;
        boolean ours = span.equals(exact(source, task).get(start));
        if (!verdict.startsWith("ok")) {
            if (ours) {
                disagreeing.add(describe(task, source.path(), start, span) + ", judged " + verdict);
            }
        } else if (!ours) {
            boolean declaration = task == CompletionTask.STOP
                    && lineOf(source.text(), start)
                            .matches("\\s*(package|import|(open )?module|requires|exports|opens|uses|provides)\\b.*");
            boolean compound = task == CompletionTask.MATHEMATICAL_OPERATORS
                    && span.equals(
                            exact(source, CompletionTask.ASSIGNMENT_OPERATORS).get(start));
            allow(declaration || compound, task, source, start, span);
        }
    }

    private void judgeMissed(SourceFile source, CompletionTask task, int start, String token) {
        judged++;
        String ours = exact(source, task).get(start);
        if (task == CompletionTask.EOL) {
            String rest = source.text().substring(start + 1);
            boolean alone = rest.matches("(?s)[ \\t\\f]*\\R.*");
            boolean comment = rest.matches("(?s)[ \\t\\f]*/[/*].*");
            boolean agrees = alone ? ours != null && ours.matches("(?s);[ \\t\\f]*\\R") : ours == null || comment;
            if (!agrees) {
                disagreeing.add(describe(task, source.path(), start, token) + ", judged missed");
            } else if (ours == null) {
                onPurpose++;
            }
        } else if (!token.equals(ours)) {
            boolean bitwise = task == CompletionTask.BOOLEAN_OPERATORS && token.matches("[&|^?]");
            boolean plain = task == CompletionTask.ASSIGNMENT_OPERATORS && token.equals("=");
            allow(bitwise || plain, task, source, start, token);
        }
    }

    private void allow(boolean allowed, CompletionTask task, SourceFile source, int start, String span) {
        if (allowed) {
            onPurpose++;
        } else {
            disagreeing.add(describe(task, source.path(), start, span) + ", which the exact miner lacks");
        }
    }

    private Map<Integer, String> exact(SourceFile source, CompletionTask task) {
        return exact.getOrDefault(source.path(), Map.of()).getOrDefault(task, Map.of());
    }

    private static String describe(CompletionTask task, String source, int start, String span) {
        return task.wireName() + " '" + span.replace("\n", "\\n") + "' at " + start + " of " + source;
    }

    private static String lineOf(String text, int at) {
        int start = text.lastIndexOf('\n', at) + 1;
        int end = text.indexOf('\n', at);
        return text.substring(start, end < 0 ? text.length() : end).replace("\r", "");
    }
}
