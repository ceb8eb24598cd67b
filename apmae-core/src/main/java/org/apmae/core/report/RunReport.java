package org.apmae.core.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.Stage;

/**
 * The report of a run, made from its run folder alone: one HTML file with the findings in sentences, the grid of heads with
 * the patterns of each, the layouts of their encodings, all charts and tables, and the provenance.
 *
 * <pre>{@code
 * try (RunFolder run = RunFolder.openReadOnly(folder)) {
 *     RunReport.of(run).write(Path.of("report.html"));
 * }
 * }</pre>
 *
 * <p>A run that is not whole gives a report of the stages that are there; numbers that a run lacks are left out. The page loads
 * nothing, can be used by keyboard, follows the reader's light or dark setting, and prints. Patterns are shown where the run has
 * a {@link Gallery}. Immutable and thread-safe.
 */
public final class RunReport {
    private static final String LIBRARY = "/META-INF/resources/webjars/d3/7.9.0/dist/d3.min.js";
    private static final int PICTURES = 12;

    private final RunFolder run;
    private final String title;
    private final Gallery gallery;
    private final Map<String, Object> fresh;

    private RunReport(RunFolder run, String title, Gallery gallery, Map<String, Object> fresh) {
        this.run = run;
        this.title = title;
        this.gallery = gallery;
        this.fresh = fresh;
    }

    /**
     * Takes a run, with the gallery that is in it.
     *
     * @param run the run folder; to be kept open while the report is made
     * @return the report to be
     * @throws UncheckedIOException if the gallery is damaged or cannot be read
     */
    public static RunReport of(RunFolder run) {
        Gallery gallery =
                Gallery.read(run).orElseGet(() -> Gallery.builder(List.of()).build());
        return new RunReport(run, "Attention patterns of " + model(run), gallery, Map.of());
    }

    private static String model(RunFolder run) {
        return run.stages().values().stream()
                .map(entry -> entry.provenance().facts().get("model"))
                .filter(Objects::nonNull)
                .findFirst()
                .map(name -> name.equals("embedded") ? "the embedded model" : name)
                .orElse("a model");
    }

    /**
     * Sets the heading.
     *
     * @param text the heading, also the name of the browser's tab
     * @return a copy
     */
    public RunReport withTitle(String text) {
        return new RunReport(run, text, gallery, fresh);
    }

    /**
     * Sets the patterns to be shown, for a report that is made while they are being written.
     *
     * @param patterns the gallery
     * @return a copy
     */
    public RunReport withGallery(Gallery patterns) {
        return new RunReport(run, title, patterns, fresh);
    }

    /**
     * Sets the metrics of {@link Stage#REPORT}, for a report that is made while they are being written: {@code roc}, points with
     * {@code false_positive_rate} and {@code true_positive_rate}, and {@code confusion} with {@code true_positives},
     * {@code false_positives}, {@code true_negatives} and {@code false_negatives}; and {@code tasks}, for each task the
     * {@code accuracy} of each baseline by its name.
     *
     * @param metrics what the stage gives to {@link org.apmae.core.run.StageWriter#metrics}
     * @return a copy
     */
    public RunReport withMetrics(Map<String, Object> metrics) {
        return new RunReport(run, title, gallery, Map.copyOf(metrics));
    }

    private Json metrics() {
        Map<String, Object> all = new TreeMap<>(run.metrics());
        if (!fresh.isEmpty()) {
            all.put(Stage.REPORT.command(), fresh);
        }
        return Json.of(all);
    }

    /**
     * Draws the charts of the report as pictures.
     *
     * @return pictures by name, in the order of the report; cannot be changed
     */
    public Map<String, Picture> figures() {
        Map<String, Picture> pictures = new LinkedHashMap<>();
        new RunFigures(metrics()).all().forEach((name, figure) -> pictures.put(name, figure.draw()));
        return Collections.unmodifiableMap(pictures);
    }

