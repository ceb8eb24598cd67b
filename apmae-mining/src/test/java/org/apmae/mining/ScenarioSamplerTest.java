package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

class ScenarioSamplerTest {
    /** Ten files, the first with 1,000 scenarios of each of two tasks and the others with 1 to 9. */
    private static List<Scenario> scenarios() {
        List<Scenario> all = new ArrayList<>();
        for (int f = 0; f < 10; f++) {
            SourceFile file = new SourceFile("test", "F" + f + ".java", "x".repeat(2_000));
            for (int i = 0; i < (f == 0 ? 1_000 : f); i++) {
                all.add(new Scenario(CompletionTask.STOP, file, i, i + 1));
                all.add(new Scenario(CompletionTask.EOL, file, i, i + 1));
            }
        }
        return all;
    }

    @Test
    void spreadsOverFiles() {
        List<Scenario> drawn = ScenarioSampler.sample(scenarios(), 20, 1);
        for (CompletionTask task : List.of(CompletionTask.STOP, CompletionTask.EOL)) {
            Map<String, Long> byFile = drawn.stream()
                    .filter(s -> s.task() == task)
                    .collect(Collectors.groupingBy(s -> s.source().path(), Collectors.counting()));
            assertThat(byFile).hasSize(10);
            assertThat(byFile.values()).allMatch(count -> count <= 3);
            assertThat(byFile).containsEntry("F1.java", 1L);
            assertThat(byFile.values().stream().mapToLong(Long::longValue).sum())
                    .isEqualTo(20);
        }
        assertThat(drawn).extracting(Scenario::task).isSorted();
    }

    @Test
    void takesEachOnceAndAllWhenAskedForMore() {
        List<Scenario> all = scenarios();
        List<Scenario> drawn = ScenarioSampler.sample(all, Integer.MAX_VALUE, 1);
        assertThat(drawn).hasSameSizeAs(all);
        assertThat(new HashSet<>(drawn)).isEqualTo(new HashSet<>(all));
        assertThat(ScenarioSampler.sample(List.of(), 5, 1)).isEmpty();
    }

    @Test
    void dependsOnTheSetAndTheSeedOnly() {
        List<Scenario> all = scenarios();
        List<Scenario> drawn = ScenarioSampler.sample(all, 30, 7);
        Collections.shuffle(all, new Random(3));
        assertThat(ScenarioSampler.sample(all, 30, 7)).isEqualTo(drawn);
        assertThat(ScenarioSampler.sample(all, 30, 8)).isNotEqualTo(drawn);
        List<Scenario> fewer = ScenarioSampler.sample(all, 10, 7);
        assertThat(fewer)
                .containsExactlyElementsOf(IntStream.range(0, 60)
                        .filter(i -> i % 30 < 10)
                        .mapToObj(drawn::get)
                        .toList());
    }

    /** Three projects: two small ones, and one with many files; each file with scenarios of one task. */
    private static List<Scenario> projects() {
        List<Scenario> all = new ArrayList<>();
        for (int f = 0; f < 300; f++) {
            String project = f < 3 ? "small" : f < 6 ? "other" : "large";
            SourceFile file = new SourceFile(project, "F" + f + ".java", "x".repeat(50));
            for (int i = 0; i <= f % 7; i++) {
                all.add(new Scenario(CompletionTask.STOP, file, i, i + 1));
            }
        }
        return all;
    }

    private static List<Scenario> stream(List<Scenario> all, int perTask, ScenarioSampler.Spread spread) {
        ScenarioSampler sampler = new ScenarioSampler(perTask, 5, spread);
        all.forEach(sampler);
        return sampler.drawn();
    }

    @Test
    void visitsProjectsInTurn() {
        List<Scenario> drawn = stream(projects(), 9, ScenarioSampler.Spread.PROJECTS);
        assertThat(drawn.stream().collect(Collectors.groupingBy(s -> s.source().corpus(), Collectors.counting())))
                .isEqualTo(Map.of("small", 3L, "other", 3L, "large", 3L));
        assertThat(drawn).extracting(Scenario::source).doesNotHaveDuplicates();
        assertThat(stream(projects(), 9, ScenarioSampler.Spread.FILES).stream()
                        .filter(s -> s.source().corpus().equals("large")))
                .hasSizeGreaterThan(5);
    }

    @Test
    void drawsFromTheStreamWhatItDrawsFromAll() {
        for (ScenarioSampler.Spread spread : ScenarioSampler.Spread.values()) {
            List<Scenario> all = stream(projects(), Integer.MAX_VALUE, spread);
            assertThat(all).hasSameSizeAs(projects());
            for (int perTask : new int[] {1, 2, 7, 40, 500}) {
                List<Scenario> reversed = new ArrayList<>(projects());
                Collections.reverse(reversed);
                assertThat(stream(projects(), perTask, spread))
                        .as(spread + " " + perTask)
                        .isEqualTo(all.subList(0, perTask))
                        .isEqualTo(stream(reversed, perTask, spread));
            }
        }
    }

    @Test
    void refusesNothing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScenarioSampler.sample(List.of(), 0, 1))
                .withMessageContaining("perTask is 0");
    }
}
