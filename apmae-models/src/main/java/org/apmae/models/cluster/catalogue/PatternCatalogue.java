package org.apmae.models.cluster.catalogue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Groups the patterns of all heads into families: average linkage by cosine distance of the medoids' encodings, cut into the
 * number of families, 2 to 12, whose mean silhouette is best. Nothing is random, so the same patterns give the same families.
 *
 * @see <a href="https://doi.org/10.1016/0377-0427(87)90125-7">Rousseeuw (1987) on silhouettes</a>
 */
public final class PatternCatalogue {
    private static final int MOST_FAMILIES = 12;

    private PatternCatalogue() {}

    /**
     * Finds the families.
     *
     * @param patterns the patterns of all heads, with encodings of one width
     * @return the families, the one with most patterns first
     * @throws IllegalArgumentException if encodings differ in width
     */
    public static List<PatternFamily> of(List<CataloguedPattern> patterns) {
        int n = patterns.size();
        if (n == 0) {
            return List.of();
        }
        float[][] distances = distances(patterns);
        int[] best = new int[n];
        double bestSilhouette = Double.NEGATIVE_INFINITY;
        for (int[] labels : cuts(distances)) {
            double silhouette = silhouette(distances, labels);
            if (silhouette > bestSilhouette) {
                bestSilhouette = silhouette;
                best = labels;
            }
        }
        List<List<Integer>> groups = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            while (groups.size() <= best[i]) {
                groups.add(new ArrayList<>());
            }
            groups.get(best[i]).add(i);
        }
        groups.sort(Comparator.comparingInt(group -> -group.size()));
        return groups.stream().map(group -> family(patterns, distances, group)).toList();
    }

    private static PatternFamily family(List<CataloguedPattern> patterns, float[][] distances, List<Integer> group) {
        List<CataloguedPattern> members = group.stream().map(patterns::get).toList();
        int medoid = group.stream()
                .min(Comparator.comparingDouble(
                        i -> group.stream().mapToDouble(j -> distances[i][j]).sum()))
                .orElseThrow();
        return new PatternFamily(
                members,
                patterns.get(medoid),
                PatternScores.mean(
                        members.stream().map(CataloguedPattern::scores).toList()));
    }

    private static float[][] distances(List<CataloguedPattern> patterns) {
        int n = patterns.size();
        int width = patterns.get(0).encoding().length;
        double[][] unit = new double[n][width];
        for (int i = 0; i < n; i++) {
            float[] encoding = patterns.get(i).encoding();
            if (encoding.length != width) {
                throw new IllegalArgumentException("pattern " + i + " has an encoding of " + encoding.length
                        + " numbers, but pattern 0 one of " + width + "; all must have the same width");
            }
            double squares = 0;
            for (float x : encoding) {
                squares += (double) x * x;
            }
            for (int f = 0; f < width && squares > 0; f++) {
                unit[i][f] = encoding[f] / Math.sqrt(squares);
            }
        }
        float[][] distances = new float[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                double dot = 0;
                for (int f = 0; f < width; f++) {
                    dot += unit[i][f] * unit[j][f];
                }
                distances[i][j] = (float) Math.max(0, 1 - dot);
                distances[j][i] = distances[i][j];
            }
        }
        return distances;
    }

    /** Joins the two nearest groups until two are left; returns the labels for each number of groups up to the most. */
    private static List<int[]> cuts(float[][] distances) {
        int n = distances.length;
        float[][] between = new float[n][];
        for (int i = 0; i < n; i++) {
            between[i] = distances[i].clone();
        }
        int[] size = new int[n];
        int[] nearest = new int[n];
        int[] owner = new int[n];
        Arrays.fill(size, 1);
        for (int i = 0; i < n; i++) {
            owner[i] = i;
        }
        for (int i = 0; i < n; i++) {
            nearest[i] = nearest(between[i], size, i);
        }
        List<int[]> cuts = new ArrayList<>();
        for (int groups = n; groups > 2; groups--) {
            if (groups <= MOST_FAMILIES) {
                cuts.add(numbered(owner));
            }
            int a = -1;
            for (int i = 0; i < n; i++) {
                if (size[i] > 0 && (a < 0 || between[i][nearest[i]] < between[a][nearest[a]])) {
                    a = i;
                }
            }
            int b = nearest[a];
            for (int i = 0; i < n; i++) {
                if (size[i] > 0 && i != a && i != b) {
                    float joined = (size[a] * between[a][i] + size[b] * between[b][i]) / (size[a] + size[b]);
                    between[a][i] = joined;
                    between[i][a] = joined;
                }
                owner[i] = owner[i] == b ? a : owner[i];
            }
            size[a] += size[b];
            size[b] = 0;
            for (int i = 0; i < n; i++) {
                if (size[i] > 0 && (i == a || nearest[i] == a || nearest[i] == b)) {
                    nearest[i] = nearest(between[i], size, i);
                }
            }
        }
        cuts.add(numbered(owner));
        return cuts;
    }

    private static int nearest(float[] row, int[] size, int self) {
        int best = -1;
        for (int j = 0; j < row.length; j++) {
            if (j != self && size[j] > 0 && (best < 0 || row[j] < row[best])) {
                best = j;
            }
        }
        return Math.max(best, 0);
    }

    private static int[] numbered(int[] owner) {
        int[] number = new int[owner.length];
        Arrays.fill(number, -1);
        int[] labels = new int[owner.length];
        int next = 0;
        for (int i = 0; i < owner.length; i++) {
            if (number[owner[i]] < 0) {
                number[owner[i]] = next++;
            }
            labels[i] = number[owner[i]];
        }
        return labels;
    }

    private static double silhouette(float[][] distances, int[] labels) {
        int groups = Arrays.stream(labels).max().orElse(0) + 1;
        int[] size = new int[groups];
        for (int label : labels) {
            size[label]++;
        }
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double[] mean = new double[groups];
            for (int j = 0; j < labels.length; j++) {
                mean[labels[j]] += distances[i][j];
            }
            if (size[labels[i]] > 1) {
                double own = mean[labels[i]] / (size[labels[i]] - 1);
                double other = Double.POSITIVE_INFINITY;
                for (int g = 0; g < groups; g++) {
                    other = g == labels[i] ? other : Math.min(other, mean[g] / size[g]);
                }
                double larger = Math.max(own, other);
                sum += larger == 0 || Double.isInfinite(other) ? 0 : (other - own) / larger;
            }
        }
        return sum / labels.length;
    }
}
