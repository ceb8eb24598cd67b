package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.run.CanonicalJson;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MiningCommandsTest {
    private static final int PROJECTS = 9;
    private static final int FILES = 4;

    @TempDir
    private Path folder;

    @Test
    void comparesTheMinersByTaskAndKindOfError() throws IOException {
        Path sources = Files.createDirectories(folder.resolve("sources"));
        Files.writeString(
                sources.resolve("A.java"), "class A {\n  boolean b = x && y; // p && q\n  String s = \"a && b\";\n}\n");
        Outcome outcome = Outcome.of("compare-miners", sources.toString(), "--json", "--quiet");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(CanonicalJson.read(outcome.out()))
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("files", 1L)
                .extractingByKey("tasks", InstanceOfAssertFactories.MAP)
                .containsEntry(
                        "boolean_operators",
                        new TreeMap<>(Map.of("right", 1L, "wrong: in a comment", 1L, "wrong: in a literal", 1L)));
    }

    @Test
    void splitsAndSamplesByProject() throws IOException {
        Path data = folder.resolve("data.jsonl");
        Files.write(data, rows());
        TinyStudy.model(folder.resolve("model"), 120);
        Path run = folder.resolve("run");
        succeed(
                "mine",
                data.toString(),
                "--run",
                run.toString(),
                "--model",
                folder.resolve("model").toString(),
                "--tasks=identifiers,closing_bracket",
                "--window=" + TinyStudy.WINDOW,
                "--per-outcome=16",
                "--pool=128",
                "--spread=projects",
                "--split=project",
                "--seed=5",
                "--quiet");
        succeed("record", "--run", run.toString(), "--quiet");

        Map<String, String> sides = new HashMap<>();
        for (String line : Files.readAllLines(run.resolve("split.jsonl"))) {
            Map<?, ?> row = (Map<?, ?>) CanonicalJson.read(line);
            String project = row.get("corpus").toString();
            String side = row.get("side").toString();
            assertThat(sides.merge(project, side, (a, b) -> a))
                    .as("side of project %s", project)
                    .isEqualTo(side);
        }
        assertThat(sides).hasSize(PROJECTS);
        assertThat(sides.values()).contains("TRAIN", "VALIDATION", "TEST");
    }

    private static void succeed(String... arguments) {
        Outcome outcome = Outcome.of(arguments);
        assertThat(outcome.code()).as(outcome.err()).isZero();
    }

    /** The layout of a data set: one file a line, with its project. */
    private List<String> rows() throws IOException {
        Path sources = folder.resolve("files");
        TinyStudy.sources(sources, PROJECTS * FILES, 1);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < PROJECTS * FILES; i++) {
            String project = "project" + i % PROJECTS;
            rows.add(CanonicalJson.writeLine(Map.of(
                    "content",
                    Files.readString(sources.resolve("Sample" + i + ".java")),
                    "project",
                    project,
                    "path",
                    project + "/Sample" + i + ".java")));
        }
        return rows;
    }
}
