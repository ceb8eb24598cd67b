package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Projects of outsiders, as a stranger would write them: outside the tree, without our parent, built by a Maven of its own.
 *
 * <p>Each has a new local repository that holds our artifacts as {@code mvn install} leaves them and nothing else. In place of
 * Maven Central stands the local repository of this build, behind a {@code file:} URL, so that nothing is fetched and what the
 * project pulls can be read off the new repository.
 */
class ConsumerTest {
    private static final List<String> MODULES = List.of("apmae-core", "apmae-mining", "apmae-models");
    private static final Pattern NATIVE = Pattern.compile(".*\\.(so|dll|dylib|jnilib)(\\.[\\d.]+)?", Pattern.DOTALL);
    private static final double TOLERANCE = 0.02;

    private static final String MINING_PROGRAM = """
            import java.util.TreeMap;
            import org.apmae.core.scenario.*;
            import org.apmae.mining.JavaParserMiner;

            class Count {
                public static void main(String[] arguments) {
                    SourceFile source = new SourceFile("mine", "A.java", "class A { boolean b = 1 < 2 && true; }");
                    TreeMap<String, Integer> counts = new TreeMap<>();
                    new JavaParserMiner().mine(source, MiningOptions.everything(1)).scenarios()
                            .forEach(scenario -> counts.merge(scenario.task().wireName(), 1, Integer::sum));
                    System.out.println(counts.get("boolean_operators") + " " + counts.get("numeric_literals"));
                }
            }
            """;

    @TempDir
    private static Path shared;

