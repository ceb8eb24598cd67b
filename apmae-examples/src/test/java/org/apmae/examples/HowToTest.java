package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadInterventionContract;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.pattern.PatternClustererContract;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.ScenarioMinerContract;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Takes programs, commands and their outputs from the pages in docs/how-to, runs them, and compares. */
class HowToTest {
    private static final String COMMAND = "java -jar apmae-examples/target/apmae.jar ";
    private static final double TOLERANCE = 0.03;

    @TempDir
    private static Path contracts;

    @TempDir
    private Path folder;

    /** What stands in a page for something of the reader's, and what the test puts in its place. */
    private final Map<String, String> places = new TreeMap<>();

    @BeforeEach
    void placesOfTheBuild() {
        places.put(
                "apmae-examples/target/corpus",
                SourceTree.root().resolve("apmae-examples/target/corpus").toString());
        places.put("my-run", folder.resolve("my-run").toString());
    }

    private String placed(String text) {
        String result = text;
        for (Map.Entry<String, String> place : places.entrySet()) {
            result = result.replace(place.getKey(), place.getValue());
        }
        return result;
    }

    private static Page page(String name) throws IOException {
        return Page.read("docs/how-to/" + name + ".md");
    }

    /** Runs the program of a page and compares what it prints with what stands below it. */
    private void runs(String page, String className) throws IOException, ReflectiveOperationException {
        Page text = page(page);
        String source = text.block("java", "class " + className + " ");
        Page.compare(text.block("text", ""), JavaProgram.run(folder, placed(source)), TOLERANCE);
    }

