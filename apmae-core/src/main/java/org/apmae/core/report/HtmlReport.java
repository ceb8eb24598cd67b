package org.apmae.core.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apmae.core.model.HeadId;

/**
 * Builds a report that is one HTML file: it opens from disk, loads nothing, follows the reader's light or
 * dark setting and prints well. All text given to it is shown as text, never as markup; the same calls give the same bytes.
 *
 * <pre>{@code
 * HtmlReport.titled("Attention patterns of my-model")
 *         .summary("Of 1,500 scenarios the model completed 812 correctly.")
 *         .section("Mining", s -> s.table("Scenarios by task", List.of("task", "scenarios"), rows))
 *         .write(folder.resolve("report.html"));
 * }</pre>
 *
 * <p>Not thread-safe.
 */
public final class HtmlReport {
    private static final Pattern NUMBER = Pattern.compile("[-+\u2212]?[0-9][0-9,]*(\\.[0-9]+)?([eE][-+]?[0-9]+)?( ?%)?"
            + "( ?[\\[(\u00b1][-+\u2212\u2013 0-9.,%\u00b1]*[\\])]?)?|\u2013|");

    private final String title;
    private final List<String> summary = new ArrayList<>();
    private final Map<String, Section> sections = new LinkedHashMap<>();
    private final Set<String> anchors = new TreeSet<>();
    private final StringBuilder styles = new StringBuilder();
    private final List<String> scripts = new ArrayList<>();
    private String data = "";

    private HtmlReport(String title) {
        this.title = title;
    }

    /**
     * Begins a report.
     *
     * @param title its heading and the name of the browser's tab
     * @return an empty report
     */
    public static HtmlReport titled(String title) {
        return new HtmlReport(title);
    }

    /**
     * Adds sentences at the top.
     *
     * @param sentences one paragraph for each
     * @return this report
     */
    public HtmlReport summary(String... sentences) {
        summary.addAll(List.of(sentences));
        return this;
    }

    /**
     * Adds a section.
     *
     * @param heading its heading, also in the list of contents
     * @param content fills the section
     * @return this report
     * @throws IllegalArgumentException if there is a section of that heading
     */
    public HtmlReport section(String heading, Consumer<Section> content) {
        Section section = new Section(anchors);
        if (sections.put(heading, section) != null) {
            throw new IllegalArgumentException("there are two sections '" + heading + "'; give each its own heading");
        }
        content.accept(section);
        return this;
    }

    /**
     * Returns the whole file.
     *
     * @return HTML 5
     */
    public String html() {
        StringBuilder out = new StringBuilder(1 << 16);
        out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                // The browser itself then refuses whatever would leave this file.
                .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;"
                        + " style-src 'unsafe-inline'")
                .append(scriptPolicy())
                .append("\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(resource("report.css"))
                .append(styles)
                .append("</style>\n</head>\n<body>\n<header>\n<h1>")
                .append(escape(title))
                .append("</h1>\n");
        if (!summary.isEmpty()) {
            out.append("<div class=\"summary\">\n");
            summary.forEach(
                    sentence -> out.append("<p>").append(escape(sentence)).append("</p>\n"));
            out.append("</div>\n");
        }
        out.append("</header>\n");
        int number = 0;
        if (sections.size() > 1) {
            out.append("<nav aria-label=\"Contents\"><ol>\n");
            for (String heading : sections.keySet()) {
                number++;
                out.append("<li><a href=\"#section-").append(number).append("\">");
                out.append(escape(heading)).append("</a></li>\n");
            }
            out.append("</ol></nav>\n");
        }
        out.append("<main>\n");
        number = 0;
        for (Map.Entry<String, Section> section : sections.entrySet()) {
            number++;
            out.append("<section id=\"section-").append(number).append("\">\n<h2>");
            out.append(escape(section.getKey())).append("</h2>\n");
            section.getValue().parts.forEach(part -> part.accept(out));
            out.append("</section>\n");
        }
        out.append("</main>\n");
        if (!data.isEmpty()) {
            // Data, which no browser runs. Without this sign no text in it can end the element.
            out.append("<script type=\"application/json\" id=\"data\">")
                    .append(data.replace("<", "\\u003c"))
                    .append("</script>\n");
        }
        for (String script : scripts) {
            out.append("<script>").append(script).append("</script>\n");
        }
        return out.append("</body>\n</html>\n").toString();
    }

