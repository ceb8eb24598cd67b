package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README shows a program that is there, is short, and compiles as an outsider would compile it. */
class ReadmeTest {
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
        Path classes = JavaProgram.compile(folder, shown());
        assertThat(classes.resolve("FirstLook.class")).exists();
    }

    private static String shown() throws IOException {
        return Page.read("README.md").block("java", "class FirstLook");
    }
}
