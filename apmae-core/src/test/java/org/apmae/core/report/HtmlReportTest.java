package org.apmae.core.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apmae.core.model.HeadId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
    private static final String EVIL = "<script>alert(\"1\")</script>&'\u0000\ud800";
    private static final String TAMED = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\ufffd\ufffd";

    @Test
    void loadsNothingAndRunsNothing() {
        String html = SampleReport.report().html();
        Matcher reference = Pattern.compile("(?:src|href|action|data|url)\\s*[=(]\\s*[\"']?([^\"'> )]*)")
                .matcher(html);
        int found = 0;
        while (reference.find()) {
            found++;
            assertThat(reference.group(1))
                    .satisfiesAnyOf(
                            value -> assertThat(value).startsWith("#"),
                            value -> assertThat(value).startsWith("data:image/png;base64,"));
        }
        assertThat(found).isGreaterThan(10);
        assertThat(html)
                .doesNotContain("<script", "<link", "<iframe", "@import", "http://", "https://", "onclick", "onerror")
                .contains("default-src 'none'");
    }

    @Test
    void showsEveryTextAsText() {
        Picture dot = PatternImage.of(new float[][] {{1}}).draw();
        String html = HtmlReport.titled(EVIL)
                .summary(EVIL)
                .section(
                        EVIL,
                        s -> s.heading(EVIL)
                                .paragraph(EVIL)
                                .note(EVIL)
                                .table(EVIL, List.of(EVIL), List.of(List.of(EVIL)))
                                .facts(Map.of(EVIL, EVIL))
                                .figure(dot, EVIL)
                                .code(EVIL, EVIL, EVIL)
                                .headGrid(new HeadGrid(EVIL, Map.of(new HeadId(0, 0), 1.0), 0, false))
                                .details(EVIL, d -> d.paragraph(EVIL))
                                .details(new HeadId(0, 0), EVIL, d -> d.paragraph(EVIL))
                                .row(r -> r.card(EVIL, c -> c.paragraph(EVIL))))
                .section("other", s -> s.paragraph("x"))
                .html();
        assertThat(html).doesNotContain("<script", "\u0000", "alert(\"");
        assertThat(html.split(Pattern.quote(TAMED), -1)).hasSizeGreaterThanOrEqualTo(24);
        assertThat(HtmlReport.escape("a\ud83d\ude00\n\tb\r")).isEqualTo("a\ud83d\ude00\n\tb&#13;");
    }

    @Test
    void givesTheSameBytesWhateverTheMachine() {
        String html = SampleReport.report().html();
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Apia"));
            assertThat(SampleReport.report().html()).isEqualTo(html);
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
    }

    @Test
    void setsNumbersToTheRight() {
        String html = HtmlReport.titled("t")
                .section(
                        "s",
                        s -> s.table(
                                "",
                                List.of("task", "n", "share", "interval"),
                                List.of(
                                        List.of("eol", 12345, 0.5, "0.51 [0.43, 0.59]"),
                                        List.of("stop", 1, Double.NaN, "64.1 %"))))
                .html();
        assertThat(html)
                .contains("<td>eol</td>", "<td class=\"number\">12,345</td>", "<td class=\"number\">0.5000</td>")
                .contains("<td class=\"number\">\u2013</td>", "<td class=\"number\">0.51 [0.43, 0.59]</td>")
                .contains("<th scope=\"col\">task</th>", "<th scope=\"col\" class=\"number\">n</th>");
    }

    @Test
    void coloursTheGridAndLeadsToTheHeads() {
        HeadGrid grid = new HeadGrid(
                "patterns",
                Map.of(new HeadId(0, 0), 0.0, new HeadId(0, 1), 4.0, new HeadId(1, 1), Double.NaN),
                0,
                false);
        String html = HtmlReport.titled("t")
                .section("s", s -> s.headGrid(grid).details(new HeadId(0, 1), "L0H1", d -> d.paragraph("here")))
                .html();
        assertThat(html)
                .contains("<td style=\"background:#2a0a4a;color:#fff\" title=\"layer 0, head 0: 0 patterns\">0</td>")
                .contains("<td style=\"background:#fbe73a;color:#111\" title=\"layer 0, head 1: 4 patterns\">"
                        + "<a href=\"#head-L0H1\">4</a></td>")
                .contains(
                        "<td style=\"background:#d0d0d0;color:#111\" title=\"layer 1, head 1: \u2013 patterns\">\u2013</td>")
                .contains("<span id=\"head-L0H1\"></span>");
        HeadGrid signed = new HeadGrid("shap", Map.of(new HeadId(0, 0), -0.5, new HeadId(0, 1), 0.0), 2, true);
        assertThat(signed.low()).isEqualTo(-0.5);
        assertThat(signed.rgb(0.0)).isEqualTo(0xf5f5f2);
        assertThat(signed.rgb(-0.5)).isEqualTo(0x1f4e9c);
        HeadGrid flat = new HeadGrid("zero", Map.of(new HeadId(0, 0), 0.0), 1, true);
        assertThat(flat.rgb(0)).isEqualTo(0xf5f5f2);
    }

    @Test
    void refusesWhatDoesNotFit() {
        HtmlReport report = HtmlReport.titled("t").section("a", s -> s.paragraph("x"));
        assertThatIllegalArgumentException().isThrownBy(() -> report.section("a", s -> {}));
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        report.section("b", s -> s.table("c", List.of("one", "two"), List.of(List.of("only one")))))
                .withMessageContaining("1 cells for 2 columns");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> report.section(
                        "c", s -> s.details(new HeadId(0, 0), "x", d -> {}).details(new HeadId(0, 0), "x", d -> {})));
        assertThatIllegalArgumentException().isThrownBy(() -> new HeadGrid("x", Map.of(), 0, false));
    }

    @Test
    void writesAFile(@TempDir Path folder) {
        HtmlReport report = SampleReport.report();
        report.write(folder.resolve("report.html"));
        assertThat(folder.resolve("report.html")).hasContent(report.html());
        assertThat(Files.exists(folder.resolve("report.html"))).isTrue();
        assertThatThrownBy(() -> report.write(folder.resolve("missing/report.html")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("report.html");
    }
}
