package org.apmae.core.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTablesTest {
    @TempDir
    Path folder;

    private static ScenarioRow row(String text, int start, int end) {
        Scenario scenario = new Scenario(
                CompletionTask.STRING_LITERALS, new SourceFile("corpus.jar", "a/B.java", text), start, end);
        return ScenarioRow.of(scenario, new Prompt(scenario.id(), scenario.task(), new int[] {1, 5, 3, 7, 2}, 42));
    }

    private static final Provenance PROVENANCE = Provenance.seeded(1);

    @Test
    void readsTheTablesItWrote() throws IOException {
        String text = "class B {\n\tString s = \"\u00e9\ud83d\ude00\u2028\";\r\n}";
        List<ScenarioRow> rows = List.of(row(text, 22, 28), row(text, 0, 5));
        List<Rejection> rejections = List.of(new Rejection("a/C.java", "does_not_parse", "line 3, \"x\""));
        List<Verdict> verdicts = List.of(
                new Verdict(rows.get(1).id(), 3, 42, 0.1 + 0.2, 1e-9, 2.5, 7.25),
                new Verdict(rows.get(0).id(), 3, Prompt.NO_TARGET, 0.5, 0.25, 0.125, Double.NaN));
        PatternLabels labels = new PatternLabels(
                rows.stream().map(ScenarioRow::id).toList(),
                List.of(new HeadId(0, 2), new HeadId(0, 10), new HeadId(1, 0)),
                new int[][] {{-1, 0, 3}, {2, 2, -1}});
        try (RunFolder run = RunFolder.create(folder)) {
            try (StageWriter writer = run.begin(Stage.MINE)) {
                RunTables.writeScenarios(writer, rows);
                RunTables.writeRejections(writer, rejections);
                writer.commit(PROVENANCE);
            }
            try (StageWriter writer = run.begin(Stage.RECORD)) {
                RunTables.writeVerdicts(writer, verdicts);
                writer.commit(PROVENANCE);
            }
            for (Stage stage : List.of(Stage.TRAIN, Stage.ENCODE)) {
                try (StageWriter writer = run.begin(stage)) {
                    writer.metrics(Map.of());
                    writer.commit(PROVENANCE);
                }
            }
            try (StageWriter writer = run.begin(Stage.CLUSTER)) {
                RunTables.writeLabels(writer, labels);
                writer.commit(PROVENANCE);
            }
        }
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            assertThat(RunTables.scenarios(run)).isEqualTo(rows);
            assertThat(RunTables.scenarios(run).get(0).prompt())
                    .isEqualTo(rows.get(0).prompt());
            assertThat(RunTables.rejections(run)).isEqualTo(rejections);
            assertThat(RunTables.verdicts(run)).isEqualTo(verdicts);
            PatternLabels read = RunTables.labels(run);
            assertThat(read.scenarioIds()).isEqualTo(labels.scenarioIds());
            assertThat(read.heads()).isEqualTo(labels.heads());
            assertThat(read.row(rows.get(0).id())).containsExactly(-1, 0, 3);
            assertThat(read.column(new HeadId(0, 10))).containsExactly(0, 2);
        }
        assertThat(Files.readAllLines(folder.resolve("verdicts.jsonl")).get(1))
                .contains(
                        "\"target_loss\":null",
                        "\"correct\":false",
                        "\"id\":\"" + rows.get(0).id());
    }

    @Test
    void keepsTextAroundTheGapWithoutBreakingCharacters() {
        String side = "\ud83d\ude00".repeat(200);
        String text = "x" + side + "GAP" + side;
        ScenarioRow row = row(text, 401, 404);
        assertThat(row.before()).isEqualTo("\ud83d\ude00".repeat(150));
        assertThat(row.after()).isEqualTo("\ud83d\ude00".repeat(150));
        ScenarioRow odd = row("x" + side + "yGAPz" + side, 402, 405);
        assertThat(odd.before()).hasSize(299).endsWith("y").startsWith("\ud83d\ude00");
        assertThat(odd.after()).hasSize(299).startsWith("z").endsWith("\ud83d\ude00");
        assertThat(row("abc", 0, 1).before()).isEmpty();
    }

    @Test
    void refusesAnIdThatStandsTwice() {
        ScenarioRow row = row("abc", 0, 1);
        try (RunFolder run = RunFolder.create(folder);
                StageWriter writer = run.begin(Stage.MINE)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RunTables.writeScenarios(writer, List.of(row, row)))
                    .withMessageContaining(row.id());
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new PatternLabels(List.of("a", "a"), List.of(new HeadId(0, 0)), new int[][] {{0}, {0}}))
                .withMessageContaining("a stands twice");
    }

    @Test
    void namesTheLineThatIsNotWhatItShouldBe() throws IOException {
        try (RunFolder run = RunFolder.create(folder)) {
            try (StageWriter writer = run.begin(Stage.MINE)) {
                writer.lines(
                        RunTables.REJECTIONS,
                        Stream.of(Map.of("path", "p", "reason", "r", "detail", "d"), Map.of("path", 3)));
                Files.writeString(writer.file(RunTables.SCENARIOS), "{\"id\":");
                writer.commit(PROVENANCE);
            }
            assertThatThrownBy(() -> RunTables.rejections(run))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("line 2 of " + folder.resolve(RunTables.REJECTIONS))
                    .hasMessageContaining("'path'");
            assertThatThrownBy(() -> RunTables.scenarios(run))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("line 1 of");
        }
    }

    @Test
    void streamsManyRows() {
        try (RunFolder run = RunFolder.create(folder)) {
            try (StageWriter writer = run.begin(Stage.MINE)) {
                writer.lines("many.jsonl", IntStream.range(0, 20_000).mapToObj(i -> Map.of("i", i)));
                writer.commit(PROVENANCE);
            }
            List<Object> numbers = run.lines(Stage.MINE, "many.jsonl", row -> row.get("i"));
            assertThat(numbers).hasSize(20_000).endsWith(19_999L);
        }
    }
}
