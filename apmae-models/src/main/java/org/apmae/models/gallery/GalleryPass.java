package org.apmae.models.gallery;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.gallery.PromptText;
import org.apmae.core.gallery.ShownPattern;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.store.PatternTriangle;
import org.apmae.core.work.Tasks;
import org.apmae.models.cluster.UmapHdbscan;
import org.apmae.models.recording.HookedRecorder;
import org.apmae.models.target.TargetModel;

/**
 * Makes the gallery of a clustered run: records the medoids and some members of every cluster once more, because a run keeps
 * encodings and not patterns, and lays the encodings out in two dimensions by UMAP. Borrows the model. Thread-safe; the result
 * does not depend on the number of threads.
 */
public final class GalleryPass {
    /** UMAP's own default for pictures: points may come close, but not lie on each other. */
    private static final double DISTANCE = 0.1;

    private static final int EPOCHS = 200;
    private static final float SMALLEST = 1e-30f;

    private final TargetModel model;
    private final GalleryOptions options;
    private final int threads;

    /**
     * Puts the parts together.
     *
     * @param model the target model that the run recorded; to be closed by the caller
     * @param options how much the gallery holds
     * @param threads threads that record and lay out, 1 or more
     * @throws IllegalArgumentException if the number of threads is below 1
     */
    public GalleryPass(TargetModel model, GalleryOptions options, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + "; it must be 1 or more");
        }
        this.model = model;
        this.options = options;
        this.threads = threads;
    }

    /** One pattern to be shown. */
    private record Choice(int head, int label, int rank, int row, double strength) {}

    /** What one scenario gives. */
    private record Recorded(List<PatternTriangle> patterns, List<Double> entropies, PromptText text) {}

    /**
     * Makes the gallery.
     *
     * @param run a clustered run folder
     * @param clusters the clusters of every head, in the order of the encodings' heads
     * @param seed seed of the layouts
     * @param progress told about both steps
     * @return the gallery
     * @throws IllegalArgumentException if there are clusters of another number of heads or scenarios than the run has
     * @throws java.io.UncheckedIOException if a file of the run is missing, damaged or cannot be read
     */
    public Gallery run(RunFolder run, List<Clusters> clusters, long seed, Progress progress) {
        EncodingStore store = EncodingStore.open(run);
        if (clusters.size() != store.heads().size()) {
            throw new IllegalArgumentException("there are clusters of " + clusters.size() + " heads, but the run has "
                    + store.heads().size() + "; give those of the run");
        }
        List<String> points = every(store.scenarioIds(), options.mostPoints());
        Gallery.Builder gallery = Gallery.builder(points);
        ExecutorService workers = Tasks.threads("apmae-gallery", threads);
        try {
            record(run, store, choose(store, clusters), gallery, workers, progress);
            layOut(store, points, seed, gallery, workers, progress);
        } finally {
            Tasks.end(workers);
        }
        return gallery.build();
    }

    static <T> List<T> every(List<T> all, int most) {
        int size = Math.min(all.size(), most);
        return IntStream.range(0, size)
                .mapToObj(i -> all.get((int) ((long) i * all.size() / size)))
                .toList();
    }

    /** Medoids first, then members, then noise, so that what is left out is what is missed least; in order of heads at last. */
    private List<Choice> choose(EncodingStore store, List<Clusters> clusters) {
        List<Choice> medoids = new ArrayList<>();
        List<Choice> members = new ArrayList<>();
        List<Choice> noise = new ArrayList<>();
        for (int head = 0; head < clusters.size(); head++) {
            Clusters own = clusters.get(head);
            int[] labels = own.labels();
            if (labels.length != store.scenarioIds().size()) {
                throw new IllegalArgumentException(
                        "the clusters of head " + store.heads().get(head) + " have "
                                + labels.length + " scenarios, but the run has "
                                + store.scenarioIds().size() + "; give those of the run");
            }
            float[] strengths = own.strengths();
            int[] chosen = own.medoids();
            for (int label = 0; label < chosen.length; label++) {
                medoids.add(new Choice(head, label, 0, chosen[label], strengths[chosen[label]]));
                int rank = 1;
                for (int row : fromFirmToLoose(labels, strengths, label, chosen[label], options.members())) {
                    members.add(new Choice(head, label, rank++, row, strengths[row]));
                }
            }
            int rank = 0;
            for (int row : fromFirmToLoose(labels, strengths, Clusters.NOISE, -1, options.noise())) {
                noise.add(new Choice(head, Integer.MAX_VALUE, rank++, row, 0));
            }
        }
        return Stream.of(medoids, members, noise)
                .flatMap(List::stream)
                .limit(options.mostPatterns())
                .sorted(Comparator.comparingInt(Choice::head)
                        .thenComparingInt(Choice::label)
                        .thenComparingInt(Choice::rank))
                .toList();
    }

    /** Some rows with a label, evenly from the firmest to the loosest, so that a reader sees how far the cluster reaches. */
    static List<Integer> fromFirmToLoose(int[] labels, float[] strengths, int label, int without, int count) {
        List<Integer> rows = IntStream.range(0, labels.length)
                .filter(row -> labels[row] == label && row != without)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer row) -> -strengths[row])
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
        int size = Math.min(count, rows.size());
        return IntStream.range(0, size)
                .mapToObj(i -> rows.get((int) ((2L * i + 1) * rows.size() / (2L * size))))
                .toList();
    }

    private void record(
            RunFolder run,
            EncodingStore store,
            List<Choice> choices,
            Gallery.Builder gallery,
            ExecutorService workers,
            Progress progress) {
        Map<String, ScenarioRow> rows = new HashMap<>();
        RunTables.scenarios(run).forEach(row -> rows.put(row.id(), row));
        Map<String, List<Choice>> wanted = new LinkedHashMap<>();
        choices.forEach(choice -> wanted.computeIfAbsent(store.scenarioIds().get(choice.row()), id -> new ArrayList<>())
                .add(choice));
        Map<String, Map<HeadId, PatternTriangle>> patterns = new HashMap<>();
        double[] entropies = new double[store.heads().size()];
        try (Progress.Stage stage = progress.start("recording patterns to show", wanted.size(), "scenarios")) {
            List<Future<Recorded>> futures = new ArrayList<>();
            wanted.forEach((id, own) -> {
                ScenarioRow row = rows.get(id);
                if (row == null) {
                    throw new IllegalArgumentException("scenario " + id
                            + " is encoded but not in the table of scenarios; the run folder is of two runs");
                }
                futures.add(workers.submit(() -> {
                    Recorded recorded = record(store, row, own);
                    stage.step(1);
                    return recorded;
                }));
            });
            for (Future<Recorded> future : futures) {
                Recorded recorded = result(future);
                gallery.add(recorded.text());
                for (PatternTriangle pattern : recorded.patterns()) {
                    patterns.computeIfAbsent(pattern.scenarioId(), id -> new TreeMap<>())
                            .put(pattern.head(), pattern);
                }
                for (int head = 0; head < entropies.length; head++) {
                    entropies[head] += recorded.entropies().get(head) / wanted.size();
                }
            }
        }
        for (Choice choice : choices) {
            HeadId head = store.heads().get(choice.head());
            PatternTriangle pattern = patterns.getOrDefault(store.scenarioIds().get(choice.row()), Map.of())
                    .get(head);
            boolean noise = choice.label() == Integer.MAX_VALUE;
            gallery.add(new ShownPattern(
                    noise ? Clusters.NOISE : choice.label(), !noise && choice.rank() == 0, choice.strength(), pattern));
        }
        for (int head = 0; head < entropies.length && !wanted.isEmpty(); head++) {
            gallery.entropy(store.heads().get(head), entropies[head]);
        }
    }

    private Recorded record(EncodingStore store, ScenarioRow row, List<Choice> wanted) {
        List<PatternTriangle> patterns = new ArrayList<>();
        double[] entropies = new double[store.heads().size()];
        Map<HeadId, Integer> places = new HashMap<>();
        for (int i = 0; i < entropies.length; i++) {
            places.put(store.heads().get(i), i);
        }
        List<Verdict> verdicts = new ArrayList<>();
        try (HookedRecorder recorder = new HookedRecorder(model, 1)) {
            recorder.record(
                    Stream.of(row.prompt()),
                    HeadSelection.of(store.heads()),
                    AttentionSink.of(
                            batch -> {
                                measure(batch, places, entropies);
                                wanted.stream()
                                        .map(choice -> store.heads().get(choice.head()))
                                        .filter(batch.heads()::contains)
                                        .forEach(head -> patterns.add(triangle(batch, head)));
                            },
                            verdicts::addAll));
        }
        List<String> tokens =
                row.promptIds().stream().map(id -> model.tokenizer().decode(id)).toList();
        String predicted = model.tokenizer().decode(verdicts.get(0).predictedToken());
        return new Recorded(
                patterns, Arrays.stream(entropies).boxed().toList(), new PromptText(row.id(), tokens, predicted));
    }

    private void measure(AttentionBatch batch, Map<HeadId, Integer> places, double[] entropies) {
        try (NDManager scratch = model.newManager()) {
            NDArray patterns = batch.patterns();
            NDArray weights = patterns.duplicate();
            weights.attach(scratch);
            float[] sums = weights.maximum(SMALLEST)
                    .log()
                    .mul(weights)
                    .sum(new int[] {0, 2, 3})
                    .toFloatArray();
            for (int i = 0; i < sums.length; i++) {
                long queries = patterns.getShape().get(2);
                entropies[places.get(batch.heads().get(i))] = Math.max(0, -sums[i] / queries);
            }
        }
    }

    private static PatternTriangle triangle(AttentionBatch batch, HeadId head) {
        int place = batch.heads().indexOf(head);
        try (NDArray own = batch.patterns().get(new NDIndex("0, {}", place))) {
            int tokens = (int) own.getShape().get(0);
            return PatternTriangle.of(batch.prompts().get(0).scenarioId(), head, tokens, own.toFloatArray(), 0);
        }
    }

    private void layOut(
            EncodingStore store,
            List<String> points,
            long seed,
            Gallery.Builder gallery,
            ExecutorService workers,
            Progress progress) {
        List<HeadId> heads = every(store.heads(), options.mostLayouts());
        UmapHdbscan.Options plane = UmapHdbscan.Options.paper();
        UmapHdbscan umap = new UmapHdbscan(new UmapHdbscan.Options(
                2,
                plane.neighbours(),
                DISTANCE,
                EPOCHS,
                plane.minSamples(),
                plane.minClusterSize(),
                plane.allowSingleCluster()));
        try (Progress.Stage stage = progress.start("layouts", heads.size(), "heads")) {
            List<Future<float[][]>> futures = new ArrayList<>();
            for (HeadId head : heads) {
                Callable<float[][]> task = () -> {
                    float[][] places = umap.embed(
                            store.head(head, points), seed + store.heads().indexOf(head));
                    stage.step(1);
                    return places;
                };
                futures.add(workers.submit(task));
            }
            for (int i = 0; i < heads.size(); i++) {
                gallery.layout(heads.get(i), result(futures.get(i)));
            }
        }
    }

    private static <T> T result(Future<T> future) {
        return Tasks.result(future, "the gallery was interrupted; make it again");
    }
}
