package org.apmae.core.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.gallery.ShownPattern;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.RunFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
    @TempDir
    static Path folder;

    private static Path page;
    private static Json metrics;

    @BeforeAll
    static void makeReport() {
        page = folder.resolve("report.html");
        try (RunFolder run = SampleRun.write(folder.resolve("run"))) {
            RunReport.of(run).write(page);
            metrics = Json.of(run.metrics());
        }
    }

    @Test
    void isTheSameEachTimeAndLoadsNothing() throws IOException {
        String html = Files.readString(page);
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            assertThat(RunReport.of(run).html()).isEqualTo(html);
        }
        assertThat(html)
                .contains("default-src 'none'", "script-src 'sha256-")
                .doesNotContain("src=\"http", "href=\"http", "<b id=\"smuggled\"");
    }

    @Test
    void aGalleryReadsBackAsItWasWritten() {
        Gallery made = SampleRun.gallery();
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            Gallery read = Gallery.read(run).orElseThrow();
            assertThat(read.points()).isEqualTo(made.points());
            for (HeadId head : SampleRun.heads()) {
                assertThat(read.layout(head).orElseThrow())
                        .isDeepEqualTo(made.layout(head).orElseThrow());
                assertThat(read.entropy(head)).isEqualTo(made.entropy(head));
                assertThat(read.patterns(head)).hasSameSizeAs(made.patterns(head));
                for (int i = 0; i < read.patterns(head).size(); i++) {
                    ShownPattern one = read.patterns(head).get(i);
                    ShownPattern other = made.patterns(head).get(i);
                    assertThat(one.label()).isEqualTo(other.label());
                    assertThat(one.medoid()).isEqualTo(other.medoid());
                    assertThat(one.pattern().weights())
                            .isDeepEqualTo(other.pattern().weights());
                    String id = one.pattern().scenarioId();
                    assertThat(read.text(id)).isEqualTo(made.text(id)).isPresent();
                }
            }
        }
    }

    @Test
    void aRunOfOneStageHasAReportToo() {
        try (RunFolder run = RunFolder.create(folder.resolve("empty"))) {
            assertThat(RunReport.of(run).withTitle("Empty & new").html())
                    .contains("<h1>Empty &amp; new</h1>")
                    .doesNotContain("id=\"explorer\"");
            assertThat(RunReport.of(run).figures()).isEmpty();
        }
    }

    @Test
    void chartsAreThereAsPicturesToo() throws IOException {
        try (RunFolder run = RunFolder.openReadOnly(folder.resolve("run"))) {
            Map<String, Picture> figures = RunReport.of(run).figures();
            assertThat(figures)
                    .containsOnlyKeys(
                            "model_accuracy",
                            "predictor_auc",
                            "predictor_accuracy",
                            "predictor_tasks",
                            "calibration",
                            "roc",
                            "shap",
                            "sweep",
                            "sweep_loss",
                            "flips_pos_only",
                            "flips_random");
            Path file = folder.resolve("sweep.png");
            figures.get("sweep").write(file);
            assertThat(ImageIO.read(file.toFile()).getWidth()).isGreaterThan(400);
            for (String name : List.of("sweep", "predictor_tasks")) {
                Path svg = folder.resolve(name + ".svg");
                figures.get(name).write(svg);
                // One path each for the lines of the two series, their markers, axes and letters: far more than a
                // frame.
                assertThat(Files.readString(svg))
                        .startsWith("<svg ")
                        .contains("#0072b2")
                        .hasSizeGreaterThan(10_000);
                assertThat(figures.get(name).svg()).hasValue(Files.readString(svg));
            }
            Picture pixels = PatternImage.of(SampleRun.pattern(8, 1)).draw();
            assertThat(pixels.svg()).isEmpty();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pixels.write(folder.resolve("pattern.svg")))
                    .withMessageContaining(".png");
        }
    }

    @Test
    void worksInABrowser() throws IOException {
        Optional<Path> program = Browser.program();
        assumeTrue(program.isPresent(), "no Chromium on the path; install Debian's package chromium to run this test");
        try (Browser browser = Browser.start(program.get())) {
            browser.open(page, 1400, false);
            showsTheNumbersOfEveryMeasure(browser);
            opensHeads(browser);
            readsWeights(browser);
            drawsTheSweep(browser);
            coloursTheMap(browser);
            assertThat(browser.evaluate("document.getElementById('smuggled') === null")
                            .getAsBoolean())
                    .isTrue();
            screenshot(browser, "wide");
            browser.open(page, 420, true);
            browser.click("[data-head=L1H2]");
            browser.waitFor("document.querySelector('canvas.pattern').dataset.ready");
            assertThat(browser.evaluate("document.documentElement.scrollWidth").getAsInt())
                    .as("the page is no wider than the window")
                    .isLessThanOrEqualTo(420);
            assertThat(browser.evaluate("getComputedStyle(document.body).backgroundColor")
                            .getAsString())
                    .isEqualTo("rgb(20, 23, 29)");
            screenshot(browser, "narrow");
            assertThat(browser.complaints()).isEmpty();
            assertThat(browser.requests())
                    .isNotEmpty()
                    .allMatch(url -> url.startsWith(page.toUri().toString()));
        }
    }

    /** Without this, silence of the page would prove nothing. */
    @Test
    void theBrowserNotesErrorsAndRequests() throws IOException {
        Optional<Path> program = Browser.program();
        assumeTrue(program.isPresent(), "no Chromium on the path; install Debian's package chromium to run this test");
        Path bad = folder.resolve("bad.html");
        Files.writeString(
                bad,
                "<!DOCTYPE html><img src=\"http://127.0.0.1:9/x.png\"><script>"
                        + "document.documentElement.dataset.ready = 'yes'; console.error('no'); undefined.x;</script>");
        try (Browser browser = Browser.start(program.get())) {
            browser.open(bad, 500, false);
            assertThat(browser.complaints()).hasSizeGreaterThanOrEqualTo(2);
            assertThat(browser.requests()).contains("http://127.0.0.1:9/x.png");
        }
    }

    /** For people: with -Dapmae.screenshots=FOLDER the test leaves pictures of the page there. */
    private static void screenshot(Browser browser, String name) throws IOException {
        String target = System.getProperty("apmae.screenshots");
        if (target != null) {
            browser.screenshot(Path.of(target, name + ".png"));
        }
    }

    private static void showsTheNumbersOfEveryMeasure(Browser browser) {
        for (String measure : List.of("patterns", "noise", "shap", "ablation_loss", "stability")) {
            browser.choose("measure", measure);
            Map<String, JsonElement> shown = browser.evaluate(
                            "Object.fromEntries([...document.querySelectorAll('[data-head]')]"
                                    + ".map(b => [b.dataset.head, [Number(b.dataset.value), b.textContent, b.style.background]]))")
                    .getAsJsonObject()
                    .asMap();
            assertThat(shown).hasSize(SampleRun.heads().size());
            shown.forEach((head, cell) -> {
                Json heads = metrics.at("cluster").at("heads").at(head);
                double expected = switch (measure) {
                    case "patterns" -> heads.at("patterns").number();
                    case "noise" -> heads.at("noise").number();
                    case "shap" ->
                        metrics.at("predict").at("mean_shap").at(head).number();
                    case "ablation_loss" ->
                        metrics.at("sweep").at("single_effects").at(head).number();
                    default -> heads.at("stability_subsamples").number();
                };
                assertThat(cell.getAsJsonArray().get(0).getAsDouble())
                        .as(measure + " of " + head)
                        .isEqualTo(expected);
                assertThat(Double.parseDouble(cell.getAsJsonArray().get(1).getAsString()))
                        .isCloseTo(expected, within(0.0051));
            });
            long colours = shown.values().stream()
                    .map(cell -> cell.getAsJsonArray().get(2).getAsString())
                    .distinct()
                    .count();
            assertThat(colours).isGreaterThanOrEqualTo(measure.equals("patterns") ? 1 : 4);
        }
    }

    private static void opensHeads(Browser browser) {
        browser.click("[data-head=L1H2]");
        browser.waitFor("document.querySelector('#head h3').textContent === 'Layer 1, head 2'");
        HeadId head = new HeadId(1, 2);
        for (int label : new int[] {0, 1, -1}) {
            browser.click("#head [data-label='" + label + "']");
            for (String outcome : List.of("right", "wrong", "none")) {
                long expected = IntStream.range(0, SampleRun.SCENARIOS)
                        .filter(i -> SampleRun.label(i, head) == label)
                        .filter(i -> outcome.equals(
                                !SampleRun.task(i).hasTarget() ? "none" : SampleRun.correct(i) ? "right" : "wrong"))
                        .count();
                assertThat(browser.evaluate("Number(document.querySelector('#cluster [data-right]').dataset." + outcome
                                        + ")")
                                .getAsLong())
                        .isEqualTo(expected);
            }
        }
        browser.click("#head [data-label='0']");
        assertThat(browser.evaluate("document.querySelectorAll('#cluster .member').length")
                        .getAsInt())
                .isEqualTo(5);
        assertThat(browser.evaluate("document.querySelector('#cluster .side h4').textContent")
                        .getAsString())
                .startsWith("Medoid: ");
        assertThat(browser.evaluate(
                                "[...document.querySelectorAll('#cluster mark')].every(m => /^(gap\\d+|\u2038)$/.test(m.textContent))")
                        .getAsBoolean())
                .isTrue();
        assertThat(browser.evaluate("document.querySelector('#cluster code').textContent")
                        .getAsString())
                .contains(SampleRun.HOSTILE);
        assertThat(browser.evaluate("location.hash").getAsString()).isEqualTo("#L1H2");
        browser.evaluate("document.querySelector('[data-head=L1H2]').focus()");
        browser.press("ArrowUp");
        browser.press("ArrowRight");
        browser.press("Enter");
        browser.waitFor("document.querySelector('#head h3').textContent === 'Layer 0, head 3'");
    }

    /** The page knows weights from the grey levels of a picture, so the last figure may differ. */
    private static void readsWeights(Browser browser) {
        HeadId head = new HeadId(0, 3);
        int medoid = IntStream.range(0, SampleRun.SCENARIOS)
                .filter(i -> SampleRun.label(i, head) == 0)
                .findFirst()
                .orElseThrow();
        float[][] weights = SampleRun.triangle(medoid, head).weights();
        browser.waitFor("document.querySelector('canvas.pattern').dataset.ready");
        browser.evaluate("document.querySelector('canvas.pattern').focus()");
        for (int back = 1; back <= 3; back++) {
            browser.press("ArrowLeft");
            int key = SampleRun.TOKENS - 1 - back;
            String text = browser.evaluate("document.querySelector('.patternbox .readout').textContent")
                    .getAsString();
            assertThat(text).contains("(" + key + "): weight about ");
            double shown = Double.parseDouble(text.substring(text.lastIndexOf(' ') + 1));
            double weight = weights[SampleRun.TOKENS - 1][key];
            assertThat(Math.log(shown)).isCloseTo(Math.log(weight), within(0.2));
        }
    }

    private static void drawsTheSweep(Browser browser) {
        for (Json setting : metrics.at("sweep").at("settings").items()) {
            String point = "document.querySelector(\"[data-figure=sweep] [data-series='"
                    + setting.at("ranking").text() + "'][data-x='"
                    + (long) setting.at("heads").number() + "']\")";
            assertThat(browser.evaluate("Number(" + point + ".dataset.y)").getAsDouble())
                    .isEqualTo(setting.at("accuracy").number());
        }
        assertThat(browser.evaluate(
                                "[...document.querySelectorAll('[data-figure]')].every(f => f.querySelector('svg'))")
                        .getAsBoolean())
                .isTrue();
    }

    private static void coloursTheMap(Browser browser) {
        browser.choose("map-head", "L1H0");
        browser.choose("map-colour", "outcome");
        long right = IntStream.range(0, SampleRun.SCENARIOS)
                .filter(i -> SampleRun.task(i).hasTarget() && SampleRun.correct(i))
                .count();
        assertThat(browser.evaluate(
                                "Number(document.querySelector(\"#map-legend [data-class='right']\").dataset.count)")
                        .getAsLong())
                .isEqualTo(right);
        browser.choose("map-colour", "task");
        assertThat(browser.evaluate("document.querySelectorAll('#map-plot .dot').length")
                        .getAsInt())
                .isEqualTo(SampleRun.SCENARIOS);
        browser.click("#map-legend button");
        assertThat(browser.evaluate("document.querySelectorAll('#map-plot .dot.faded').length")
                        .getAsInt())
                .isEqualTo(SampleRun.SCENARIOS * 2 / 3);
    }
}
