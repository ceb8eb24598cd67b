package org.apmae.core.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.gallery.PromptText;
import org.apmae.core.gallery.ShownPattern;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.PatternLabels;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.store.PatternTriangle;

/** A small run folder with everything that a report shows, from made-up numbers. */
final class SampleRun {
    static final int TOKENS = 32;
    static final int SCENARIOS = 60;

    /** Text that would break a page which does not escape it. */
    static final String HOSTILE = "</script><b id=\"smuggled\">'\"&\\u003c";

    private static final List<CompletionTask> TASKS =
            List.of(CompletionTask.IDENTIFIERS, CompletionTask.CLOSING_BRACKET, CompletionTask.NOISE);
    private static final Provenance PROVENANCE =
            Provenance.seeded(7).withFact("model", "sample").withSoftware("library", "1.0");

    private SampleRun() {}

    static List<HeadId> heads() {
        List<HeadId> heads = new ArrayList<>();
        for (int layer = 0; layer < 2; layer++) {
            for (int head = 0; head < 4; head++) {
                heads.add(new HeadId(layer, head));
            }
        }
        return heads;
    }

    static String id(int scenario) {
        return String.format("%024x", scenario + 1);
    }

    static int label(int scenario, HeadId head) {
        return (scenario * 7 + head.layer() * 3 + head.head()) % 3 - 1;
    }

    static boolean correct(int scenario) {
        return scenario % 4 < 2;
    }

    static CompletionTask task(int scenario) {
        return TASKS.get(scenario % TASKS.size());
    }

    static RunFolder write(Path folder) {
        RunFolder run = RunFolder.create(folder);
        stage(run, Stage.MINE, SampleRun::mine);
        stage(run, Stage.RECORD, SampleRun::record);
        stage(run, Stage.TRAIN, SampleRun::train);
        stage(run, Stage.ENCODE, writer -> writer.metrics(Map.of("heads", 8)));
        stage(run, Stage.CLUSTER, SampleRun::cluster);
        stage(run, Stage.PREDICT, writer -> writer.metrics(predict()));
        stage(run, Stage.SWEEP, writer -> writer.metrics(sweep()));
        stage(run, Stage.REPORT, writer -> {
            writer.metrics(judgements());
            gallery().write(writer);
        });
        return run;
    }

    private interface Filling {
        void into(StageWriter writer);
    }

    private static void stage(RunFolder run, Stage stage, Filling filling) {
        try (StageWriter writer = run.begin(stage)) {
            filling.into(writer);
            writer.commit(PROVENANCE);
        }
    }

