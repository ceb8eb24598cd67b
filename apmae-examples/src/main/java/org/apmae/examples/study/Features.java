package org.apmae.examples.study;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.Verdict;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.predict.PatternTable;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.work.PieceFunction;
import org.apmae.core.work.Resource;
import org.apmae.models.predict.PrincipalAxes;

/**
 * Numbers about the selected scenarios, one row each.
 *
 * @param names names of the columns
 * @param rows one row for each selected scenario
 */
record Features(List<String> names, List<double[]> rows) {
    private static final int AXES = 3;

    /** What the model itself says about its prediction. */
    static Features signals(List<Selected> selected) {
        return new Features(
                List.of("top_probability", "margin", "entropy"),
                selected.stream().map(Selected::verdict).map(Features::signals).toList());
    }

    private static double[] signals(Verdict verdict) {
        return new double[] {verdict.topProbability(), verdict.margin(), verdict.entropy()};
    }

    /** How strongly each scenario belongs to its pattern, head by head. */
    static Features strengths(EncodingStore store, List<Clusters> clusters, List<Selected> selected) {
        int[] rowOf = rows(store, selected);
        List<float[]> strengths = clusters.stream().map(Clusters::strengths).toList();
        List<double[]> rows = new ArrayList<>();
        for (int row : rowOf) {
            rows.add(strengths.stream().mapToDouble(own -> own[row]).toArray());
        }
        return new Features(
                store.heads().stream().map(head -> head + ".strength").toList(), rows);
    }

    /** How far each scenario's encoding is from the medoid of each pattern of its head: one less the cosine. */
    static Features medoidDistances(
            Study study, EncodingStore store, List<Clusters> clusters, List<Selected> selected) {
        List<String> names = new ArrayList<>();
        List<Medoids> pieces = new ArrayList<>();
        for (int h = 0; h < clusters.size(); h++) {
            int[] medoids = clusters.get(h).medoids();
            pieces.add(new Medoids(h, Arrays.stream(medoids).boxed().toList()));
            for (int m = 0; m < medoids.length; m++) {
                names.add(store.heads().get(h) + ".medoid" + m);
            }
        }
        List<double[][]> heads = study.map(
                pieces, new MedoidDistances(study.encodingsForPieces(store), rows(store, selected)), done -> {});
        return new Features(names, joined(heads, selected.size()));
    }

    private record Medoids(int head, List<Integer> rows) implements Serializable {}

    /** For one head the numbers of all selected scenarios, a row for each. */
    private static final class MedoidDistances implements PieceFunction<Medoids, double[][]> {
        private static final long serialVersionUID = 1;

        private final Resource<EncodingStore> store;
        private final int[] rowOf;

        MedoidDistances(Resource<EncodingStore> store, int[] rowOf) {
            this.store = store;
            this.rowOf = rowOf;
        }

        @Override
        public double[][] apply(Medoids medoids) {
            EncodingStore open = store.get();
            double[][] numbers = new double[rowOf.length][medoids.rows().size()];
            if (medoids.rows().size() > 0) {
                float[][] all = open.head(open.heads().get(medoids.head()));
                for (int i = 0; i < numbers.length; i++) {
                    for (int m = 0; m < medoids.rows().size(); m++) {
                        numbers[i][m] =
                                1 - cosine(all[rowOf[i]], all[medoids.rows().get(m)]);
                    }
                }
            }
            return numbers;
        }
    }

    /** Puts the numbers of the heads side by side. */
    private static List<double[]> joined(List<double[][]> heads, int count) {
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int row = i;
            rows.add(heads.stream()
                    .flatMapToDouble(head -> Arrays.stream(head[row]))
                    .toArray());
        }
        return rows;
    }

    private static double cosine(float[] a, float[] b) {
        double both = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            both += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        return both / Math.max(Double.MIN_NORMAL, Math.sqrt(squareA * squareB));
    }

    /** The row of each selected scenario in the store. */
    private static int[] rows(EncodingStore store, List<Selected> selected) {
        Map<String, Integer> rowOf = new HashMap<>();
        for (int i = 0; i < store.scenarioIds().size(); i++) {
            rowOf.put(store.scenarioIds().get(i), i);
        }
        return selected.stream().mapToInt(one -> rowOf.get(one.row().id())).toArray();
    }

    /** Where each head's encoding lies along its three main axes, fitted on the training rows. */
    static Features encodings(Study study, EncodingStore store, List<Selected> selected, int[] train, long seed) {
        int axes = Math.min(AXES, store.width());
        List<String> names = new ArrayList<>();
        for (HeadId head : store.heads()) {
            for (int axis = 0; axis < axes; axis++) {
                names.add(head + "." + axis);
            }
        }
        List<double[][]> heads = study.map(
                IntStream.range(0, store.heads().size()).boxed().toList(),
                new MainAxes(study.encodingsForPieces(store), rows(store, selected), train, axes, seed),
                done -> {});
        return new Features(names, joined(heads, selected.size()));
    }

    /** For one head the places of all selected scenarios, a row for each. */
    private static final class MainAxes implements PieceFunction<Integer, double[][]> {
        private static final long serialVersionUID = 1;

        private final Resource<EncodingStore> store;
        private final int[] rowOf;
        private final int[] train;
        private final int axes;
        private final long seed;

        MainAxes(Resource<EncodingStore> store, int[] rowOf, int[] train, int axes, long seed) {
            this.store = store;
            this.rowOf = rowOf;
            this.train = train;
            this.axes = axes;
            this.seed = seed;
        }

        @Override
        public double[][] apply(Integer head) {
            EncodingStore open = store.get();
            float[][] all = open.head(open.heads().get(head));
            float[][] ordered = new float[rowOf.length][];
            for (int i = 0; i < ordered.length; i++) {
                ordered[i] = all[rowOf[i]];
            }
            float[][] trained = new float[train.length][];
            for (int i = 0; i < train.length; i++) {
                trained[i] = ordered[train[i]];
            }
            PrincipalAxes fitted = PrincipalAxes.fit(trained, axes, seed);
            return Arrays.stream(ordered).map(fitted::project).toArray(double[][]::new);
        }
    }

    Features and(Features others) {
        List<double[]> joined = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            double[] row = new double[names.size() + others.names.size()];
            System.arraycopy(rows.get(i), 0, row, 0, names.size());
            System.arraycopy(others.rows.get(i), 0, row, names.size(), others.names.size());
            joined.add(row);
        }
        return new Features(Stream.concat(names.stream(), others.names.stream()).toList(), joined);
    }

    PatternTable beside(PatternTable table) {
        return new PatternTable(
                table.scenarioIds(),
                table.groups(),
                table.columns(),
                table.labels(),
                names,
                rows.toArray(double[][]::new),
                table.correct());
    }

    static PatternTable withoutLabels(PatternTable table) {
        return new PatternTable(
                table.scenarioIds(), table.groups(), List.of(), new int[table.size()][0], table.correct());
    }
}
