package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.javaparser.StaticJavaParser;
import com.github.javaparser.ast.expr.Expression;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

/** Properties on a whole library: the sources of commons-lang3 3.18.0, copied by the build to target/corpus. */
class WholeJarTest {
    private static final Path JAR = Path.of("target", "corpus", "commons-lang3-3.18.0-sources.jar");

    private static final Map<CompletionTask, String> SHAPES = Map.ofEntries(
            Map.entry(CompletionTask.IDENTIFIERS, "[\\p{L}_$][\\p{L}\\p{N}_$]*"),
            Map.entry(CompletionTask.STRING_LITERALS, "(?s)\".*\"|'.*'"),
            Map.entry(CompletionTask.BOOLEAN_LITERALS, "true|false"),
            Map.entry(CompletionTask.NUMERIC_LITERALS, "[0-9.][0-9a-zA-Z_.+-]*"),
            Map.entry(CompletionTask.FUNCTION_CALL, "(?s).+\\(.*\\)"),
            Map.entry(CompletionTask.FUNCTION_NAME, "[A-Za-z]\\w*"),
            Map.entry(CompletionTask.CLOSING_BRACKET, "[)}\\]]"),
            Map.entry(CompletionTask.EOL, ";([ \t]*(\r\n|\n|\r))?"),
            Map.entry(CompletionTask.STOP, "\\."),
            Map.entry(CompletionTask.KEYWORDS, "[a-z]+"),
            Map.entry(CompletionTask.MATHEMATICAL_OPERATORS, "\\+|-|\\*|/|%|\\+\\+|--|<<|>>|>>>|&|\\||\\^|~|<|>|<=|>="),
            Map.entry(CompletionTask.BOOLEAN_OPERATORS, "!=|==|&&|\\|\\||!"),
            Map.entry(CompletionTask.ASSIGNMENT_OPERATORS, "(\\+|-|\\*|/|%|&|\\||\\^|<<|>>|>>>)="),
            Map.entry(CompletionTask.NOISE, ""));

    private static final Pattern ANYTHING = Pattern.compile("(?s).*");

    private static MiningSummary mine(int threads, MiningOptions options, List<Scenario> into) {
        return new CorpusMiner(new JavaParserMiner(), threads).mine(Corpora.open(JAR), options, into::add);
    }

    @Test
    void everyScenarioOfALibraryIsACutOfItsFile() {
        List<Scenario> scenarios = new ArrayList<>();
        List<Rejection> rejections = new ArrayList<>();
        List<Long> progress = new ArrayList<>();
        long start = System.nanoTime();
        MiningSummary summary = new CorpusMiner(new JavaParserMiner(), 2)
                .mine(Corpora.open(JAR), MiningOptions.everything(1), scenarios::add, rejections::add, progress::add);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "commons-lang3: %d files, %.2f MB, %.1f MB/s, %s%n",
                summary.files(), summary.characters() / 1e6, summary.characters() / 1e6 / seconds, summary.scenarios());
        assertThat(rejections).isEmpty();
        assertThat(summary.rejections()).isEmpty();
        assertThat(summary.files()).isEqualTo(progress.size()).isGreaterThan(200);
        assertThat(progress).isSorted().endsWith(summary.files());
        assertThat(summary.total()).isEqualTo(scenarios.size());
        assertThat(summary.scenarios()).containsOnlyKeys(CompletionTask.values());
        assertThat(summary.scenarios().values()).allMatch(count -> count > 50);
        Map<CompletionTask, Long> counted =
                scenarios.stream().collect(Collectors.groupingBy(Scenario::task, Collectors.counting()));
        assertThat(counted).isEqualTo(summary.scenarios());
        Map<CompletionTask, Pattern> shapes = new EnumMap<>(CompletionTask.class);
        SHAPES.forEach((task, shape) -> shapes.put(task, Pattern.compile(shape)));
        Map<SourceFile, Scenario> last = new HashMap<>();
        for (Scenario scenario : scenarios) {
            String text = scenario.source().text();
            String target = scenario.target();
            // The parts are compared in place: joining them for each of 300,000 scenarios would copy 20 GB.
            if (!text.startsWith(target, scenario.start())
                    || scenario.start() + target.length() != scenario.end()
                    || !shapes.getOrDefault(scenario.task(), ANYTHING)
                            .matcher(target)
                            .matches()) {
                assertThat(scenario.task() + " '" + target + "'")
                        .as(scenario.source().path())
                        .isNull();
            }
            Scenario before = last.put(scenario.source(), scenario);
            assertThat(before == null || before.start() <= scenario.start()).isTrue();
        }
        for (int i = 0; i < scenarios.size(); i += 997) {
            Scenario scenario = scenarios.get(i);
            assertThat(scenario.prefix() + scenario.target() + scenario.suffix())
                    .isEqualTo(scenario.source().text());
        }
    }

    @Test
    void callsAreWholeCallsAndThreadsDoNotMatter() {
        MiningOptions options = new MiningOptions(
                EnumSet.of(CompletionTask.FUNCTION_CALL, CompletionTask.RANDOM, CompletionTask.EOL), 3, 42);
        List<Scenario> one = new ArrayList<>();
        List<Scenario> three = new ArrayList<>();
        assertThat(mine(1, options, one)).isEqualTo(mine(3, options, three));
        assertThat(one).isEqualTo(three).extracting(Scenario::id).doesNotHaveDuplicates();
        Set<String> calls = one.stream()
                .filter(s -> s.task() == CompletionTask.FUNCTION_CALL)
                .map(Scenario::target)
                .collect(Collectors.toSet());
        assertThat(calls).hasSizeGreaterThan(200);
        assertThat(calls).allMatch(WholeJarTest::isCall);
    }

    private static boolean isCall(String text) {
        Expression parsed = StaticJavaParser.parseExpression(text);
        return parsed.isMethodCallExpr();
    }
}