    private static void mine(StageWriter writer) {
        List<ScenarioRow> rows = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            List<Integer> ids = new ArrayList<>();
            for (int token = 0; token < TOKENS; token++) {
                ids.add(token);
            }
            boolean target = task(i).hasTarget();
            rows.add(new ScenarioRow(
                    id(i),
                    task(i),
                    "sample",
                    "src/File" + i % 5 + ".java",
                    10,
                    target ? 14 : 10,
                    target ? "gap" + i : "",
                    ids,
                    target ? 5 : -1,
                    "class A {\n    // " + HOSTILE + "\n    int x = ",
                    ";\n}\n"));
        }
        RunTables.writeScenarios(writer, rows);
        RunTables.writeRejections(
                writer,
                List.of(
                        new Rejection("a", "window_not_filled", "too short"),
                        new Rejection("b", "window_not_filled", "too short")));
        Map<String, Object> tasks = new TreeMap<>();
        for (CompletionTask task : TASKS) {
            tasks.put(task.wireName(), Map.of("candidates", 100, "prompts", 40, "rejected", Map.of("not_sampled", 60)));
        }
        writer.metrics(Map.of("tasks", tasks, "files", 5, "scenarios", SCENARIOS));
    }

    private static void record(StageWriter writer) {
        List<Verdict> verdicts = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            int target = task(i).hasTarget() ? 5 : -1;
            verdicts.add(new Verdict(id(i), correct(i) ? 5 : 6, target, 0.75, 0.5, 0.6, target < 0 ? Double.NaN : 0.3));
        }
        RunTables.writeVerdicts(writer, verdicts);
        Map<String, Object> tasks = new TreeMap<>();
        for (CompletionTask task : TASKS) {
            tasks.put(
                    task.wireName(),
                    task.hasTarget()
                            ? Map.of("run", 30, "selected", 20, "accuracy", estimate(0.55, 0.1))
                            : Map.of("run", 30, "selected", 20));
        }
        writer.metrics(Map.of("run", 90, "selected", SCENARIOS, "tasks", tasks));
    }

    private static void train(StageWriter writer) {
        Picture.row(List.of(PatternImage.of(pattern(TOKENS, 1)).withCell(4).draw()), 4)
                .write(writer.file("figures/reconstruction_0.png"));
        writer.metrics(Map.of("masked_mse_trained", 0.01, "masked_mse_mean_pattern", 0.02, "masked_ssim_trained", 0.5));
    }

    private static void cluster(StageWriter writer) {
        List<HeadId> heads = heads();
        int[][] labels = new int[SCENARIOS][heads.size()];
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            ids.add(id(i));
            for (int h = 0; h < heads.size(); h++) {
                labels[i][h] = label(i, heads.get(h));
            }
        }
        RunTables.writeLabels(writer, new PatternLabels(ids, heads, labels));
        Random random = new Random(3);
        Map<String, Object> perHead = new TreeMap<>();
        heads.forEach(head -> perHead.put(
                head.toString(),
                Map.of(
                        "patterns", 2,
                        "noise", random.nextDouble(),
                        "stability_subsamples", random.nextDouble())));
        writer.metrics(Map.of("patterns", 16, "heads", perHead));
    }

    private static Map<String, Object> estimate(double value, double reach) {
        return Map.of("value", value, "low", value - reach, "high", value + reach);
    }

    private static Map<String, Object> predict() {
        Random random = new Random(5);
        Map<String, Object> shap = new TreeMap<>();
        heads().forEach(head -> shap.put(head.toString(), random.nextGaussian() * 0.1));
        Map<String, Object> predict = new TreeMap<>();
        predict.put("mean_shap", shap);
        predict.put("patterns", Map.of("accuracy", estimate(0.58, 0.05), "auc", estimate(0.61, 0.05)));
        predict.put("model_confidence", Map.of("accuracy", estimate(0.68, 0.05), "auc", estimate(0.73, 0.05)));
        predict.put(
                "tasks",
                Map.of(
                        "identifiers",
                                Map.of(
                                        "rows", 20,
                                        "accuracy", estimate(0.6, 0.1),
                                        "model_confidence", Map.of("accuracy", estimate(0.7, 0.1))),
                        "closing_bracket", Map.of("rows", 20, "accuracy", estimate(0.55, 0.1))));
        predict.put(
                "calibration",
                List.of(Map.of("foretold", 0.3, "correct", 0.25), Map.of("foretold", 0.7, "correct", 0.75)));
        return predict;
    }

    private static Map<String, Object> judgements() {
        Map<String, Object> judgements = new TreeMap<>();
        judgements.put(
                "roc",
                List.of(
                        Map.of("false_positive_rate", 0.0, "true_positive_rate", 0.0),
                        Map.of("false_positive_rate", 0.3, "true_positive_rate", 0.6),
                        Map.of("false_positive_rate", 1.0, "true_positive_rate", 1.0)));
        judgements.put(
                "confusion",
                Map.of("true_positives", 11, "false_positives", 5, "true_negatives", 9, "false_negatives", 7));
        return judgements;
    }

    private static Map<String, Object> sweep() {
        List<Object> settings = new ArrayList<>();
        for (String ranking : List.of("pos_only", "random")) {
            for (int heads = 1; heads <= 4; heads *= 2) {
                double accuracy = ranking.equals("random") ? 0.5 - 0.05 * heads : 0.52 - 0.1 * heads;
                settings.add(Map.of(
                        "ranking",
                        ranking,
                        "heads",
                        heads,
                        "intervention",
                        heads == 1 ? "zero:L0H" + ranking.length() % 4 : "zero:many",
                        "accuracy",
                        estimate(accuracy, 0.06),
                        "predictions_changed",
                        5 * heads,
                        "incorrect_to_correct",
                        heads,
                        "correct_to_incorrect",
                        3 * heads,
                        "target_loss_before",
                        1.5,
                        "target_loss_after",
                        1.5 + 0.2 * heads));
            }
        }
        Map<String, Object> effects = new TreeMap<>();
        heads().forEach(head -> effects.put(head.toString(), 0.1 * head.head() - 0.15 * head.layer()));
        return Map.of("settings", settings, "scenarios", 40, "single_effects", effects);
    }

    static float[][] pattern(int size, int seed) {
        return SampleReport.pattern(size, seed % 4, seed);
    }

    static PatternTriangle triangle(int scenario, HeadId head) {
        float[] flat = new float[TOKENS * TOKENS];
        float[][] rows = pattern(TOKENS, scenario * 10 + head.head());
        for (int row = 0; row < TOKENS; row++) {
            System.arraycopy(rows[row], 0, flat, row * TOKENS, TOKENS);
        }
        return PatternTriangle.of(id(scenario), head, TOKENS, flat, 0);
    }

    static Gallery gallery() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < SCENARIOS; i++) {
            ids.add(id(i));
        }
        Gallery.Builder builder = Gallery.builder(ids);
        Random random = new Random(11);
        List<String> words = new ArrayList<>();
        for (int token = 0; token < TOKENS; token++) {
            words.add(token % 5 == 0 ? "\n    " : "word" + token);
        }
        for (HeadId head : heads()) {
            int[] shown = new int[3];
            for (int i = 0; i < SCENARIOS; i++) {
                int label = label(i, head);
                if (shown[label + 1]++ < 6) {
                    boolean medoid = label >= 0 && shown[label + 1] == 1;
                    builder.add(
                            new ShownPattern(label, medoid, label < 0 ? 0 : 1.0 / shown[label + 1], triangle(i, head)));
                    builder.add(new PromptText(id(i), words, "<" + i + ">"));
                }
            }
            float[][] layout = new float[SCENARIOS][2];
            for (int i = 0; i < SCENARIOS; i++) {
                layout[i][0] = (float) random.nextGaussian() + 4 * label(i, head);
                layout[i][1] = (float) random.nextGaussian();
            }
            builder.layout(head, layout);
            builder.entropy(head, 1 + random.nextDouble());
        }
        return builder.build();
    }
}
