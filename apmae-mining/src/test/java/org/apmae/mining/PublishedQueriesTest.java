package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

/**
 * Agreement with the verdicts on the published patterns (queries.json, made and judged independently of this miner; see
 * queries.README.md beside it): what they get right we find, what they get wrong we do not, what they miss we find.
 *
 * <p>Where our definitions differ on purpose, the exception is derived from the source text and counted below.
 */
class PublishedQueriesTest {
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, Map<CompletionTask, Map<Integer, String>>> found = new HashMap<>();
    private final Map<String, Integer> exceptions = new HashMap<>();

    private static JsonObject golden() throws IOException {
        try (InputStream in = PublishedQueriesTest.class.getResourceAsStream("queries.json");
                Reader reader = new InputStreamReader(Objects.requireNonNull(in), StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(reader).getAsJsonObject();
        }
    }

    private void mine(JsonArray sources) {
        for (JsonElement element : sources) {
            String name = element.getAsJsonObject().get("name").getAsString();
            String text = element.getAsJsonObject().get("text").getAsString();
            MiningResult result =
                    new JavaParserMiner().mine(new SourceFile("golden", name, text), MiningOptions.everything(1));
            assertThat(result.rejections()).as(name).isEmpty();
            Map<CompletionTask, Map<Integer, String>> byTask = new EnumMap<>(CompletionTask.class);
            result.scenarios()
                    .forEach(s -> byTask.computeIfAbsent(s.task(), task -> new HashMap<>())
                            .put(s.start(), s.target()));
            texts.put(name, text);
            found.put(name, byTask);
        }
    }

    private Map<Integer, String> found(String source, CompletionTask task) {
        return found.get(source).getOrDefault(task, Map.of());
    }

    private void except(String why) {
        exceptions.merge(why, 1, Integer::sum);
    }

    @Test
    void agreesWithEveryVerdict() throws IOException {
        JsonObject golden = golden();
        mine(golden.getAsJsonArray("sources"));
        int judged = 0;
        for (JsonElement element : golden.getAsJsonArray("results")) {
            JsonObject result = element.getAsJsonObject();
            String source = result.get("source").getAsString();
            String text = texts.get(source);
            CompletionTask task = CompletionTask.ofWireName(result.get("query").getAsString());
            Map<Integer, String> ours = found(source, task);
            Set<Integer> explained = new TreeSet<>();
            JsonArray matches = result.getAsJsonArray("matches_utf16");
            JsonArray verdicts = result.getAsJsonArray("verdicts");
            for (int i = 0; i < matches.size(); i++) {
                int start = matches.get(i).getAsJsonArray().get(0).getAsInt();
                int end = matches.get(i).getAsJsonArray().get(1).getAsInt();
                String verdict = verdicts.get(i).getAsString();
                String what = task + " in " + source + " at " + start + ": " + verdict;
                judged++;
                if (!verdict.startsWith("ok")) {
                    // A wrong match may begin where a right, longer token begins: `do` in `double`.
                    assertThat(ours.get(start)).as(what).isNotEqualTo(text.substring(start, end));
                } else if (task == CompletionTask.STOP && lineOf(text, start).matches("(package|import) .*")) {
                    except("dots of package and import declarations are no member selections");
                    assertThat(ours).as(what).doesNotContainKey(start);
                } else if (task == CompletionTask.MATHEMATICAL_OPERATORS
                        && text.substring(start, end).matches("[*/%]=")) {
                    except("compound assignments are in one task only");
                    assertThat(ours).as(what).doesNotContainKey(start);
                    assertThat(found(source, CompletionTask.ASSIGNMENT_OPERATORS))
                            .as(what)
                            .containsEntry(start, text.substring(start, end));
                } else {
                    explained.add(start);
                    assertThat(ours.get(start)).as(what).isEqualTo(text.substring(start, end));
                }
            }
            for (JsonElement entry : result.getAsJsonArray("missed")) {
                judged++;
                checkMissed(source, text, task, entry.getAsJsonArray(), explained);
            }
            assertNothingUnexplained(source, task, explained);
        }
        assertThat(judged).isEqualTo(587);
        assertThat(exceptions)
                .isEqualTo(Map.of(
                        "dots of package and import declarations are no member selections", 20,
                        "a semicolon with code after it, or at the end of the file, ends no line", 20,
                        "bitwise operators are mathematical", 6,
                        "a conditional and the & of an intersection are no operators here", 3,
                        "compound assignments are in one task only", 3,
                        "plain assignment is no compound assignment", 33));
    }

    @Test
    void publishedMinerSelectsWhatTheReferenceSelects() throws IOException {
        JsonObject golden = golden();
        Map<String, String> sources = new HashMap<>();
        golden.getAsJsonArray("sources")
                .forEach(one -> sources.put(
                        one.getAsJsonObject().get("name").getAsString(),
                        one.getAsJsonObject().get("text").getAsString()));
        int matches = 0;
        for (JsonElement element : golden.getAsJsonArray("results")) {
            JsonObject result = element.getAsJsonObject();
            CompletionTask task = CompletionTask.ofWireName(result.get("query").getAsString());
            List<List<Integer>> expected = new ArrayList<>();
            for (JsonElement match : result.getAsJsonArray("matches_utf16")) {
                expected.add(List.of(
                        match.getAsJsonArray().get(0).getAsInt(),
                        match.getAsJsonArray().get(1).getAsInt()));
            }
            String name = result.get("source").getAsString();
            assertThat(published(sources.get(name), task))
                    .as(task + " in " + name)
                    .isEqualTo(expected);
            matches += expected.size();
        }
        assertThat(matches).isEqualTo(482);
    }

    private static List<List<Integer>> published(String text, CompletionTask task) {
        return new PublishedMiner()
                        .mine(
                                new SourceFile("x", "X.java", text),
                                new MiningOptions(Set.of(task), Integer.MAX_VALUE, 1))
                        .scenarios()
                        .stream()
                        .map(s -> List.of(s.start(), s.end()))
                        .toList();
    }

    private static List<String> publishedText(String text, CompletionTask task) {
        return published(text, task).stream()
                .map(span -> text.substring(span.get(0), span.get(1)))
                .toList();
    }

    @Test
    void publishedMinerKnowsNoContext() {
        assertThat(publishedText("throws throw finally", CompletionTask.KEYWORDS))
                .containsExactly("throws", "throw", "final");
        assertThat(publishedText("strictfp double goto const", CompletionTask.KEYWORDS))
                .containsExactly("do");
        assertThat(publishedText("a >>>= b; c >>= d; e <<= f;", CompletionTask.ASSIGNMENT_OPERATORS))
                .containsExactly(">>=", ">>=", "<<=");
        assertThat(publishedText("a >>>= b >> c << d <= e >= f -> g", CompletionTask.MATHEMATICAL_OPERATORS))
                .containsExactly("<=", ">=", ">");
        assertThat(publishedText("a+++b; // x", CompletionTask.MATHEMATICAL_OPERATORS))
                .containsExactly("++", "/", "/");
        assertThat(publishedText("f(); // ;\n;\r\n;\n", CompletionTask.EOL)).containsExactly(";\n", ";\n");
    }

    @Test
    void comparisonSaysWhereThePublishedExpressionsAreWrong() {
        MinerComparison comparison = new MinerComparison();
        comparison.add(new SourceFile("x", "X.java", """
                import a.*;\r
                class X { List<X> l = f(1 < 2, "a < b", 1.5e-3); // <
                 int forEach = 1 >> 2; Runnable r = () -> {};
                }
                """));
        comparison.add(new SourceFile("x", "Y.java", "class {"));
        assertThat(comparison.files()).isEqualTo(1);
        assertThat(comparison.refused()).isEqualTo(1);
        assertThat(comparison.counts().get(CompletionTask.MATHEMATICAL_OPERATORS))
                .isEqualTo(Map.of(
                        "right", 1L,
                        "missed", 1L,
                        "wrong: in a comment", 3L,
                        "wrong: in a literal", 1L,
                        "wrong: in a number", 1L,
                        "wrong: part of a longer token", 1L,
                        "wrong: type argument or declaration", 3L));
        assertThat(comparison.counts().get(CompletionTask.KEYWORDS))
                .isEqualTo(Map.of("right", 1L, "missed", 2L, "wrong: in a name or keyword", 1L));
        assertThat(comparison.counts().get(CompletionTask.EOL)).isEqualTo(Map.of("right", 1L, "missed", 2L));
    }

    private void checkMissed(String source, String text, CompletionTask task, JsonArray entry, Set<Integer> explained) {
        // The missed are in code points, the matches above in both.
        int start = text.offsetByCodePoints(0, entry.get(0).getAsInt());
        String token = entry.get(2).getAsString();
        String target = found(source, task).get(start);
        String what = task + " in " + source + " at " + start + " missed: " + entry;
        switch (task) {
            case EOL -> {
                String rest = text.substring(start + 1);
                if (rest.matches("(?s)[ \t]*\\R.*")) {
                    explained.add(start);
                    assertThat(target).as(what).matches("(?s);[ \t]*\\R");
                } else if (rest.matches("(?s)[ \t]*//.*")) {
                    explained.add(start);
                    assertThat(target).as(what).isEqualTo(";");
                } else {
                    except("a semicolon with code after it, or at the end of the file, ends no line");
                    assertThat(target).as(what).isNull();
                }
            }
            case BOOLEAN_OPERATORS -> {
                assertThat(target).as(what).isNull();
                boolean intersection = text.startsWith("& Serializable", start);
                if (token.equals("?") || intersection) {
                    except("a conditional and the & of an intersection are no operators here");
                    assertThat(found(source, CompletionTask.MATHEMATICAL_OPERATORS))
                            .as(what)
                            .doesNotContainKey(start);
                } else {
                    except("bitwise operators are mathematical");
                    assertThat(found(source, CompletionTask.MATHEMATICAL_OPERATORS))
                            .as(what)
                            .containsEntry(start, token);
                }
            }
            case ASSIGNMENT_OPERATORS -> {
                if (token.equals("=")) {
                    except("plain assignment is no compound assignment");
                    assertThat(target).as(what).isNull();
                } else {
                    explained.add(start);
                    assertThat(target).as(what).isEqualTo(token);
                }
            }
            default -> {
                explained.add(start);
                assertThat(target).as(what).isEqualTo(token);
            }
        }
    }

    /** What we find beyond the verdicts: contextual keywords, and operators that the fixture files under another task. */
    private void assertNothingUnexplained(String source, CompletionTask task, Set<Integer> explained) {
        List<String> more = new ArrayList<>();
        found(source, task).forEach((start, target) -> {
            if (!explained.contains(start)) {
                more.add(target);
            }
        });
        Set<String> allowed = switch (task) {
            case KEYWORDS -> Set.of("sealed", "permits", "record", "when", "var", "yield");
            case MATHEMATICAL_OPERATORS -> Set.of("&", "|", "^", "~");
            default -> Set.of();
        };
        assertThat(more.stream().filter(t -> !allowed.contains(t)).collect(Collectors.toList()))
                .as(task + " in " + source + " beyond the verdicts")
                .isEmpty();
    }

    private static String lineOf(String text, int at) {
        int start = text.lastIndexOf('\n', at) + 1;
        int end = text.indexOf('\n', at);
        return text.substring(start, end < 0 ? text.length() : end).replace("\r", "");
    }
}
