package org.apmae.models.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tribuo.MutableDataset;
import org.tribuo.clustering.ClusterID;
import org.tribuo.clustering.ClusteringFactory;
import org.tribuo.clustering.hdbscan.HdbscanTrainer;
import org.tribuo.impl.ArrayExample;
import org.tribuo.math.distance.DistanceType;
import org.tribuo.math.neighbour.NeighboursQueryFactoryType;
import org.tribuo.provenance.SimpleDataSourceProvenance;

class DensityTreeTest {
    enum Shape {
        BLOBS,
        MOONS,
        UNIFORM,
        NESTED,
        UNEVEN,
        COPIES,
        ALL_EQUAL
    }

    private static double[][] points(Shape shape, int n, long seed) {
        Random random = new Random(seed);
        double[][] axes = new double[2][n];
        for (int i = 0; i < n; i++) {
            double x = random.nextGaussian();
            double y = random.nextGaussian();
            double turn = Math.PI * random.nextDouble();
            int part = random.nextInt(3);
            switch (shape) {
                case BLOBS -> {
                    axes[0][i] = x + 6 * part;
                    axes[1][i] = y - 4 * (part % 2);
                }
                case MOONS -> {
                    axes[0][i] = 5 * Math.cos(turn) * (part == 0 ? -1 : 1) + (part == 0 ? 5 : 0) + 0.3 * x;
                    axes[1][i] = 5 * Math.sin(turn) * (part == 0 ? -1 : 1) + (part == 0 ? 2 : 0) + 0.3 * y;
                }
                case UNIFORM -> {
                    axes[0][i] = random.nextDouble();
                    axes[1][i] = random.nextDouble();
                }
                case NESTED -> {
                    double radius = part == 0 ? 0 : 8;
                    axes[0][i] = radius * Math.cos(2 * turn) + 0.6 * x;
                    axes[1][i] = radius * Math.sin(2 * turn) + 0.6 * y;
                }
                case UNEVEN -> {
                    axes[0][i] = (part == 0 ? 0.05 : 2) * x + 7 * part;
                    axes[1][i] = (part == 0 ? 0.05 : 2) * y;
                }
                case COPIES -> {
                    // A third of the points stand in one place, a few in another, the rest around both.
                    axes[0][i] = part == 0 ? 3 : i % 9 == 0 ? -4 : 3 * x;
                    axes[1][i] = part == 0 || i % 9 == 0 ? 1 : 3 * y;
                }
                case ALL_EQUAL -> {
                    axes[0][i] = 0.5;
                    axes[1][i] = -2;
                }
            }
        }
        return axes;
    }

    /**
     * Without core distances no two edges are equally long, so the definition leaves no choice and all labels must be the same.
     */
    @ParameterizedTest
    @EnumSource(Shape.class)
    void equalsTheDefinitionWhereNoEdgesAreEqual(Shape shape) {
        int found = 0;
        for (int seed = 0; seed < 20; seed++) {
            double[][] axes = points(shape, 120, seed);
            for (boolean single : new boolean[] {false, true}) {
                for (int least : new int[] {5, 12, 25}) {
                    int[] expected = new ByDefinition(axes, 1, least, single).labels();
                    DensityTree actual = DensityTree.fit(axes, 120, 1, least, single);
                    assertThat(canonical(actual.labels()))
                            .as("seed %d, single %s, least %d", seed, single, least)
                            .isEqualTo(canonical(expected));
                    found += Arrays.stream(actual.labels()).max().orElse(-1) + 1;
                }
            }
        }
        assertThat(found).as("the shapes must give clusters to compare").isPositive();
    }

    @Test
    void treatsPointsInOnePlaceAsScikitLearn() {
        // 30 points in each of two places and 10 between them: infinitely dense clusters are chosen, whatever else
        // there is.
        double[][] axes = new double[1][70];
        for (int i = 0; i < 70; i++) {
            axes[0][i] = i < 30 ? 0 : i < 60 ? 10 : 5 + 0.01 * i;
        }
        DensityTree found = DensityTree.fit(axes, 70, 20, 25, true);
        int[] labels = canonical(found.labels());
        for (int i = 0; i < 60; i++) {
            assertThat(labels[i]).isEqualTo(i < 30 ? 0 : 1);
            assertThat(found.strengths()[i]).isEqualTo(1);
        }
        // Those between are nearer to the second place and leave its cluster early: members, but hardly.
        assertThat(Arrays.copyOfRange(labels, 60, 70)).containsOnly(1);
        assertThat(found.strengths()[60]).isEqualTo(1e-6f);
        assertThat(DensityTree.fit(new double[1][100], 100, 20, 25, true).labels())
                .containsOnly(0);
        assertThat(DensityTree.fit(new double[1][100], 100, 20, 25, false).labels())
                .containsOnly(-1);
        assertThat(DensityTree.fit(new double[1][24], 24, 20, 25, true).labels())
                .containsOnly(0);
        assertThat(DensityTree.fit(new double[1][19], 19, 20, 25, true).labels())
                .containsOnly(-1);
    }

