package org.apmae.examples.study;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.report.ChartLabels;
import org.apmae.core.report.Charts;
import org.apmae.core.report.HeadGrid;
import org.apmae.core.report.HtmlReport;
import org.apmae.core.report.PatternImage;
import org.apmae.core.report.Picture;
import org.apmae.core.report.Series;
import org.apmae.core.run.EncodingStore;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.models.apmae.AttentionScaler;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.recording.HookedRecorder;

/** The report: one page that shows what the study found, with its pictures beside it. */
final class ReportStage {
    static final String REPORT = "report.html";
    private static final int HEADS_SHOWN = 12;
    private static final int PATTERNS_SHOWN = 4;

    private final Study study;
    private final RunFolder run;
    private final Map<String, Object> metrics;

    private ReportStage(Study study) {
        this.study = study;
        this.run = study.run();
        this.metrics = run.metrics();
    }

    static void run(Study study) {
        study.run().require(Stage.SWEEP);
        new ReportStage(study).write();
    }

    private void write() {
        try (StageWriter writer = run.begin(Stage.REPORT)) {
            Map<String, Picture> figures = figures();
            figures.forEach((name, picture) -> picture.write(writer.file("figures/" + name + ".png")));
            HtmlReport report = HtmlReport.titled("apmae: attention patterns of "
                    + (study.options().model().isEmpty()
                            ? "the embedded model"
                            : study.options().model()));
            for (String sentence : Summary.sentences(metrics)) {
                report.summary(sentence);
            }
            report.section(
                    "Mining and accuracy",
                    section -> section.table(
                                    "Scenarios by task, and how often the model's first token is right",
                                    Summary.MINING_COLUMNS,
                                    Summary.mining(metrics))
                            .figure(figure(figures, "accuracy"), "First-token accuracy by task with 95 % intervals"));
            report.section("AP-MAE", section -> {
                section.table(
                        "Masked mean squared error on held-out files", Summary.APMAE_COLUMNS, Summary.apmae(metrics));
                section.figure(picture(Stage.TRAIN, TrainStage.LOSS), "Training loss");
                for (int i = 0; i < TrainStage.SHOWN; i++) {
                    section.figure(
                            picture(Stage.TRAIN, String.format(Locale.ROOT, TrainStage.RECONSTRUCTION, i)),
                            "A held-out pattern, its visible patches, the predicted masked patches, and both together");
                }
            });
            report.section("Patterns", this::patterns);
            report.section(
                    "Correctness",
                    section -> section.table(
                                    "Predicting whether the completion is right, on files not seen",
                                    Summary.PREDICTOR_COLUMNS,
                                    Summary.predictor(metrics))
                            .table("By task", Summary.PREDICTOR_TASK_COLUMNS, Summary.predictorTasks(metrics))
                            .figure(
                                    figure(figures, "shap"),
                                    "Mean SHAP value of the heads that count most, in log-odds"));
            report.section(
                    "Interventions",
                    section -> section.note(
                                    "Balanced scenarios: before any head is removed the"
                                            + " accuracy is one half. An accuracy above the interval's reach of one half would be a gain.")
                            .figure(figure(figures, "sweep"), "Accuracy against the number of heads removed")
                            .table("Settings", Summary.SWEEP_COLUMNS, Summary.sweep(metrics)));
            report.section("Provenance", section -> section.facts(provenance()));
            report.write(writer.file(REPORT));
            writer.commit(study.provenance());
        }
    }

    private NavigableMap<String, String> provenance() {
        NavigableMap<String, String> facts = new TreeMap<>();
        run.stages().forEach((stage, entry) -> {
            entry.provenance().facts().forEach(facts::put);
            entry.provenance().software().forEach(facts::put);
            entry.provenance().seeds().forEach((name, seed) -> facts.put("seed " + name, String.valueOf(seed)));
        });
        return facts;
    }

    private static Picture figure(Map<String, Picture> figures, String name) {
        Picture picture = figures.get(name);
        if (picture == null) {
            throw new IllegalStateException("there is no figure '" + name + "'");
        }
        return picture;
    }

