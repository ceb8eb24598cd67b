package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What docs/errors.md says is seen can be seen, and every kind of exception has its place there. */
class ErrorsPageTest {
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\\\n]|\\\\.)*)\"(?:\\s*\\+\\s*(?=\"))?");

    /** Returns the text of all string literals; those that are joined in the code are joined here, others stand on lines of their own. */
    private static String literals() throws IOException {
        StringBuilder all = new StringBuilder();
        for (Path file : SourceTree.mainFiles()) {
            Matcher literals = LITERAL.matcher(Files.readString(file));
            while (literals.find()) {
                all.append(literals.group(1));
                all.append(literals.group().endsWith("\"") ? "\n" : "");
            }
        }
        return all.toString();
    }

    @Test
    void everySymptomStandsInTheCode() throws IOException {
        String literals = literals();
        List<String> unknown = new ArrayList<>();
        int symptoms = 0;
        Matcher rows = Pattern.compile("^\\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$", Pattern.MULTILINE)
                .matcher(page());
        while (rows.find()) {
            String symptom = rows.group(1);
            // what stands in parentheses says where else it is seen
            if (symptom.equals("symptom")
                    || symptom.matches(".*\\((no message|skipped tests|in `doctor`|from DJL)\\)")) {
                continue;
            }
            symptoms++;
            for (String part : symptom.replaceAll(" \\(in .*\\)", "").split("; (?!finished)|\\.\\.\\. ?", -1)) {
                if (!literals.contains(part.strip())) {
                    unknown.add(part.strip());
                }
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(symptoms).isGreaterThan(40);
    }

    @Test
    void everyKindOfExceptionIsExplained() throws IOException {
        Set<String> kinds = new TreeSet<>();
        for (Path file : SourceTree.mainFiles()) {
            Matcher thrown = Pattern.compile("throw new (\\w+Exception)\\(").matcher(Files.readString(file));
            while (thrown.find()) {
                kinds.add(thrown.group(1));
            }
        }
        // these are caught within, where a file is read, and become one of the others
        kinds.removeAll(Set.of(
                "BombException",
                "BufferUnderflowException",
                "EOFException",
                "IOException",
                "IndexOutOfBoundsException",
                "JsonParseException",
                "LGBMException"));
        assertThat(kinds).contains("ModelFileException", "RunFolderException", "IllegalArgumentException");
        for (String kind : kinds) {
            assertThat(page()).contains("| `" + kind + "` |");
        }
    }

    private static String page() throws IOException {
        return Page.read("docs/errors.md").text();
    }
}