    /**
     * With core distances many edges are equally long and only points at such an edge may differ: nearly all labels are the same.
     */
    @ParameterizedTest
    @EnumSource(Shape.class)
    void equalsTheDefinitionUpToEqualEdges(Shape shape) {
        int rows = 0;
        int different = 0;
        int counts = 0;
        for (int seed = 0; seed < 20; seed++) {
            double[][] axes = points(shape, 150, seed);
            for (boolean single : new boolean[] {false, true}) {
                int[] expected = new ByDefinition(axes, 6, 12, single).labels();
                int[] actual = DensityTree.fit(axes, 150, 6, 12, single).labels();
                boolean[] differs = disagreements(expected, actual);
                for (boolean d : differs) {
                    different += d ? 1 : 0;
                }
                rows += 150;
                counts += clusters(expected) == clusters(actual) ? 1 : 0;
            }
        }
        System.out.printf(
                "%s: %d of %d labels differ, %d of 40 cluster counts equal%n", shape, different, rows, counts);
        assertThat(different).isLessThanOrEqualTo(rows / 50);
        assertThat(counts).isGreaterThanOrEqualTo(38);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void agreesWithTribuo(long seed) {
        double[][] axes = points(Shape.BLOBS, 400, seed);
        ClusteringFactory factory = new ClusteringFactory();
        MutableDataset<ClusterID> data =
                new MutableDataset<>(new SimpleDataSourceProvenance("points", factory), factory);
        for (int i = 0; i < 400; i++) {
            data.add(new ArrayExample<>(ClusteringFactory.UNASSIGNED_CLUSTER_ID, new String[] {"x", "y"}, new double[] {
                axes[0][i], axes[1][i]
            }));
        }
        int[] theirs = new HdbscanTrainer(
                        15, DistanceType.L2.getDistance(), 10, 1, NeighboursQueryFactoryType.BRUTE_FORCE)
                .train(data).getClusterLabels().stream()
                        .mapToInt(label -> label - 1)
                        .toArray();
        int[] ours = DensityTree.fit(axes, 400, 10, 15, false).labels();
        int different = 0;
        for (boolean d : disagreements(theirs, ours)) {
            different += d ? 1 : 0;
        }
        System.out.printf("Tribuo: %d of 400 labels differ, %d clusters%n", different, clusters(ours));
        assertThat(clusters(ours)).isEqualTo(clusters(theirs));
        assertThat(different).isLessThanOrEqualTo(8);
    }

    private static int clusters(int[] labels) {
        return (int)
                Arrays.stream(labels).filter(label -> label >= 0).distinct().count();
    }

    private static int[] canonical(int[] labels) {
        Map<Integer, Integer> names = new HashMap<>();
        int[] result = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            result[i] = labels[i] < 0 ? -1 : names.computeIfAbsent(labels[i], label -> names.size());
        }
        return result;
    }

    /** Rows whose label is not the one that most rows of their expected cluster have. */
    private static boolean[] disagreements(int[] expected, int[] actual) {
        Map<Integer, Map<Integer, Integer>> votes = new HashMap<>();
        for (int i = 0; i < expected.length; i++) {
            votes.computeIfAbsent(expected[i], label -> new HashMap<>()).merge(actual[i], 1, Integer::sum);
        }
        boolean[] differs = new boolean[expected.length];
        for (int i = 0; i < expected.length; i++) {
            int match = expected[i] < 0
                    ? -1
                    : votes.get(expected[i]).entrySet().stream()
                            .max(Map.Entry.<Integer, Integer>comparingByValue()
                                    .thenComparing(Map.Entry.comparingByKey()))
                            .orElseThrow()
                            .getKey();
            differs[i] = match != actual[i];
        }
        return differs;
    }

