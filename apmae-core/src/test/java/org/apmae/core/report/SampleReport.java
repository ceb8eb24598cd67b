package org.apmae.core.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;

/** Makes a report with everything in it, from made-up numbers; run its main method to look at it in a browser. */
final class SampleReport {
    private static final String CODE = "public int size() {\n\tif (list == null && <b>x</b> > 0) {\n\t\treturn ";

    private SampleReport() {}

    public static void main(String[] args) {
        report().write(Path.of(args[0]));
    }

    static float[][] pattern(int size, int kind, long seed) {
        Random random = new Random(seed);
        float[][] pattern = new float[size][size];
        for (int q = 0; q < size; q++) {
            double sum = 0;
            for (int k = 0; k <= q; k++) {
                double score = switch (kind) {
                    case 0 -> -0.4 * (q - k);
                    case 1 -> k == 0 ? 3 : 0;
                    case 2 -> q - k == 1 ? 5 : -1;
                    default -> (q - k) % 8 == 0 ? 2.5 : 0;
                };
                pattern[q][k] = (float) Math.exp(score + 0.4 * random.nextGaussian());
                sum += pattern[q][k];
            }
            for (int k = 0; k <= q; k++) {
                pattern[q][k] /= (float) sum;
            }
        }
        return pattern;
    }

    private static float[][] masked(float[][] pattern, int patch, long seed) {
        Random random = new Random(seed);
        float[][] masked = new float[pattern.length][];
        boolean[][] hidden = new boolean[pattern.length / patch + 1][pattern.length / patch + 1];
        for (boolean[] row : hidden) {
            for (int i = 0; i < row.length; i++) {
                row[i] = random.nextBoolean();
            }
        }
        for (int q = 0; q < pattern.length; q++) {
            masked[q] = pattern[q].clone();
            for (int k = 0; k < pattern.length; k++) {
                if (k / patch <= q / patch && hidden[q / patch][k / patch]) {
                    masked[q][k] = Float.NaN;
                }
            }
        }
        return masked;
    }

    private static HeadGrid grid(String name, int decimals, boolean signed) {
        Random random = new Random(name.length());
        Map<HeadId, Double> values = new TreeMap<>();
        for (int layer = 0; layer < 6; layer++) {
            for (int head = 0; head < 8; head++) {
                values.put(
                        new HeadId(layer, head),
                        signed
                                ? random.nextGaussian() * 0.05
                                : decimals == 0 ? (double) random.nextInt(9) : random.nextDouble());
            }
        }
        values.remove(new HeadId(4, 4));
        return new HeadGrid(name, values, decimals, signed);
    }