    private Picture picture(Stage stage, String name) {
        Path file = run.file(stage, name);
        try {
            return Picture.of(ImageIO.read(file.toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the picture " + file + ": " + e.getMessage(), e);
        }
    }

    private Map<String, Picture> figures() {
        Map<String, Picture> figures = new LinkedHashMap<>();
        List<String> tasks = new ArrayList<>();
        List<Object> accuracies = new ArrayList<>();
        Figures.map(Figures.map(metrics.get("record")).get("tasks")).forEach((task, value) -> {
            tasks.add(task);
            accuracies.add(Figures.map(value).get("accuracy"));
        });
        figures.put(
                "accuracy",
                Charts.intervals(
                        new ChartLabels("First-token accuracy", "task", "accuracy"),
                        tasks,
                        List.of(Series.values("accuracy", part(accuracies, "value"))
                                .withInterval(part(accuracies, "low"), part(accuracies, "high")))));
        List<HeadId> ranked = ranked();
        figures.put(
                "shap",
                Charts.bars(
                        new ChartLabels("Heads by mean SHAP value", "mean SHAP value (log-odds)", "head"),
                        ranked.stream().limit(HEADS_SHOWN).map(HeadId::toString).toList(),
                        ranked.stream()
                                .limit(HEADS_SHOWN)
                                .mapToDouble(this::shap)
                                .toArray()));
        figures.put("sweep", sweep());
        return figures;
    }

    private static double[] part(List<Object> intervals, String key) {
        return intervals.stream()
                .mapToDouble(interval -> Figures.number(Figures.map(interval).get(key)))
                .toArray();
    }

    private double shap(HeadId head) {
        return Figures.number(Figures.map(Figures.map(metrics.get("predict")).get("mean_shap"))
                .get(head.toString()));
    }

    private List<HeadId> ranked() {
        return Figures.map(Figures.map(metrics.get("predict")).get("mean_shap")).keySet().stream()
                .map(HeadId::parse)
                .sorted(Comparator.comparingDouble((HeadId head) -> -Math.abs(shap(head)))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    private Picture sweep() {
        Map<String, List<Map<String, Object>>> byRanking = new LinkedHashMap<>();
        for (Map<String, Object> setting : Summary.settings(metrics)) {
            if (!setting.get("ranking").equals("all")) {
                byRanking
                        .computeIfAbsent((String) setting.get("ranking"), name -> new ArrayList<>())
                        .add(setting);
            }
        }
        List<Series> series = new ArrayList<>();
        byRanking.forEach((ranking, settings) -> {
            double[] heads = settings.stream()
                    .mapToDouble(s -> Figures.number(s.get("heads")))
                    .toArray();
            List<Object> accuracy =
                    settings.stream().map(s -> s.get("accuracy")).toList();
            series.add(Series.points(ranking, heads, part(accuracy, "value"))
                    .withInterval(part(accuracy, "low"), part(accuracy, "high")));
        });
        return Charts.linesLogX(new ChartLabels("Accuracy after removing heads", "heads removed", "accuracy"), series);
    }

    private void patterns(HtmlReport.Section section) {
        Map<String, Object> heads =
                Figures.map(Figures.map(metrics.get("cluster")).get("heads"));
        Map<HeadId, Double> counts = new TreeMap<>();
        Map<HeadId, Double> noise = new TreeMap<>();
        Map<HeadId, Double> shap = new TreeMap<>();
        heads.forEach((name, value) -> {
            HeadId head = HeadId.parse(name);
            counts.put(head, Figures.number(Figures.map(value).get("patterns")));
            noise.put(head, Figures.number(Figures.map(value).get("noise")));
            shap.put(head, shap(head));
        });
        section.headGrid(new HeadGrid("patterns found", counts, 0, false));
        section.headGrid(new HeadGrid("share of noise", noise, 2, false));
        section.headGrid(new HeadGrid("mean SHAP value (log-odds)", shap, 3, true));
        section.table("By layer", Summary.LAYER_COLUMNS, Summary.layers(metrics));
        section.note(
                "Stability is the adjusted Rand index with the labels of another fit, noise counted as a class. A validity"
                        + " is missing where a head has fewer than two patterns. Where all encodings of a head form one blob, HDBSCAN"
                        + " calls its densest core the pattern and the rest noise.");
        section.table(
                "Families of patterns across heads, named where a score of a well-known pattern is at least 0.25",
                Summary.FAMILY_COLUMNS,
                Summary.families(metrics));
        section.table(
                "What the labels go with: mean over heads, beside random orders",
                Summary.ASSOCIATION_COLUMNS,
                Summary.associations(metrics));
        section.heading("The medoids of the heads that count most");
        EncodingStore store = EncodingStore.open(run);
        List<Clusters> clusters =
                ClustersJson.read(run.file(Stage.CLUSTER, ClusterStage.MODEL), ClusterStage.encodings(store));
        Map<String, ScenarioRow> rows = new HashMap<>();
        RunTables.scenarios(run).forEach(row -> rows.put(row.id(), row));
        List<HeadId> shown = ranked().subList(0, Math.min(HEADS_SHOWN, counts.size()));
        Map<String, Set<HeadId>> wanted = new LinkedHashMap<>();
        for (HeadId head : shown) {
            for (String id : medoids(store, clusters, head)) {
                wanted.computeIfAbsent(id, key -> new TreeSet<>()).add(head);
            }
        }
        Map<String, float[][]> patterns = record(wanted, rows);
        for (HeadId head : shown) {
            Clusters own = clusters.get(store.heads().indexOf(head));
            section.details(
                    head,
                    String.format(Locale.ROOT, "%s: %d patterns, mean SHAP %.4f", head, own.count(), shap(head)),
                    details -> details.row(row -> {
                        int label = 0;
                        for (String id : medoids(store, clusters, head)) {
                            card(row, own, label++, rows.get(id), patterns.get(id + head));
                        }
                    }));
        }
    }

    private static void card(
            HtmlReport.Section row, Clusters clusters, int label, ScenarioRow scenario, float[][] pattern) {
        long members = Arrays.stream(clusters.labels()).filter(l -> l == label).count();
        row.card(
                "Pattern " + label + ", " + members + " scenarios",
                card -> card.figure(
                                PatternImage.of(pattern)
                                        .withCell(1)
                                        .withRange(0, 1)
                                        .draw(),
                                "Medoid, log-normalised: " + scenario.task().wireName() + " in " + scenario.path())
                        .code(scenario.before(), scenario.target(), scenario.after()));
    }

    private static List<String> medoids(EncodingStore store, List<Clusters> clusters, HeadId head) {
        Clusters own = clusters.get(store.heads().indexOf(head));
        return Arrays.stream(own.medoids())
                .limit(PATTERNS_SHOWN)
                .mapToObj(row -> store.scenarioIds().get(row))
                .toList();
    }

    /** Records the medoids once more: the run folder keeps encodings, not patterns. */
    private Map<String, float[][]> record(Map<String, Set<HeadId>> wanted, Map<String, ScenarioRow> rows) {
        Map<String, float[][]> patterns = new HashMap<>();
        try (Progress.Stage progress = study.progress().start("drawing medoids", wanted.size(), "scenarios");
                HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
            wanted.forEach((id, heads) -> {
                ScenarioRow row = rows.get(id);
                if (row == null) {
                    throw new IllegalStateException(
                            "scenario " + id + " is not in the run folder; run apmae mine again");
                }
                recorder.record(
                        Stream.of(row.prompt()),
                        HeadSelection.of(heads),
                        PatternStream.sink(
                                study,
                                AttentionScaler.LOG_NORMALIZE,
                                (scratch, batch, scaled) -> keep(patterns, batch, scaled)));
                progress.step(1);
            });
        }
        return patterns;
    }

    private static void keep(Map<String, float[][]> patterns, AttentionBatch batch, NDArray scaled) {
        float[] all = scaled.toFloatArray();
        int side = (int) scaled.getShape().get(3);
        for (int h = 0; h < batch.heads().size(); h++) {
            float[][] pattern = new float[side][side];
            for (int row = 0; row < side; row++) {
                System.arraycopy(all, (h * side + row) * side, pattern[row], 0, side);
            }
            patterns.put(batch.prompts().get(0).scenarioId() + batch.heads().get(h), pattern);
        }
    }
}