    /**
     * The definition, followed on sets of points: a set falls apart where its widest needed edges go, parts that are too small
     * leave, two or more that are large enough are new clusters.
     */
    private static final class ByDefinition {
        private final double[][] reach;
        private final int least;
        private final int[] labels;
        private final double[] leftAt;

        private static final class Node {
            private final List<Node> children = new ArrayList<>();
            private final List<Integer> all;
            private final double birth;
            private double stability;
            private double death;
            private final List<Integer> fallen = new ArrayList<>();

            Node(List<Integer> all, double birth) {
                this.all = all;
                this.birth = birth;
            }
        }

        ByDefinition(double[][] axes, int minSamples, int least, boolean single) {
            int n = axes[0].length;
            this.least = least;
            labels = new int[n];
            leftAt = new double[n];
            Arrays.fill(labels, -1);
            double[][] distance = new double[n][n];
            double[] core = new double[n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    distance[i][j] = Math.hypot(axes[0][i] - axes[0][j], axes[1][i] - axes[1][j]);
                }
                double[] sorted = distance[i].clone();
                Arrays.sort(sorted);
                core[i] = sorted[minSamples - 1];
            }
            reach = new double[n][n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    reach[i][j] = Math.max(distance[i][j], Math.max(core[i], core[j]));
                }
            }
            List<Integer> all = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                all.add(i);
            }
            Node root = grow(new Node(all, 0));
            List<Node> chosen = new ArrayList<>();
            if (single) {
                choose(root, chosen);
            } else {
                root.children.forEach(child -> choose(child, chosen));
            }
            for (int c = 0; c < chosen.size(); c++) {
                for (int i : chosen.get(c).all) {
                    if (chosen.get(c) != root || leftAt[i] >= root.death) {
                        labels[i] = c;
                    }
                }
            }
        }

        int[] labels() {
            return labels;
        }

        private Node grow(Node node) {
            List<Integer> rest = node.all;
            while (true) {
                double width = widestNeeded(rest);
                double density = 1 / width;
                List<List<Integer>> big = new ArrayList<>();
                for (List<Integer> part : parts(rest, width)) {
                    if (part.size() >= least) {
                        big.add(part);
                    } else {
                        leave(node, part, density);
                        part.forEach(i -> leftAt[i] = density);
                    }
                }
                if (big.size() >= 2) {
                    for (List<Integer> part : big) {
                        leave(node, part, density);
                        node.children.add(grow(new Node(part, density)));
                    }
                }
                if (big.size() != 1) {
                    return node;
                }
                rest = big.get(0);
            }
        }

        private static void leave(Node node, List<Integer> part, double density) {
            node.stability += (density - node.birth) * part.size();
            node.death = Math.max(node.death, density);
            node.fallen.addAll(part);
        }

        private static double choose(Node node, List<Node> chosen) {
            List<Node> below = new ArrayList<>();
            double sum = 0;
            for (Node child : node.children) {
                sum += choose(child, below);
            }
            if (sum > node.stability) {
                chosen.addAll(below);
                return sum;
            }
            chosen.add(node);
            return node.stability;
        }

        /** The smallest length that still connects all, by trying every length that occurs. */
        private double widestNeeded(List<Integer> set) {
            double[] lengths = set.stream()
                    .flatMapToDouble(i -> set.stream().filter(j -> j > i).mapToDouble(j -> reach[i][j]))
                    .sorted()
                    .distinct()
                    .toArray();
            int low = 0;
            int high = lengths.length - 1;
            while (low < high) {
                int middle = (low + high) / 2;
                if (parts(set, Math.nextUp(lengths[middle])).size() == 1) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            return lengths[low];
        }

        /** Connected parts over edges shorter than a length. */
        private List<List<Integer>> parts(List<Integer> set, double length) {
            List<Integer> open = new ArrayList<>(set);
            List<List<Integer>> parts = new ArrayList<>();
            while (!open.isEmpty()) {
                List<Integer> part = new ArrayList<>();
                part.add(open.remove(0));
                for (int next = 0; next < part.size(); next++) {
                    int from = part.get(next);
                    open.removeIf(other -> reach[from][other] < length && part.add(other));
                }
                parts.add(part);
            }
            return parts;
        }
    }
}
