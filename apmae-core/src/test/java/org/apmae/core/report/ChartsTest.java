package org.apmae.core.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChartsTest {
    private static final ChartLabels LABELS = new ChartLabels("title", "x", "y");
    private static final Series LINE = Series.points("a", new double[] {1, 10, 100}, new double[] {0.5, 0.4, 0.1});

    private static long pixels(Picture picture, int rgb) {
        long count = 0;
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                count += picture.rgb(x, y) == rgb ? 1 : 0;
            }
        }
        return count;
    }

    @Test
    void drawsEverySeriesInItsColour() {
        Series other = Series.points("b", new double[] {1, 100}, new double[] {0.2, Double.NaN});
        Picture plain = Charts.lines(LABELS, List.of(LINE, other));
        assertThat(plain.width()).isEqualTo(760);
        assertThat(pixels(plain, 0x0072b2)).isGreaterThan(300);
        assertThat(pixels(plain, 0xd55e00)).isGreaterThan(20);
        assertThat(pixels(Charts.linesLogX(LABELS, List.of(LINE)), 0x0072b2)).isGreaterThan(300);
        assertThat(pixels(Charts.scatter(LABELS, List.of(LINE)), 0x0072b2)).isBetween(20L, 500L);
    }

    @Test
    void drawsIntervalsAsBandsAndWhiskers() {
        Series with = LINE.withInterval(new double[] {0.4, 0.3, 0}, new double[] {0.6, 0.6, 0.3});
        Picture band = Charts.lines(LABELS, List.of(with));
        assertThat(pixels(band, 0xffffff)).isLessThan(pixels(Charts.lines(LABELS, List.of(LINE)), 0xffffff) - 5_000);
        List<String> names = List.of("one", "two", "three");
        Series values = Series.values("v", new double[] {0.5, Double.NaN, 0.7});
        long without = pixels(Charts.intervals(LABELS, names, List.of(values)), 0x0072b2);
        long whiskers = pixels(
                Charts.intervals(
                        LABELS, names, List.of(values.withInterval(new double[] {0.2, Double.NaN, 0.5}, new double[] {
                            0.7, Double.NaN, 0.75
                        }))),
                0x0072b2);
        assertThat(whiskers).isGreaterThan(without + 50);
    }

    @Test
    void drawsBarsOfEitherSignAndOfNoLength() {
        Picture bars = Charts.bars(LABELS, List.of("L0H1", "L2H3", "L1H1"), new double[] {0.5, 0, -0.25});
        assertThat(pixels(bars, 0x0072b2)).isGreaterThan(3_000);
        assertThat(Charts.bars(LABELS, List.of("none"), new double[] {0}).height())
                .isPositive();
    }

    @Test
    void givesTheSameBytes() {
        assertThat(Charts.lines(LABELS, List.of(LINE)).png())
                .isEqualTo(Charts.lines(LABELS, List.of(LINE)).png());
    }

    @Test
    void drawsOnePointAndEqualValues() {
        assertThat(Charts.lines(LABELS, List.of(Series.points("p", new double[] {1}, new double[] {1})))
                        .width())
                .isPositive();
        assertThat(Charts.lines(
                                LABELS,
                                List.of(Series.points("flat", new double[] {1, 2}, new double[] {0, 0})
                                        .withInterval(new double[] {0, 0}, new double[] {0, 0})))
                        .width())
                .isPositive();
    }

    @Test
    void refusesWhatCannotBeDrawn() {
        assertThatIllegalArgumentException().isThrownBy(() -> Charts.lines(LABELS, List.of()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Charts.lines(LABELS, List.of(LINE, LINE)))
                .withMessageContaining("'a'");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Charts.linesLogX(LABELS, List.of(Series.points("zero", new double[] {0}, new double[] {1}))))
                .withMessageContaining("logarithmic");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Charts.bars(LABELS, List.of("a"), new double[] {Double.NaN}));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Charts.bars(LABELS, List.of("a", "a"), new double[] {1, 2}));
        assertThatIllegalArgumentException().isThrownBy(() -> Charts.intervals(LABELS, List.of("a"), List.of(LINE)));
        assertThatIllegalArgumentException().isThrownBy(() -> Series.points("a", new double[1], new double[2]));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LINE.withInterval(new double[] {1, 1, 1}, new double[] {0, 2, 2}));
    }

    @Test
    void worksOnAMachineWithoutFonts(@TempDir Path folder) throws IOException, InterruptedException {
        assumeThat(System.getProperty("os.name")).isEqualTo("Linux");
        Path configuration = Files.writeString(folder.resolve("fonts.conf"), "<fontconfig></fontconfig>");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.awt.headless=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SampleReport.class.getName(),
                        folder.resolve("report.html").toString())
                .redirectErrorStream(true);
        builder.environment().put("FONTCONFIG_FILE", configuration.toString());
        builder.environment().remove("DISPLAY");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(Files.readString(folder.resolve("report.html")))
                .as("the same bytes as with fonts")
                .isEqualTo(SampleReport.report().html());
    }
}