    /**
     * Writes the page.
     *
     * @param file where; replaced if it exists
     * @throws UncheckedIOException if a file of the run is missing or damaged, or the page cannot be written
     */
    public void write(Path file) {
        try {
            Files.write(file, html().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("the report cannot be written to " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes the page.
     *
     * @return the whole file, HTML 5
     * @throws UncheckedIOException if a file of the run is missing or damaged
     */
    public String html() {
        Json metrics = metrics();
        RunFigures figures = new RunFigures(metrics);
        Map<String, Figure> charts = figures.all();
        RunData data = new RunData(run, gallery, metrics);
        String json = CanonicalJson.writeLine(data.json(List.copyOf(charts.values())));
        RunTablesView tables = new RunTablesView(metrics);
        Findings findings = new Findings(metrics);
        HtmlReport page = HtmlReport.titled(title)
                .style(HtmlReport.resource("run-report.css"))
                .script(HtmlReport.resource(LIBRARY))
                .script(HtmlReport.resource("run-report.js"))
                .data(json);
        page.summary(findings.sentences().toArray(String[]::new));
        page.section("What to keep in mind", section -> section.markup(list(findings.caveats())));
        if (!data.heads().isEmpty()) {
            page.section("Heads", section -> heads(section, data, tables));
        }
        if (!gallery.points().isEmpty()) {
            page.section("Map of encodings", RunReport::map);
        }
        if (metrics.at("train").present()) {
            page.section("Reconstruction", section -> reconstruction(section, tables));
        }
        if (metrics.at("predict").present()) {
            page.section("Predicting correctness", section -> prediction(section, charts, tables));
        }
        if (metrics.at("sweep").present()) {
            page.section("Removing heads", section -> sweep(section, charts, tables));
        }
        if (metrics.at("mine").present()) {
            page.section("Scenarios", section -> mining(section, charts, tables));
        }
        page.section("Provenance", this::provenance);
        return page.html();
    }

    private static String list(List<String> items) {
        StringBuilder html = new StringBuilder("<ul class=\"caveats\">\n");
        items.forEach(
                item -> html.append("<li>").append(HtmlReport.escape(item)).append("</li>\n"));
        return html.append("</ul>\n").toString();
    }

    private static void heads(HtmlReport.Section section, RunData data, RunTablesView tables) {
        section.markup("<div id=\"explorer\">"
                + "<p class=\"control\"><label for=\"measure\">Colour by</label> <select id=\"measure\"></select></p>"
                + "<div class=\"wide\" id=\"heads\"></div><div id=\"legend\"></div>"
                + "<p class=\"hint\">Choose a head by click, or with arrow keys and Enter.</p></div>"
                + "<div id=\"head\" tabindex=\"-1\"></div>");
        section.markup("<noscript>");
        section.note("This browser runs no scripts, so single heads cannot be opened. The numbers are here:");
        data.measures().forEach(measure -> section.headGrid(measure.grid()));
        section.markup("</noscript>");
        if (data.left() > 0) {
            section.note(data.left() + " patterns of the run's gallery are left out, to keep this file small.");
        }
        section.details("Patterns by layer", part -> part.table("", RunTablesView.LAYERS, tables.layers()));
        tables.families()
                .ifPresent(rows -> section.details(
                        "Families of patterns across heads",
                        part -> part.note("A family is named where a score of a well-known pattern is at least 0.25.")
                                .table("", RunTablesView.FAMILIES, rows)));
        tables.associations()
                .ifPresent(rows -> section.details(
                        "What the labels go with",
                        part -> part.note("Mean over heads of the mutual information between labels and what is named,"
                                        + " beside that of labels in random order.")
                                .table("", RunTablesView.ASSOCIATIONS, rows)));
    }

    private static void map(HtmlReport.Section section) {
        section.markup("<div id=\"map\"><p class=\"control\"><label for=\"map-head\">Head</label>"
                + " <select id=\"map-head\"></select> <label for=\"map-colour\">Colour by</label>"
                + " <select id=\"map-colour\"><option value=\"cluster\">pattern</option><option value=\"outcome\">outcome</option>"
                + "<option value=\"task\">task</option></select></p>"
                + "<div id=\"map-plot\"></div><div id=\"map-legend\"></div>"
                + "<p id=\"map-text\" class=\"readout\" aria-live=\"polite\"></p></div>");
        section.note("Each point is a scenario, laid out by UMAP so that scenarios with similar attention lie together."
                + " Clusters were found in eight dimensions, so what overlaps here may lie apart there. Distances between far"
                + " points mean little.");
    }

    private void reconstruction(HtmlReport.Section section, RunTablesView tables) {
        section.table("Hidden patches of files not trained on", RunTablesView.MODELS, tables.models());
        tables.layersOfModel()
                .ifPresent(rows -> section.details(
                        "By layer", part -> part.table("Mean squared error", RunTablesView.MODEL_LAYERS, rows)));
        List<Path> panels = pictures("reconstruction_");
        if (!panels.isEmpty()) {
            section.heading("Held-out patterns");
            section.paragraph(
                    "From left to right: the pattern, the patches that the model was shown, the patches that it"
                            + " predicts, and both together.");
            panels.forEach(panel -> section.figure(picture(panel), panelCaption(panel)));
        }
        pictures("apmae_loss").forEach(loss -> section.figure(picture(loss), "Training loss"));
    }

    private static String panelCaption(Path panel) {
        String name = panel.getFileName().toString().replaceAll("\\D", "");
        return "Reconstruction" + (name.isEmpty() ? "" : " " + (Integer.parseInt(name) + 1));
    }

    /** The pictures that the training left in the run. */
    private List<Path> pictures(String prefix) {
        return Optional.ofNullable(run.stages().get(Stage.TRAIN)).stream()
                .flatMap(entry -> entry.files().stream())
                .filter(item -> item.name().startsWith("figures/" + prefix)
                        && item.name().endsWith(".png"))
                .limit(PICTURES)
                .map(item -> run.file(Stage.TRAIN, item.name()))
                .toList();
    }

    private static Picture picture(Path file) {
        try {
            return Picture.of(ImageIO.read(file.toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the picture " + file + ": " + e.getMessage(), e);
        }
    }

    private static void chart(HtmlReport.Section section, Map<String, Figure> charts, String id) {
        Figure figure = charts.get(id);
        if (figure != null) {
            section.markup("<figure class=\"chart\" data-figure=\"" + HtmlReport.escape(id) + "\"><figcaption>"
                    + HtmlReport.escape(figure.labels().title()) + "</figcaption></figure>\n");
        }
    }

    private static void prediction(HtmlReport.Section section, Map<String, Figure> charts, RunTablesView tables) {
        section.markup("<div class=\"pair\">");
        chart(section, charts, "predictor_auc");
        chart(section, charts, "predictor_accuracy");
        section.markup("</div>");
        chart(section, charts, "predictor_tasks");
        section.markup("<div class=\"pair\">");
        chart(section, charts, "calibration");
        chart(section, charts, "roc");
        chart(section, charts, "risk_coverage");
        section.markup("</div>");
        tables.confusion()
                .ifPresent(rows ->
                        section.table("Confusion, at a probability of one half", RunTablesView.CONFUSION, rows));
        chart(section, charts, "shap");
        section.details(
                "Numbers",
                part -> part.table("On files not seen", RunTablesView.PREDICTOR, tables.predictor())
                        .table("By task", List.of("task", "scenarios", "accuracy"), tables.predictorTasks()));
        for (String missing : List.of("roc", "confusion")) {
            boolean there = missing.equals("roc")
                    ? charts.containsKey("roc")
                    : tables.confusion().isPresent();
            if (!there) {
                section.note("The metrics of this run hold no "
                        + (missing.equals("roc") ? "ROC curve" : "confusion table") + ".");
            }
        }
    }

    private static void sweep(HtmlReport.Section section, Map<String, Figure> charts, RunTablesView tables) {
        section.paragraph(
                "The scenarios are balanced, so the accuracy is one half before any head is removed. Bands are 95\u00a0%"
                        + " intervals over source files.");
        section.markup("<div class=\"pair\">");
        chart(section, charts, "sweep");
        chart(section, charts, "sweep_loss");
        section.markup("</div>");
        section.heading("Outcomes that flip, both ways");
        section.markup("<div class=\"small\">");
        charts.keySet().stream().filter(id -> id.startsWith("flips_")).forEach(id -> chart(section, charts, id));
        section.markup("</div>");
        section.details("Numbers", part -> part.table("Settings", RunTablesView.SWEEP, tables.sweep()));
    }

    private void mining(HtmlReport.Section section, Map<String, Figure> charts, RunTablesView tables) {
        chart(section, charts, "model_accuracy");
        section.table("Yield by task", RunTablesView.MINING, tables.mining());
        if (run.has(Stage.MINE)) {
            Map<String, Integer> reasons = new TreeMap<>();
            RunTables.rejections(run).forEach(rejection -> reasons.merge(rejection.reason(), 1, Integer::sum));
            if (reasons.isEmpty()) {
                section.paragraph("Nothing was rejected.");
            } else {
                section.table(
                        "What was looked at and not used",
                        List.of("reason", "times"),
                        reasons.entrySet().stream()
                                .map(reason -> List.of(reason.getKey().replace('_', ' '), reason.getValue()))
                                .toList());
            }
        }
    }

    private void provenance(HtmlReport.Section section) {
        Map<String, String> facts = new TreeMap<>();
        run.stages().forEach((stage, entry) -> {
            entry.provenance().facts().forEach(facts::put);
            entry.provenance().software().forEach(facts::put);
            entry.provenance().seeds().forEach((name, seed) -> facts.put("seed " + name, String.valueOf(seed)));
        });
        facts.put(
                "stages",
                String.join(
                        ", ", run.stages().keySet().stream().map(Stage::command).toList()));
        section.facts(facts);
    }
}
