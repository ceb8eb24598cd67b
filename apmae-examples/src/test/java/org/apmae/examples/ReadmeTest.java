package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README shows a program that is there, is short, and compiles as an outsider would compile it. */
class ReadmeTest {
    private static final Pattern JAVA_BLOCK =
            Pattern.compile("^```java\\R(.*?)^```\\s*$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final String PROGRAM = "apmae-examples/src/main/java/org/apmae/examples/FirstLook.java";

    @TempDir
    private Path folder;

    @Test
    void showsTheProgramAsItIs() throws IOException {
        String program = Files.readString(SourceTree.root().resolve(PROGRAM));
        assertThat(program).startsWith("package org.apmae.examples;\n");
        String belowPackage = program.substring(program.indexOf('\n')).strip();
        assertThat(shown()).isEqualTo(belowPackage);
        assertThat(program.lines()).hasSizeLessThan(40);
    }

    @Test
    void compilesWhatItShows() throws IOException {
        Path source = Files.writeString(folder.resolve("FirstLook.java"), shown());
        Path classes = Files.createDirectory(folder.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            Iterable<? extends JavaFileObject> units = files.getJavaFileObjects(source);
            List<String> options = List.of(
                    "--release",
                    "17",
                    "-proc:none",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "-d",
                    classes.toString());
            boolean compiled = compiler.getTask(messages, files, null, options, null, units)
                    .call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
        assertThat(classes.resolve("FirstLook.class")).exists();
    }

    private static String shown() throws IOException {
        Path readme = SourceTree.root().resolve("README.md");
        assertThat(readme).exists();
        Matcher blocks = JAVA_BLOCK.matcher(Files.readString(readme));
        while (blocks.find()) {
            if (blocks.group(1).contains("class FirstLook")) {
                return blocks.group(1).strip();
            }
        }
        throw new AssertionError("README.md has no java block with class FirstLook");
    }
}