    /** Makes what the contract test of a page puts under test, by the method with which it does so. */
    private static Object made(Path folder, String page, String className, String method) {
        try {
            Page text = page(page);
            Path classes = JavaProgram.compile(
                    folder,
                    text.block("java", "class " + className + " "),
                    text.block("java", "class " + className + "Test "));
            try (URLClassLoader loader = JavaProgram.loader(classes)) {
                Constructor<?> test = loader.loadClass(className + "Test").getDeclaredConstructor();
                test.setAccessible(true);
                Method maker = test.getDeclaringClass().getDeclaredMethod(method);
                maker.setAccessible(true);
                Object made = maker.invoke(test.newInstance());
                // all classes are needed once before their loader is closed
                Class.forName(className, true, loader);
                for (Class<?> inner : made.getClass().getDeclaredClasses()) {
                    Class.forName(inner.getName(), true, loader);
                }
                return made;
            }
        } catch (IOException | ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The tests of the page on tasks. */
    @Nested
    class OwnTaskContract extends ScenarioMinerContract {
        private final ScenarioMiner made = (ScenarioMiner) made(contracts, "own-task", "RepeatedNames", "miner");

        @Override
        protected ScenarioMiner miner() {
            return made;
        }
    }

    /** The tests of the page on interventions. */
    @Nested
    class OwnInterventionContract extends HeadInterventionContract {
        private final HeadIntervention made =
                (HeadIntervention) made(contracts, "own-intervention", "MeanOverPositions", "intervention");

        @Override
        protected HeadIntervention intervention() {
            return made;
        }

        @Override
        protected NDManager manager() {
            return NativeRuntime.newManager(Device.cpu());
        }
    }

    /** The tests of the page on clusterers. */
    @Nested
    class OwnClustererContract extends PatternClustererContract {
        private final PatternClusterer made =
                (PatternClusterer) made(contracts, "own-clusterer", "Leaders", "clusterer");

        @Override
        protected PatternClusterer clusterer() {
            return made;
        }

        @Override
        protected boolean measuresValidity() {
            return false;
        }
    }

    /** Runs the commands of a block and returns what the last one printed, without blanks at the ends of lines. */
    private String commands(String block) {
        String printed = "";
        for (String line : block.lines().toList()) {
            assertThat(line).startsWith(COMMAND);
            List<String> arguments = new ArrayList<>(
                    List.of(placed(line.substring(COMMAND.length())).split(" ")));
            arguments.add("--quiet");
            Outcome outcome = Outcome.of(arguments.toArray(String[]::new));
            assertThat(outcome.code()).as("%s: %s", line, outcome.err()).isZero();
            // what is for people goes to standard error, the last line of a stage being the path of the run folder
            printed = Stream.of(outcome.out(), outcome.err())
                    .flatMap(String::lines)
                    .map(String::stripTrailing)
                    .filter(shown -> !shown.startsWith("run folder: "))
                    .collect(Collectors.joining("\n"))
                    .strip();
        }
        return printed;
    }

    @Test
    void embed() throws IOException, ReflectiveOperationException {
        runs("embed", "CompletionService");
    }

    @Test
    void ownTask() throws IOException, ReflectiveOperationException {
        runs("own-task", "RepeatedNames");
    }

    @Test
    void ownIntervention() throws IOException, ReflectiveOperationException {
        runs("own-intervention", "MeanOverPositions");
    }

    @Test
    void ownCorpusAndOwnClusterer() throws IOException, ReflectiveOperationException {
        Page corpus = page("own-corpus");
        Page.compare(corpus.block("text", ""), commands(corpus.block("sh", " mine ")), TOLERANCE);
        commands(corpus.block("sh", " train "));
        runs("own-clusterer", "Leaders");
    }

    /** The model is one that is made here, in the layout of Hugging Face; what the page says of a large one is in the benchmarks. */
    @Test
    void starcoder2() throws IOException {
        TinyStudy.sources(folder.resolve("sources"), 6, 1);
        TinyStudy.model(folder.resolve("model"), 0);
        places.put("path/to/sources", folder.resolve("sources") + " --window 64 --tasks identifiers --pool 80");
        places.put("path/to/starcoder2-3b", folder.resolve("model").toString());
        places.put("big-run", folder.resolve("big-run").toString());
        Page text = page("starcoder2");
        String doctor = commands(text.block("sh", " doctor "));
        assertThat(doctor).contains("2 layers of 8 heads").contains("fidelity");
        assertThat(rows(commands(COMMAND + "doctor"))).containsAll(rows(text.block("text", "fill-in-the-middle")));

        List<String> study = text.block("sh", " record ").lines().toList();
        assertThat(study).hasSize(3);
        commands(study.get(0));
        Pattern numbers = Pattern.compile("\\d[\\d.,]*( (s|min|h)(?=,))?");
        assertThat(numbers.matcher(commands(study.get(1))).replaceAll("#"))
                .isEqualTo(numbers.matcher(text.block("text", "at most")).replaceAll("#"));
        // the last is the whole study, which other tests run
        assertThat(study.get(2)).contains(" discover ");
    }

    @Test
    void gpu() throws IOException {
        Page text = page("gpu");
        List<String> shown = rows(text.block("text", "libtorch"));
        List<String> found = rows(commands(text.block("sh", " doctor")));
        assertThat(found).anyMatch(row -> row.startsWith("libtorch ok 2.7.1, "));
        if (found.stream().anyMatch(row -> row.startsWith("libtorch ") && row.endsWith(" 0 GPUs"))) {
            assertThat(found).containsAll(shown);
        }
    }

    @Test
    void theTableOfHooksIsWhole() throws IOException {
        List<String> shown = new ArrayList<>();
        Matcher rows = Pattern.compile("^\\| `((blocks|ln_final)\\.[^`]*)` \\| \\(", Pattern.MULTILINE)
                .matcher(Page.read("docs/hooks.md").text());
        while (rows.find()) {
            shown.add(rows.group(1));
        }
        try (TargetModel model = TargetModels.embedded()) {
            assertThat(shown)
                    .containsExactlyInAnyOrderElementsOf(model.hookNames().stream()
                            .map(name -> name.replaceFirst("blocks\\.\\d+", "blocks.{i}"))
                            .distinct()
                            .toList());
        }
    }

    /** Tables are as wide as their widest cell, so the blanks between their columns depend on the machine. */
    private static List<String> rows(String table) {
        return table.lines().map(row -> row.strip().replaceAll(" +", " ")).toList();
    }

    static Stream<String> pages() throws IOException {
        try (Stream<Path> files = Files.list(SourceTree.root().resolve("docs/how-to"))) {
            return files.map(file -> file.getFileName().toString().replace(".md", "")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksLead(String name) throws IOException {
        Page text = page(name);
        Matcher links = Pattern.compile("\\]\\(([^)#]+)(#[^)]*)?\\)").matcher(text.text());
        while (links.find()) {
            assertThat(text.path().resolveSibling(links.group(1)).normalize()).exists();
        }
        if (!name.equals("index")) {
            assertThat(page("index").text()).contains("(" + name + ".md)");
        }
    }
}
