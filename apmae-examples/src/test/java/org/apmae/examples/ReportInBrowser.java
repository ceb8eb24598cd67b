package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apmae.core.report.Browser;
import org.apmae.core.run.RunFolder;

/** Looks at the report of a study in a browser, where this machine has one. */
final class ReportInBrowser {
    private ReportInBrowser() {}

    static void check(Path folder) throws IOException {
        Optional<Path> program = Browser.program();
        if (program.isEmpty()) {
            System.err.println("no Chromium on the path: the report of the study is not looked at in a browser");
            return;
        }
        Map<?, ?> heads;
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            heads = (Map<?, ?>) ((Map<?, ?>) run.metrics().get("cluster")).get("heads");
        }
        Path page = folder.resolve("report.html").toAbsolutePath();
        try (Browser browser = Browser.start(program.get())) {
            browser.open(page, 1400, false);
            browser.choose("measure", "noise");
            Map<String, JsonElement> shown = browser.evaluate(
                            "Object.fromEntries("
                                    + "[...document.querySelectorAll('[data-head]')].map(b => [b.dataset.head, Number(b.dataset.value)]))")
                    .getAsJsonObject()
                    .asMap();
            assertThat(shown).hasSameSizeAs(heads);
            shown.forEach((head, value) -> assertThat(value.getAsDouble())
                    .isEqualTo(((Number) ((Map<?, ?>) heads.get(head)).get("noise")).doubleValue()));
            browser.click("[data-head=L1H2]");
            browser.waitFor("document.querySelector('#head h3').textContent === 'Layer 1, head 2'");
            browser.waitFor("document.querySelector('canvas.pattern').dataset.ready");
            assertThat(browser.evaluate("document.querySelectorAll('[data-figure=roc] svg').length")
                            .getAsInt())
                    .isEqualTo(1);
            assertThat(browser.complaints()).isEmpty();
            assertThat(browser.requests())
                    .allMatch(url -> url.startsWith(page.toUri().toString()));
        }
    }
}
