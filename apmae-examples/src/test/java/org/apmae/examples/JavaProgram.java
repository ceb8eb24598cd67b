package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Programs that a page shows, compiled as an outsider would compile them, and run in this process. */
final class JavaProgram {
    private JavaProgram() {}

    /** Compiles sources of one class each, and returns the folder of the classes. */
    static Path compile(Path folder, String... sources) throws IOException {
        Path classes = Files.createDirectories(folder.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            List<Path> paths = new ArrayList<>();
            for (String source : sources) {
                paths.add(Files.writeString(folder.resolve(className(source) + ".java"), source));
            }
            Iterable<? extends JavaFileObject> units = files.getJavaFileObjectsFromPaths(paths);
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
        return classes;
    }

    static String className(String source) {
        Matcher name = Pattern.compile("^class (\\w+)", Pattern.MULTILINE).matcher(source);
        assertThat(name.find()).as("a class in %s", source).isTrue();
        return name.group(1);
    }

    /** Loads a class of a folder; the loader has to be closed. */
    static URLClassLoader loader(Path classes) throws IOException {
        return new URLClassLoader(new URL[] {classes.toUri().toURL()}, JavaProgram.class.getClassLoader());
    }

    /** Runs the main method of a source and returns what it printed. */
    static String run(Path folder, String source) throws IOException, ReflectiveOperationException {
        PrintStream before = System.out;
        Locale locale = Locale.getDefault();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (URLClassLoader loader = loader(compile(folder, source));
                PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            Method main = loader.loadClass(className(source)).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            System.setOut(out);
            Locale.setDefault(Locale.ROOT);
            main.invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(before);
            Locale.setDefault(locale);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
