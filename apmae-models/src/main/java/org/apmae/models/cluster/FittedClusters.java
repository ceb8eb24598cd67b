package org.apmae.models.cluster;

import java.util.Arrays;
import org.apmae.core.pattern.Clusters;

/** Clusters with the rows they were fitted on. */
final class FittedClusters implements Clusters {
    /** How rows that were not fitted get their label. */
    enum Rule {
        /** The nearest fitted rows vote, each with 1 / distance; a row equal to a fitted one gets that one's label. */
        NEIGHBOURS,
        /** The nearest centre: the mean of the members, scaled to length 1. */
        CENTRES
    }

    private static final float LEAST_DISTANCE = 1e-12f;

    private final UnitRows rows;
    private final Rule rule;
    private final int voters;
    private final int count;
    private final int[] labels;
    private final float[] strengths;
    private final int[] medoids;
    private final UnitRows centres;

    private FittedClusters(UnitRows rows, Rule rule, int voters, int count, int[] labels, float[] strengths) {
        this.rows = rows;
        this.rule = rule;
        this.voters = voters;
        this.count = count;
        this.labels = labels;
        this.strengths = strengths;
        double[][] sums = sums();
        this.medoids = medoids(sums);
        this.centres = rule == Rule.CENTRES ? centres(sums) : null;
    }

    /**
     * Numbers the clusters by first member and finds their medoids.
     *
     * @param rawLabels labels in any numbering, {@link Clusters#NOISE} for noise; taken over
     * @param strengths strength of each row; taken over
     */
    static FittedClusters of(UnitRows rows, Rule rule, int voters, int[] rawLabels, float[] strengths) {
        int count = 0;
        int most = 0;
        for (int raw : rawLabels) {
            most = Math.max(most, raw);
        }
        int[] renamed = new int[most + 1];
        Arrays.fill(renamed, NOISE);
        for (int i = 0; i < rawLabels.length; i++) {
            int raw = rawLabels[i];
            if (raw != NOISE) {
                if (renamed[raw] == NOISE) {
                    renamed[raw] = count++;
                }
                rawLabels[i] = renamed[raw];
            }
        }
        return new FittedClusters(rows, rule, voters, count, rawLabels, strengths);
    }

    private double[][] sums() {
        double[][] sums = new double[count][rows.width()];
        float[] values = rows.values();
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] != NOISE) {
                double[] sum = sums[labels[i]];
                for (int f = 0; f < sum.length; f++) {
                    sum[f] += values[i * sum.length + f];
                }
            }
        }
        return sums;
    }

    /** On the unit sphere the sum of cosine distances to all members is least where the product with their sum is largest. */
    private int[] medoids(double[][] sums) {
        int[] found = new int[count];
        double[] best = new double[count];
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        float[] values = rows.values();
        for (int i = 0; i < labels.length; i++) {
            int label = labels[i];
            if (label != NOISE) {
                double product = 0;
                for (int f = 0; f < rows.width(); f++) {
                    product += values[i * rows.width() + f] * sums[label][f];
                }
                if (product > best[label]) {
                    best[label] = product;
                    found[label] = i;
                }
            }
        }
        return found;
    }

    private static UnitRows centres(double[][] sums) {
        float[][] centres = new float[sums.length][];
        for (int c = 0; c < sums.length; c++) {
            centres[c] = new float[sums[c].length];
            for (int f = 0; f < sums[c].length; f++) {
                centres[c][f] = (float) sums[c][f];
            }
        }
        return UnitRows.of(centres);
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public int[] labels() {
        return labels.clone();
    }

    @Override
    public float[] strengths() {
        return strengths.clone();
    }

    @Override
    public int[] medoids() {
        return medoids.clone();
    }

    @Override
    public int[] assign(float[][] encodings) {
        int[] assigned = new int[encodings.length];
        Arrays.fill(assigned, NOISE);
        if (rows.size() == 0) {
            return assigned;
        }
        UnitRows queries = rows.unitLike(encodings);
        for (int i = 0; i < assigned.length; i++) {
            if (count > 0) {
                assigned[i] = rule == Rule.CENTRES
                        ? centres.nearestTo(queries, i, 1).index(0, 0)
                        : vote(rows.nearestTo(queries, i, voters));
            }
        }
        return assigned;
    }

    private int vote(Neighbours nearest) {
        if (nearest.distance(0, 0) <= LEAST_DISTANCE) {
            return labels[nearest.index(0, 0)];
        }
        double[] votes = new double[count + 1];
        for (int place = 0; place < nearest.count(); place++) {
            votes[labels[nearest.index(0, place)] + 1] += 1.0 / nearest.distance(0, place);
        }
        int winner = 0;
        for (int v = 1; v <= count; v++) {
            if (votes[v] > votes[winner]) {
                winner = v;
            }
        }
        return winner - 1;
    }

    Rule rule() {
        return rule;
    }

    int voters() {
        return voters;
    }

    UnitRows rows() {
        return rows;
    }
}