    private static String mavenHome;
    private static String central;
    private static String version;
    private static Path models;

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        mavenHome = System.getProperty("apmae.maven.home");
        central = System.getProperty("apmae.maven.repository");
        assumeThat(mavenHome != null && central != null)
                .as("Maven itself has to run this test: it says where it and its repository are")
                .isTrue();
        version = element(Files.readString(SourceTree.root().resolve("pom.xml")), "apmae-parent", "version");
        String classPath = System.getProperty("java.class.path");
        assumeThat(MODULES.stream().allMatch(module -> classPath.contains(module + "-" + version + ".jar")))
                .as("the modules are jars only from the phase package on: mvn verify")
                .isTrue();
        models = project("models", "apmae-models", "FirstLook", readmeProgram());
    }

    private static String readmeProgram() throws IOException {
        return Page.read("README.md").block("java", "class FirstLook");
    }

    /** Finds the element that follows an artifact's name in a pom. */
    private static String element(String pom, String artifact, String name) {
        Matcher found = Pattern.compile(
                        "<artifactId>" + artifact + "</artifactId>\\s*<" + name + ">([^<]+)</" + name + ">")
                .matcher(pom);
        assertThat(found.find()).as("%s of %s", name, artifact).isTrue();
        return found.group(1);
    }

    /** Writes a project with the dependency that the README shows, installs our artifacts for it, and builds it. */
    private static Path project(String name, String artifact, String program, String source)
            throws IOException, InterruptedException {
        Path project = Files.createDirectories(shared.resolve(name));
        install(project.resolve("repository"));
        String dependency = Page.read("README.md").block("xml", "<dependency>").replace("apmae-models", artifact);
        String parent = Files.readString(SourceTree.root().resolve("pom.xml"));
        StringBuilder plugins = new StringBuilder();
        for (String plugin : List.of("maven-resources-plugin", "maven-compiler-plugin")) {
            plugins.append("<plugin><artifactId>%s</artifactId><version>%s</version></plugin>%n"
                    .formatted(plugin, element(parent, plugin, "version")));
        }
        Files.writeString(project.resolve("pom.xml"), """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                  <modelVersion>4.0.0</modelVersion>
                  <groupId>com.example</groupId>
                  <artifactId>%s</artifactId>
                  <version>1</version>
                  <properties>
                    <maven.compiler.release>17</maven.compiler.release>
                    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
                  </properties>
                  <dependencies>
                %s
                  </dependencies>
                  <build><pluginManagement><plugins>
                %s  </plugins></pluginManagement></build>
                </project>
                """.formatted(name, dependency, plugins));
        Files.writeString(
                project.resolve("settings.xml"), """
                <settings>
                  <mirrors>
                    <mirror><id>here</id><mirrorOf>*</mirrorOf><url>%s</url></mirror>
                  </mirrors>
                </settings>
                """.formatted(Path.of(central).toUri()));
        Path folder = Files.createDirectories(project.resolve("src/main/java"));
        Files.writeString(folder.resolve(program + ".java"), source);
        Result built = maven(
                project,
                Map.of(),
                "compile",
                dependencyPlugin() + ":build-classpath",
                "-Dmdep.outputFile=classpath.txt",
                "-Dmdep.includeScope=runtime");
        assertThat(built.code()).as(built.out() + built.err()).isZero();
        return project;
    }

    private static String dependencyPlugin() throws IOException {
        String parent = Files.readString(SourceTree.root().resolve("pom.xml"));
        return "org.apache.maven.plugins:maven-dependency-plugin:"
                + element(parent, "maven-dependency-plugin", "version");
    }

    private static void install(Path repository) throws IOException {
        Path root = SourceTree.root();
        install(repository, "apmae-parent", root.resolve("pom.xml"), ".pom");
        for (String module : MODULES) {
            install(repository, module, root.resolve(module).resolve("pom.xml"), ".pom");
            Path target = root.resolve(module).resolve("target");
            install(repository, module, target.resolve(module + "-" + version + ".jar"), ".jar");
        }
    }

    private static void install(Path repository, String artifact, Path file, String suffix) throws IOException {
        Path folder = Files.createDirectories(
                repository.resolve("org/apmae").resolve(artifact).resolve(version));
        Files.copy(file, folder.resolve(artifact + "-" + version + suffix));
    }

    private record Result(int code, String out, String err) {}

    private static Result maven(Path project, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("windows");
        List<String> command = new ArrayList<>(List.of(
                Path.of(mavenHome, "bin", windows ? "mvn.cmd" : "mvn").toString(),
                "-B",
                "-ntp",
                "-q",
                "-s",
                "settings.xml",
                "-gs",
                "settings.xml",
                "-Dmaven.repo.local=" + project.resolve("repository")));
        command.addAll(List.of(arguments));
        return run(project, environment, command);
    }

    /** Runs a command with nothing in the environment that would give Java or Maven an option. */
    private static Result run(Path folder, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(shared, "out", ".txt");
        Path err = Files.createTempFile(shared, "err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        for (String name :
                List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "MAVEN_OPTS", "MAVEN_ARGS")) {
            builder.environment().remove(name);
        }
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(10, TimeUnit.MINUTES))
                    .as("%s ends", command)
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private static List<Path> classPath(Path project) throws IOException {
        return Arrays.stream(Files.readString(project.resolve("classpath.txt"))
                        .strip()
                        .split(Pattern.quote(File.pathSeparator)))
                .map(Path::of)
                .toList();
    }

    /** Runs a program of a project on a JDK, without any option but the class path. */
    private static Result java(Path home, Path project, String program) throws IOException, InterruptedException {
        List<String> classPath = new ArrayList<>(List.of("target/classes"));
        classPath(project).forEach(jar -> classPath.add(jar.toString()));
        return run(
                project,
                Map.of(),
                List.of(
                        home.resolve("bin/java").toString(),
                        "-cp",
                        String.join(File.pathSeparator, classPath),
                        program));
    }

    private static List<String> nativeLibraries(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> NATIVE.matcher(name).matches())
                    .map(name -> jar.getFileName() + "!" + name)
                    .toList();
        }
    }

    @Test
    void miningBringsNoNativeLibrary() throws IOException, InterruptedException {
        Path project = project("mining", "apmae-mining", "Count", MINING_PROGRAM);
        List<String> names = new ArrayList<>();
        List<String> natives = new ArrayList<>();
        for (Path jar : classPath(project)) {
            names.add(jar.getFileName().toString());
            natives.addAll(nativeLibraries(jar));
        }
        assertThat(names)
                .contains("apmae-mining-" + version + ".jar", "apmae-core-" + version + ".jar")
                .noneMatch(name -> name.matches("(pytorch|tokenizers|lightgbm|jna|onnx|tensorflow|mxnet).*"));
        assertThat(natives).isEmpty();
        assertThat(project.resolve("repository/ai/djl/pytorch")).doesNotExist();
        Result run = java(Path.of(System.getProperty("java.home")), project, "Count");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().strip()).isEqualTo("1 2");

        // the check itself finds libraries where there are some
        List<String> found = new ArrayList<>();
        for (Path jar : classPath(models)) {
            found.addAll(nativeLibraries(jar));
        }
        assertThat(found).anyMatch(name -> name.contains("lightgbm")).anyMatch(name -> name.contains("djl_torch"));
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 25})
    void modelsRunTheProgramOfTheReadmeWithoutAnyFlag(int feature) throws IOException, InterruptedException {
        Optional<Path> home = jdk(feature);
        assumeThat(home)
                .as("a JDK %d: set JAVA%d_HOME, or install one under /usr/lib/jvm", feature, feature)
                .isPresent();
        Result run = java(home.orElseThrow(), models, "FirstLook");
        assertThat(run.code()).as(run.err()).isZero();
        Page.compare(Page.read("README.md").block("text", "peaks at"), run.out(), TOLERANCE);
    }

    /** The profile that chooses the library stands in our parent, and has to work on the machine of whoever depends on it. */
    @ParameterizedTest
    @CsvSource({"Linux, aarch64, linux-aarch64", "Mac OS X, aarch64, osx-aarch64"})
    void theLibraryIsThatOfTheConsumersPlatform(String system, String architecture, String classifier)
            throws IOException, InterruptedException {
        Path tree = models.resolve("tree.txt");
        Files.deleteIfExists(tree);
        String options = "-Dos.name=\"" + system + "\" -Dos.arch=" + architecture;
        Result listed = maven(
                models,
                Map.of("JDK_JAVA_OPTIONS", options),
                dependencyPlugin() + ":tree",
                "-DoutputFile=tree.txt",
                "-Dincludes=ai.djl.pytorch:pytorch-native-cpu");
        assertThat(listed.code()).as(listed.out() + listed.err()).isZero();
        assertThat(tree).content().contains("pytorch-native-cpu:jar:" + classifier + ":");
    }

    private static Optional<Path> jdk(int feature) throws IOException {
        List<Path> homes = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"))));
        for (String name : List.of("JAVA" + feature + "_HOME", "JAVA_HOME_" + feature + "_X64", "JAVA_HOME")) {
            Optional.ofNullable(System.getenv(name)).map(Path::of).ifPresent(homes::add);
        }
        Path user = Path.of(System.getProperty("user.home"));
        for (Path folder : List.of(
                Path.of("/usr/lib/jvm"),
                Path.of("/Library/Java/JavaVirtualMachines"),
                user.resolve(".sdkman/candidates/java"),
                user.resolve(".jdks"))) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> children = Files.list(folder)) {
                    children.sorted()
                            .flatMap(child -> Stream.of(child, child.resolve("Contents/Home")))
                            .forEach(homes::add);
                }
            }
        }
        for (Path home : homes) {
            if (feature(home) == feature) {
                return Optional.of(home);
            }
        }
        return Optional.empty();
    }

    /** Returns the version that a JDK says in its file {@code release}; 0 where there is none. */
    private static int feature(Path home) throws IOException {
        Path release = home.resolve("release");
        if (!Files.isRegularFile(release) || !Files.exists(home.resolve("bin"))) {
            return 0;
        }
        Properties properties = new Properties();
        try (var in = Files.newInputStream(release)) {
            properties.load(in);
        }
        Matcher number = Pattern.compile("\"?(\\d+).*").matcher(properties.getProperty("JAVA_VERSION", ""));
        return number.matches() ? Integer.parseInt(number.group(1)) : 0;
    }
}
