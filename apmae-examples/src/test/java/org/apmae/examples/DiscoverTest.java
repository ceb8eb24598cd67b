package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class DiscoverTest {
    @TempDir
    private Path folder;

    private Outcome discover(Path run, String threads) {
        return Outcome.of(
                "discover",
                folder.resolve("sources").toString(),
                "--model",
                folder.resolve("model").toString(),
                "--run",
                run.toString(),
                "--tasks",
                "identifiers,closing_bracket",
                "--window",
                String.valueOf(TinyStudy.WINDOW),
                "--per-outcome=16",
                "--pool=128",
                "--training-scenarios=12",
                "--training-steps=4",
                "--sweep-scenarios=4",
                "--seed=5",
                "--threads=" + threads,
                "--json",
                "--quiet");
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

        byte[] manifest = Files.readAllBytes(one.resolve("manifest.json"));
        Outcome again = discover(one, "2");
        assertThat(again.code()).isZero();
        assertThat(again.out()).isEqualTo(first.out());
        assertThat(Files.readAllBytes(one.resolve("manifest.json"))).isEqualTo(manifest);

        Outcome dry = Outcome.of("encode", "--run", one.toString(), "--dry-run", "--json", "--quiet");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("disk_bytes").contains("\"heads\": 16");
        assertThat(Files.readAllBytes(one.resolve("manifest.json"))).isEqualTo(manifest);

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

        Outcome keep = Outcome.of(
                "encode", "--run", two.toString(), "--keep-medoids", one.toString(), "--keep-heads=L0H2", "--quiet");
        assertThat(keep.code()).as(keep.err()).isZero();
        assertThat(two.resolve("patterns/L0H2.f16")).exists();
        assertThat(two.resolve("encodings/c.5.0.0")).hasSameBinaryContentAs(one.resolve("encodings/c.5.0.0"));
    }
}