    /** Lets the browser run our scripts, known by their hashes, and nothing that text in the report may smuggle in. */
    private String scriptPolicy() {
        StringBuilder policy = new StringBuilder();
        for (String script : scripts) {
            byte[] digest = sha256().digest(script.getBytes(StandardCharsets.UTF_8));
            policy.append(policy.isEmpty() ? "; script-src" : "")
                    .append(" 'sha256-")
                    .append(Base64.getEncoder().encodeToString(digest))
                    .append('\'');
        }
        return policy.toString();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime lacks SHA-256, which every one must have", e);
        }
    }

    /** Adds to the style. */
    HtmlReport style(String css) {
        styles.append(css);
        return this;
    }

    /** Adds a script of ours; to be run when the page is there. */
    HtmlReport script(String script) {
        if (script.contains("</script")) {
            throw new IllegalArgumentException("a script cannot hold the end of its element");
        }
        scripts.add(script);
        return this;
    }

    /** Sets the JSON text that scripts read. */
    HtmlReport data(String json) {
        data = json;
        return this;
    }

    /**
     * Writes the file.
     *
     * @param file where; replaced if it exists
     * @throws UncheckedIOException if it cannot be written
     */
    public void write(Path file) {
        try {
            Files.writeString(file, html());
        } catch (IOException e) {
            throw new UncheckedIOException("the report cannot be written to " + file + ": " + e.getMessage(), e);
        }
    }

    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n', '\t' -> out.append(c);
                case '\r' -> out.append("&#13;");
                default -> out.append(allowed(text, i) ? c : '\ufffd');
            }
        }
        return out.toString();
    }

    /** Control characters and halves of surrogate pairs may not stand in HTML. */
    private static boolean allowed(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
        }
        if (Character.isLowSurrogate(c)) {
            return i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
        }
        return !Character.isISOControl(c) && c < '\ufffe';
    }

    static String resource(String name) {
        try (var in = HtmlReport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(
                        "the resource " + name + " is missing; put apmae-core and what it needs on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("the resource " + name + " of the report cannot be read", e);
        }
    }

    /** A part of a report that is being filled. Every method adds at the end and returns the same section. */
    public static final class Section {
        private final Set<String> anchors;
        private final List<Consumer<StringBuilder>> parts = new ArrayList<>();

        private Section(Set<String> anchors) {
            this.anchors = anchors;
        }

        /**
         * Adds a smaller heading.
         *
         * @param text the heading
         * @return this section
         */
        public Section heading(String text) {
            return element("h3", "", text);
        }

        /**
         * Adds a paragraph.
         *
         * @param text the paragraph; line breaks count as spaces
         * @return this section
         */
        public Section paragraph(String text) {
            return element("p", "", text);
        }

        /**
         * Adds a remark that a reader must not miss, such as a caveat.
         *
         * @param text the remark
         * @return this section
         */
        public Section note(String text) {
            return element("p", "note", text);
        }

        /**
         * Adds a table. A column that holds only numbers (with intervals or percent signs at will) is set to the right.
         *
         * @param caption one line above the table, may be empty
         * @param columns names of the columns
         * @param rows the cells, each row with one for each column: whole numbers and text are shown as they are, fractions
         *     with four decimals, null and NaN as a dash
         * @return this section
         * @throws IllegalArgumentException if a row has another number of cells
         */
        public Section table(String caption, List<String> columns, List<? extends List<?>> rows) {
            List<List<String>> cells = new ArrayList<>();
            for (List<?> row : rows) {
                if (row.size() != columns.size()) {
                    throw new IllegalArgumentException("a row of the table '" + caption + "' has " + row.size()
                            + " cells for " + columns.size() + " columns");
                }
                cells.add(row.stream().map(Section::cell).toList());
            }
            StringBuilder html = new StringBuilder("<div class=\"wide\">");
            if (!caption.isEmpty()) {
                html.append("<p class=\"caption\">").append(escape(caption)).append("</p>\n");
            }
            html.append("<table").append(label(caption)).append(">\n");
            List<String> classes = new ArrayList<>();
            html.append("<thead><tr>");
            for (int c = 0; c < columns.size(); c++) {
                int column = c;
                boolean numeric = !cells.isEmpty()
                        && cells.stream()
                                .allMatch(row -> NUMBER.matcher(row.get(column)).matches());
                classes.add(numeric ? " class=\"number\"" : "");
                html.append("<th scope=\"col\"").append(classes.get(c)).append('>');
                html.append(escape(columns.get(c))).append("</th>");
            }
            html.append("</tr></thead>\n<tbody>\n");
            for (List<String> row : cells) {
                html.append("<tr>");
                for (int c = 0; c < row.size(); c++) {
                    html.append("<td").append(classes.get(c)).append('>');
                    html.append(escape(row.get(c))).append("</td>");
                }
                html.append("</tr>\n");
            }
            return add(html.append("</tbody></table></div>\n"));
        }

        /**
         * Adds names and values, for example the provenance.
         *
         * @param facts values by name, in the order of the map
         * @return this section
         */
        public Section facts(Map<String, String> facts) {
            StringBuilder html = new StringBuilder("<dl>\n");
            facts.forEach((name, value) -> html.append("<dt>")
                    .append(escape(name))
                    .append("</dt><dd>")
                    .append(escape(value))
                    .append("</dd>\n"));
            return add(html.append("</dl>\n"));
        }

        /**
         * Adds a picture, which becomes part of the file.
         *
         * @param picture the picture
         * @param caption what a reader sees below it and hears in its place
         * @return this section
         */
        public Section figure(Picture picture, String caption) {
            StringBuilder html = new StringBuilder("<figure><img width=\"")
                    .append(picture.width())
                    .append("\" height=\"")
                    .append(picture.height())
                    .append("\" alt=\"")
                    .append(escape(caption).replace('\n', ' '))
                    .append("\" src=\"data:image/png;base64,")
                    .append(Base64.getEncoder().encodeToString(picture.png()))
                    .append("\"><figcaption>")
                    .append(escape(caption))
                    .append("</figcaption></figure>\n");
            return add(html);
        }

        /**
         * Adds code with a gap in it. The gap is marked; an empty one shows as a caret.
         *
         * @param before the text before the gap
         * @param gap the text of the gap
         * @param after the text after the gap
         * @return this section
         */
        public Section code(String before, String gap, String after) {
            StringBuilder html = new StringBuilder("<pre><code>")
                    .append(escape(before))
                    .append("<mark>")
                    .append(gap.isEmpty() ? "\u2038" : escape(gap))
                    .append("</mark>")
                    .append(escape(after))
                    .append("</code></pre>\n");
            return add(html);
        }

        /**
         * Adds a coloured table of layers and heads. A cell leads to the {@link #details} of its head where the report has
         * them.
         *
         * @param grid the numbers
         * @return this section
         */
        public Section headGrid(HeadGrid grid) {
            parts.add(out -> out.append(grid(grid)));
            return this;
        }

        /**
         * Adds a part that is folded until the reader opens it.
         *
         * @param summary the line that is always seen
         * @param content fills the part
         * @return this section
         */
        public Section details(String summary, Consumer<Section> content) {
            return details(summary, "", content);
        }

        /**
         * Adds the part of one head, which the cells of head grids lead to.
         *
         * @param head the head; no other part of the report may belong to it
         * @param summary the line that is always seen
         * @param content fills the part
         * @return this section
         * @throws IllegalArgumentException if the report has a part of this head
         */
        public Section details(HeadId head, String summary, Consumer<Section> content) {
            if (!anchors.add(head.toString())) {
                throw new IllegalArgumentException("head " + head + " has two parts in the report; give it one");
            }
            return details(summary, "<span id=\"head-" + head + "\"></span>", content);
        }

        private Section details(String summary, String anchor, Consumer<Section> content) {
            Section inner = new Section(anchors);
            content.accept(inner);
            parts.add(out -> {
                out.append("<details><summary>").append(escape(summary)).append("</summary>\n<div>");
                out.append(anchor).append('\n');
                inner.parts.forEach(part -> part.accept(out));
                out.append("</div></details>\n");
            });
            return this;
        }

        /**
         * Adds parts that stand side by side as far as the page is wide enough.
         *
         * @param content fills the row; each part added is one of them
         * @return this section
         */
        public Section row(Consumer<Section> content) {
            return group("row", content);
        }

        /**
         * Adds parts that belong together, in a frame; for use in a row.
         *
         * @param title line at the top of the frame
         * @param content fills the frame
         * @return this section
         */
        public Section card(String title, Consumer<Section> content) {
            return group("card", inner -> {
                inner.element("h4", "", title);
                content.accept(inner);
            });
        }

        private Section group(String kind, Consumer<Section> content) {
            Section inner = new Section(anchors);
            content.accept(inner);
            parts.add(out -> {
                out.append("<div class=\"").append(kind).append("\">\n");
                inner.parts.forEach(part -> part.accept(out));
                out.append("</div>\n");
            });
            return this;
        }

        /** Adds markup of ours; what comes from elsewhere in it must be escaped. */
        Section markup(String html) {
            parts.add(out -> out.append(html));
            return this;
        }

        private Section element(String tag, String kind, String text) {
            StringBuilder html = new StringBuilder("<").append(tag);
            if (!kind.isEmpty()) {
                html.append(" class=\"").append(kind).append('"');
            }
            return add(html.append('>')
                    .append(escape(text))
                    .append("</")
                    .append(tag)
                    .append(">\n"));
        }

        private Section add(StringBuilder html) {
            String text = html.toString();
            parts.add(out -> out.append(text));
            return this;
        }

        private StringBuilder grid(HeadGrid grid) {
            StringBuilder html = new StringBuilder("<div class=\"wide\"><p class=\"caption\">")
                    .append(escape(grid.name()))
                    .append("</p>\n<table class=\"grid\"")
                    .append(label(grid.name()))
                    .append(">\n<thead><tr><th scope=\"col\">layer \\ head</th>");
            for (int head = 0; head < grid.heads(); head++) {
                html.append("<th scope=\"col\">").append(head).append("</th>");
            }
            html.append("</tr></thead>\n<tbody>\n");
            for (int layer = 0; layer < grid.layers(); layer++) {
                html.append("<tr><th scope=\"row\">").append(layer).append("</th>");
                for (int head = 0; head < grid.heads(); head++) {
                    gridCell(html, grid, new HeadId(layer, head));
                }
                html.append("</tr>\n");
            }
            html.append("</tbody></table></div>\n<p class=\"legend\">").append(grid.text(grid.low()));
            html.append(" <span class=\"scale\" style=\"background:linear-gradient(to right");
            for (int i = 0; i <= 8; i++) {
                html.append(',').append(ColourScale.css(grid.rgb(grid.low() + i / 8.0 * (grid.high() - grid.low()))));
            }
            return html.append(")\"></span> ").append(grid.text(grid.high())).append("</p>\n");
        }

        private void gridCell(StringBuilder html, HeadGrid grid, HeadId head) {
            double value = grid.value(head);
            int rgb = grid.rgb(value);
            String text = grid.text(value);
            html.append("<td style=\"background:")
                    .append(ColourScale.css(rgb))
                    .append(";color:")
                    .append(ColourScale.wantsDarkText(rgb) ? "#111" : "#fff")
                    .append("\" title=\"")
                    .append(escape("layer " + head.layer() + ", head " + head.head() + ": " + text + " " + grid.name()))
                    .append("\">");
            if (anchors.contains(head.toString())) {
                html.append("<a href=\"#head-").append(head).append("\">");
                html.append(text).append("</a>");
            } else {
                html.append(text);
            }
            html.append("</td>");
        }

        /** Names a table for those who hear the page; the caption stands outside, so that it may be wider than the table. */
        private static String label(String caption) {
            return caption.isEmpty() ? "" : " aria-label=\"" + escape(caption) + "\"";
        }

        private static String cell(Object value) {
            if (value == null) {
                return "\u2013";
            }
            if (value instanceof Double || value instanceof Float) {
                double number = ((Number) value).doubleValue();
                return Double.isNaN(number) ? "\u2013" : String.format(Locale.ROOT, "%.4f", number);
            }
            if (value instanceof Integer || value instanceof Long) {
                return String.format(Locale.ROOT, "%,d", ((Number) value).longValue());
            }
            return value.toString();
        }
    }
}