    static HtmlReport report() {
        double[] heads = {1, 2, 5, 10, 20, 50};
        List<Series> sweep = new ArrayList<>();
        for (String ranking : List.of("pos_only", "neg_only", "neutral", "random")) {
            double[] y = new double[heads.length];
            double[] low = new double[heads.length];
            double[] high = new double[heads.length];
            for (int i = 0; i < y.length; i++) {
                y[i] = 0.62 - 0.1 * (sweep.size() + 1) * Math.log10(heads[i]) / (1 + sweep.size() % 2);
                low[i] = y[i] - 0.03;
                high[i] = y[i] + 0.04;
            }
            sweep.add(Series.points(ranking, heads, y).withInterval(low, high));
        }
        List<String> tasks = List.of(
                "identifiers", "string_literals", "boolean_literals", "closing_bracket", "eol", "keywords", "stop");
        double[] accuracy = {0.61, 0.58, 0.72, 0.66, 0.69, 0.63, 0.7};
        double[] majority = {0.5, 0.5, 0.51, 0.5, 0.5, 0.52, 0.5};
        double[] low = new double[7];
        double[] high = new double[7];
        for (int i = 0; i < 7; i++) {
            low[i] = accuracy[i] - 0.06;
            high[i] = accuracy[i] + 0.05;
        }
        Picture predictor = Charts.intervals(
                new ChartLabels("Predicting correctness", "", "accuracy"),
                tasks,
                List.of(
                        Series.values("pattern labels", accuracy).withInterval(low, high),
                        Series.values("majority", majority)));
        Random random = new Random(3);
        List<Series> clouds = new ArrayList<>();
        for (int c = 0; c < 3; c++) {
            double[] x = new double[150];
            double[] y = new double[150];
            for (int i = 0; i < 150; i++) {
                x[i] = 4 * c + random.nextGaussian();
                y[i] = 3 * (c % 2) + random.nextGaussian();
            }
            clouds.add(Series.points("pattern " + c, x, y));
        }
        List<String> names = new ArrayList<>();
        double[] shap = new double[12];
        for (int i = 0; i < shap.length; i++) {
            names.add(new HeadId(i % 6, i % 8).toString());
            shap[i] = 0.09 - 0.013 * i;
        }
        float[][] original = pattern(64, 3, 1);
        Picture reconstruction = Picture.row(
                List.of(
                        PatternImage.of(original)
                                .withCell(4)
                                .withTitle("original")
                                .draw(),
                        PatternImage.of(masked(original, 16, 2))
                                .withCell(4)
                                .withTitle("visible")
                                .draw(),
                        PatternImage.of(pattern(64, 3, 9))
                                .withCell(4)
                                .withTitle("predicted")
                                .withColourBar()
                                .draw()),
                12);
        List<String> tokens = new ArrayList<>();
        String[] words = {
            "<fim_prefix>", "public", " int", " size", "()", " {", "\n", "\t", "return", " list", ".", "size"
        };
        for (int i = 0; i < 32; i++) {
            tokens.add(words[i % words.length]);
        }
        Map<String, String> provenance = new LinkedHashMap<>();
        provenance.put("seed", "7");
        provenance.put("model", "embedded, sha256 " + "0123456789abcdef".repeat(4));
        provenance.put("java", "17.0.15 <OpenJDK & friends>");
        return HtmlReport.titled("Attention patterns of <embedded> & \"small\"")
                .summary(
                        "Of 1,624 scenarios from commons-lang3 the model completed 812 correctly.",
                        "The heads show 163 recurring patterns; knowing them predicts correctness with 64.1 % accuracy.")
                .section(
                        "Mining",
                        s -> s.paragraph("Every task by its wire name, with what was rejected.")
                                .table(
                                        "Scenarios by task",
                                        List.of("task", "candidates", "used", "yield", "most frequent rejection"),
                                        List.of(
                                                List.of("identifiers", 18234, 150, "12.3 %", "window_not_filled (812)"),
                                                List.of("eol", 9120, 150, "9.9 %", "window_not_filled <11>"),
                                                List.of("boolean_literals", 310, 122, "39.4 %", "\u2013"))))
                .section(
                        "Accuracy by task",
                        s -> s.table(
                                        "First-token accuracy with 95 % Wilson intervals",
                                        List.of("task", "scenarios", "accuracy"),
                                        List.of(
                                                List.of("identifiers", 150, "0.51 [0.43, 0.59]"),
                                                List.of("eol", 150, "0.83 [0.76, 0.88]")))
                                .note(
                                        "Balanced by outcome afterwards; the interval covers sampling of scenarios only."))
                .section(
                        "AP-MAE",
                        s -> s.table(
                                        "Mean squared error over masked patches",
                                        List.of("model", "loss"),
                                        List.of(
                                                List.of("trained", 0.0123),
                                                List.of("untrained", 0.41),
                                                List.of("mean pattern", 0.087)))
                                .figure(
                                        reconstruction,
                                        "A pattern, what the encoder saw of it (masked patches grey), and what the"
                                                + " decoder made of it. Title < & >"))
                .section(
                        "Patterns by head",
                        s -> s.row(r -> r.card("Number of patterns", c -> c.headGrid(grid("patterns found", 0, false)))
                                        .card(
                                                "Effect on correctness",
                                                c -> c.headGrid(grid("mean SHAP value", 2, true))))
                                .details(
                                        new HeadId(3, 5),
                                        "L3H5: 2 patterns, 12 % noise",
                                        d -> d.row(r -> {
                                            for (int i = 0; i < 3; i++) {
                                                int kind = i;
                                                r.card(
                                                        "Pattern " + i + ", " + (120 - 40 * i) + " scenarios",
                                                        c -> c.figure(
                                                                        PatternImage.of(pattern(32, kind, kind))
                                                                                .withCell(11)
                                                                                .withTokens(tokens)
                                                                                .withTitle("medoid of L3H5 pattern "
                                                                                        + kind)
                                                                                .withColourBar()
                                                                                .draw(),
                                                                        "Medoid, scenario 4f2a")
                                                                .code(
                                                                        CODE,
                                                                        "list.size()",
                                                                        ";\n\t}\n}\n</code><script>alert(1)</script>"));
                                            }
                                        }))
                                .details(
                                        "Encodings of L3H5 in two dimensions",
                                        d -> d.figure(
                                                Charts.scatter(new ChartLabels("L3H5", "UMAP 1", "UMAP 2"), clouds),
                                                "Each point is a scenario, coloured by pattern.")))
                .section(
                        "Predictor",
                        s -> s.figure(predictor, "Accuracy by task with 95 % intervals.")
                                .figure(
                                        Charts.bars(
                                                new ChartLabels("Most important heads", "mean SHAP value", ""),
                                                names,
                                                shap),
                                        "Mean SHAP value of the twelve most important heads."))
                .section(
                        "Removing heads",
                        s -> s.figure(
                                Charts.linesLogX(
                                        new ChartLabels("Accuracy after removing heads", "heads removed", "accuracy"),
                                        sweep),
                                "Bands are 95 % intervals."))
                .section("Provenance", s -> s.facts(provenance));
    }
}
