package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.javaparser.StaticJavaParser;
import com.github.javaparser.ast.expr.Expression;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
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

    /**
     * The bytes of the archive, not those of a decoded text: nothing may be lost on the way. Archives named in the system property
     * {@code apmae.corpora} are checked as a whole; else a part of the library and of the JDK's own sources, where it has them.
     */
    @Test
    void scenariosGiveTheBytesOfTheirFile() throws IOException {
        String named = System.getProperty("apmae.corpora", "");
        List<Path> archives = new ArrayList<>();
        if (named.isEmpty()) {
            archives.add(JAR);
            archives.add(Path.of(System.getProperty("java.home"), "lib", "src.zip"));
        } else {
            Arrays.stream(named.split(File.pathSeparator, -1)).map(Path::of).forEach(archives::add);
        }
        for (Path archive : archives) {
            if (Files.isRegularFile(archive)) {
                int step = !named.isEmpty() ? 1 : archive.equals(JAR) ? 5 : 250;
                assertThat(checkBytes(archive, step)).as(archive.toString()).isPositive();
            }
        }
    }

    private static long checkBytes(Path archive, int step) throws IOException {
        long checked = 0;
        JavaParserMiner miner = new JavaParserMiner();
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            List<? extends ZipEntry> entries = zip.stream()
                    .filter(entry -> entry.getName().endsWith(".java"))
                    .toList();
            for (int i = 0; i < entries.size(); i += step) {
                String path = entries.get(i).getName();
                byte[] bytes = zip.getInputStream(entries.get(i)).readAllBytes();
                List<Rejection> rejections = new ArrayList<>();
                SourceFile source = SourceBytes.file("archive", path, bytes, rejections::add)
                        .orElseThrow();
                List<Scenario> scenarios = new ArrayList<>(
                        miner.mine(source, MiningOptions.everything(i)).scenarios());
                // joining the parts of each would copy the file a thousand times; offsets are compared for all
                for (int k = 0; k < scenarios.size(); k++) {
                    Scenario scenario = scenarios.get(k);
                    boolean cut = scenario.target().length() == scenario.end() - scenario.start()
                            && scenario.source().equals(source);
                    String whole =
                            k % 97 == 0 ? scenario.prefix() + scenario.target() + scenario.suffix() : source.text();
                    if (!cut || (k % 97 == 0 && !Arrays.equals(whole.getBytes(StandardCharsets.UTF_8), bytes))) {
                        assertThat(scenario.toString()).as(path).isNull();
                    }
                    checked++;
                }
            }
        }
        return checked;
    }

    @Test
    void scenariosGiveBackWhateverStandsBetweenTokens() {
        String text = "\uFEFFclass\tA\f{\r\n\tString \u540d = \"\uD83D\uDE00\\t\" ;\t\r\n\t\tchar c = '\\u0041';\r"
                + " int \\u0062x = 1; // \uD83D\uDE00 \\u0043\n String t = \"\"\"\r\n  \uD83D\uDE00\t\r\n  \"\"\";\n}";
        SourceFile source = new SourceFile("x", "A.java", text);
        List<Scenario> scenarios =
                new JavaParserMiner().mine(source, MiningOptions.everything(1)).scenarios();
        assertThat(scenarios).hasSize(21);
        assertThat(scenarios)
                .allSatisfy(scenario -> assertThat(scenario.prefix() + scenario.target() + scenario.suffix())
                        .isEqualTo(source.text()));
        assertThat(scenarios.stream()
                        .filter(s -> s.task() == CompletionTask.IDENTIFIERS)
                        .map(Scenario::target))
                .containsExactly("A", "String", "\u540d", "c", "\\u0062x", "String", "t");
        assertThat(scenarios.stream()
                        .filter(s -> s.task() == CompletionTask.STRING_LITERALS)
                        .map(Scenario::target))
                .containsExactly("\"\uD83D\uDE00\\t\"", "'\\u0041'", "\"\"\"\r\n  \uD83D\uDE00\t\r\n  \"\"\"");
        assertThat(scenarios.stream()
                        .filter(s -> s.task() == CompletionTask.EOL)
                        .map(Scenario::target))
                .containsExactly(";\t\r\n", ";\r", ";", ";\n");
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
