package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apmae.core.model.Verdict;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageEntry;
import org.apmae.models.live.FittedBundle;
import org.apmae.models.predict.BoostedTrees;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class DiscoverTest {
    @TempDir
    private Path folder;

    private Outcome discover(Path run, String threads) {
        return discover("discover", run, threads, "--training-steps=4");
    }

    private Outcome discover(String command, Path run, String threads, String... apmae) {
        List<String> all = TinyStudy.command(
                command,
                folder,
                run,
                "--tasks=identifiers,closing_bracket",
                "--per-outcome=16",
                "--pool=128",
                "--sweep-scenarios=4",
                "--threads=" + threads,
                "--json");
        all.addAll(List.of(apmae));
        return Outcome.of(all.toArray(String[]::new));
    }

    /** The time allowed is for a machine that does much else. */
    @Test
    @Timeout(600)
    void theWholeStudyIsTheSameForOneSeedWhateverTheThreads() throws IOException {
        TinyStudy.sources(folder.resolve("sources"), 30, 1);
        TinyStudy.model(folder.resolve("model"), 120);
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        Outcome first = discover(one, "1");
        assertThat(first.code()).as(first.err()).isZero();
        Outcome second = discover(two, "3");
        assertThat(second.code()).as(second.err()).isZero();

        try (RunFolder run = RunFolder.openReadOnly(one)) {
            assertThat(run.stages().keySet()).containsExactly(Stage.values());
            assertThat(CanonicalJson.read(first.out())).isEqualTo(run.metrics());
            assertThat(run.metrics()).containsKeys("mine", "record", "train", "cluster", "predict", "sweep");
        }
        assertThat(one.resolve("metrics.json")).hasSameBinaryContentAs(two.resolve("metrics.json"));
        assertThat(second.out()).isEqualTo(first.out());
        String report = Files.readString(one.resolve("report.html"));
        assertThat(report).contains("data:image/png").doesNotContain("src=\"http");
        ReportInBrowser.check(one);

        Outcome matrix = Outcome.of("transfer", one.toString(), two.toString(), "--json", "--quiet");
        assertThat(matrix.code()).as(matrix.err()).isZero();
        // Both studies are the same, so nothing is lost from one to the other.
        assertThat(CanonicalJson.read(matrix.out()))
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("worst_degradation", 1.0);
        Path picture = folder.resolve("picture.png");
        Outcome drawn = Outcome.of(
                "reconstruct",
                "--run",
                one.toString(),
                "--layer=1",
                "--head=2",
                "--out",
                picture.toString(),
                "--quiet");
        assertThat(drawn.code()).as(drawn.err()).isZero();
        assertThat(ImageIO.read(picture.toFile()).getWidth()).isGreaterThan(4 * TinyStudy.WINDOW);
        assertThat(one.resolve(".training")).doesNotExist();

        assertAGivenAutoencoderIsUsedAsItIs(one);

        byte[] manifest = Files.readAllBytes(one.resolve("manifest.json"));
        Outcome again = discover(one, "2");
        assertThat(again.code()).isZero();
        assertThat(again.out()).isEqualTo(first.out());
        assertThat(Files.readAllBytes(one.resolve("manifest.json"))).isEqualTo(manifest);

        Outcome dry = Outcome.of("encode", "--run", one.toString(), "--dry-run", "--json", "--quiet");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("disk_bytes").contains("\"heads\": 16");
        assertThat(Files.readAllBytes(one.resolve("manifest.json"))).isEqualTo(manifest);

        judgesCompletionsLive(one);

        Path out = folder.resolve("out");
        Outcome export = Outcome.of(
                "export",
                "--run",
                one.toString(),
                "--out",
                out.toString(),
                "--heads=L1H3",
                "--tasks=identifiers",
                "--outcome=CORRECT",
                "--quiet");
        assertThat(export.code()).as(export.err()).isZero();
        assertThat(out.resolve("L1H3.npy")).exists();
        assertThat(Files.readAllLines(out.resolve("scenarios.csv"))).hasSizeBetween(2, 17);
        assertThat(out.resolve("labels.csv")).exists();

        assertEveryFlippedByteIsTold(one);
        Outcome keep = Outcome.of(
                "encode", "--run", two.toString(), "--keep-medoids", one.toString(), "--keep-heads=L0H2", "--quiet");
        assertThat(keep.code()).as(keep.err()).isZero();
        assertThat(two.resolve("patterns/L0H2.f16")).exists();
        assertThat(two.resolve("encodings/c.5.0.0")).hasSameBinaryContentAs(one.resolve("encodings/c.5.0.0"));
    }

    /** A study of the same scenarios that is given the weights instead of training them measures the same, or trains on. */
    private void assertAGivenAutoencoderIsUsedAsItIs(Path trained) throws IOException {
        Path given = folder.resolve("given");
        Path further = folder.resolve("further");
        String weights = "models/apmae/model.safetensors";
        String option = "--apmae=" + trained.resolve("models/apmae");
        recorded(given, option);
        assertThat(given.resolve(weights)).hasSameBinaryContentAs(trained.resolve(weights));
        assertThat(given.resolve("figures/apmae_loss.png")).doesNotExist();
        recorded(further, option, "--training-steps=3");
        assertThat(Files.mismatch(further.resolve(weights), trained.resolve(weights)))
                .isNotNegative();
        try (RunFolder expected = RunFolder.openReadOnly(trained);
                RunFolder found = RunFolder.openReadOnly(given);
                RunFolder longer = RunFolder.openReadOnly(further)) {
            for (String key : List.of("masked_mse_trained", "masked_mse_mean_pattern", "masked_mse_ratio", "layers")) {
                assertThat(train(found).get(key)).isEqualTo(train(expected).get(key));
            }
            assertThat(train(found).get("steps")).isNull();
            assertThat(train(longer).get("steps")).isEqualTo(3L);
        }
    }

    private void recorded(Path run, String... apmae) {
        Outcome mined = discover("mine", run, "2", apmae);
        assertThat(mined.code()).as(mined.err()).isZero();
        for (String stage : List.of("record", "train")) {
            Outcome outcome = Outcome.of(stage, "--run", run.toString(), "--quiet");
            assertThat(outcome.code()).as(outcome.err()).isZero();
        }
    }

    private static Map<?, ?> train(RunFolder run) {
        return (Map<?, ?>) run.metrics().get("train");
    }

    /** One byte of one file at a time: one sentence names the file, and all other files are as sound as before. */
    private static void assertEveryFlippedByteIsTold(Path run) throws IOException {
        List<Path> files;
        try (Stream<Path> paths = Files.walk(run)) {
            files = paths.filter(Files::isRegularFile).toList();
        }
        Set<String> kinds = new HashSet<>();
        for (Path file : files) {
            String name = run.relativize(file).toString().replace('\\', '/');
            if (name.equals(".lock") || name.equals("timings.json")) {
                continue;
            }
            kinds.add(name.replaceAll("[0-9]+", "0"));
            byte[] good = Files.readAllBytes(file);
            byte[] bad = good.length == 0 ? new byte[1] : good.clone();
            bad[bad.length / 3] ^= 1;
            Files.write(file, bad);
            if (name.equals("manifest.json")) {
                assertThat(Outcome.of("report", "--run", run.toString(), "--quiet")
                                .sentence())
                        .contains("manifest.json");
            } else {
                try (RunFolder opened = RunFolder.openReadOnly(run)) {
                    assertThatThrownBy(opened::verify)
                            .isInstanceOf(UncheckedIOException.class)
                            .hasMessageContaining(file + " is damaged")
                            .hasMessageNotContaining("\n");
                    for (Map.Entry<Stage, StageEntry> stage : opened.stages().entrySet()) {
                        for (StageEntry.Item item : stage.getValue().files()) {
                            if (!item.name().equals(name)) {
                                opened.file(stage.getKey(), item.name());
                            }
                        }
                    }
                }
            }
            Files.write(file, good);
        }
        assertThat(kinds)
                .contains(
                        "manifest.json",
                        "options.json",
                        "scenarios.jsonl",
                        "rejections.jsonl",
                        "verdicts.jsonl",
                        "selection.jsonl",
                        "encodings/zarr.json",
                        "encodings/ids.json",
                        "encodings/c.0.0.0",
                        "labels.jsonl",
                        "models/clusters.json",
                        "metrics/encode.json",
                        "metrics.json",
                        "report.html");
    }

    private void judgesCompletionsLive(Path run) throws IOException {
        assertThat(Files.readAllLines(run.resolve("heads.csv")))
                .hasSize(17)
                .first()
                .asString()
                .startsWith("rank,head");
        Outcome dry = Outcome.of("sweep", "--run", run.toString(), "--dry-run", "--json", "--quiet");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("scenario_settings");
        Path bundle = folder.resolve("bundle");
        Outcome written = Outcome.of("bundle", "--run", run.toString(), "--out", bundle.toString(), "--quiet");
        assertThat(written.code()).as(written.err()).isZero();
        Outcome guard = Outcome.of(
                "guard",
                "--run",
                run.toString(),
                "--bundle",
                bundle.toString(),
                "--scenarios=6",
                "--new-tokens=3",
                "--threshold=0",
                "--json",
                "--quiet");
        assertThat(guard.code()).as(guard.err()).isZero();
        assertThat(CanonicalJson.read(guard.out()))
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("answered", 6L)
                .containsKey("guard_cost_over_plain");
        try (TargetModel model = TargetModels.load(folder.resolve("model"));
                FittedBundle opened = FittedBundle.open(bundle, model);
                FittedPredictor fitted = BoostedTrees.load(run.resolve("models/live-predictor"));
                RunFolder folder = RunFolder.openReadOnly(run)) {
            Map<String, Verdict> verdicts = new HashMap<>();
            RunTables.verdicts(folder).forEach(verdict -> verdicts.put(verdict.scenarioId(), verdict));
            PatternLabels labels = RunTables.labels(folder);
            int same = 0;
            int all = 0;
            for (ScenarioRow row : RunTables.scenarios(folder)) {
                if (all < 12
                        && verdicts.containsKey(row.id())
                        && labels.scenarioIds().contains(row.id())) {
                    double[][] signals = {FittedBundle.signals(verdicts.get(row.id()))};
                    double known = fitted.probabilityCorrect(new int[][] {labels.row(row.id())}, signals)[0];
                    double found = opened.probabilityCorrect(row.prompt().ids());
                    assertThat(found).isBetween(0.0, 1.0);
                    same += Math.abs(found - known) < 1e-3 ? 1 : 0;
                    all++;
                }
            }
            // a fitted scenario is its own nearest neighbour, so nearly all get the labels they were fitted with
            assertThat(same).isGreaterThanOrEqualTo(all / 2);
            assertThatThrownBy(() -> opened.probabilityCorrect(new int[] {1, 2}))
                    .hasMessageContaining("2 tokens");
        }
        try (TargetModel other = TargetModels.embedded()) {
            assertThatThrownBy(() -> FittedBundle.open(bundle, other)).hasMessageContaining("was fitted on the model");
        }
    }
}
