package org.apmae.models.cluster;

import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.apmae.core.pattern.Clusters;

/**
 * Clusters with the way to the rows they were fitted on, which may lie on the disk until something new is assigned. They travel
 * to another process without their rows, and with their validity.
 */
@SuppressWarnings("serial") // written as Travelling
final class FittedClusters implements Clusters, Serializable {
    private static final long serialVersionUID = 1;

    /** How rows that were not fitted get their label. */
    enum Rule {
        /** The nearest fitted rows vote, each with 1 / distance; a row equal to a fitted one gets that one's label. */
        NEIGHBOURS,
        /** The nearest centre: the mean of the members, scaled to length 1. */
        CENTRES
    }

    private static final float LEAST_DISTANCE = 1e-12f;

    private final Supplier<Rows> source;
    private final Shape shape;
    private final Rule rule;
    private final int voters;
    private final int count;
    private final int[] labels;
    private final float[] strengths;
    private final int[] medoids;
    private final DoubleSupplier validitySource;
    private volatile Double validity;
    private volatile Rows centres;

    /**
     * What is known of the fitted rows without having them.
     *
     * @param scaled whether they are scaled to length 1
     */
    record Shape(int size, int width, int checksum, boolean scaled) implements Serializable {
        static Shape of(Rows rows) {
            return new Shape(rows.size(), rows.width(), rows.checksum(), rows.scaled());
        }
    }

    /** Takes over the arrays; labels are numbered by first member. */
    FittedClusters(
            Supplier<Rows> source,
            Shape shape,
            Rule rule,
            int voters,
            int[] labels,
            float[] strengths,
            int[] medoids,
            DoubleSupplier validity) {
        this.source = source;
        this.shape = shape;
        this.rule = rule;
        this.voters = voters;
        this.count = medoids.length;
        this.labels = labels;
        this.strengths = strengths;
        this.medoids = medoids;
        this.validitySource = validity;
    }

    /**
     * Numbers the clusters by first member and finds their medoids.
     *
     * @param axes the coordinates in which the clusters were found, D arrays of N; null for those of the rows
     * @param rawLabels labels in any numbering, {@link Clusters#NOISE} for noise; taken over
     * @param strengths strength of each row; taken over
     */
    static FittedClusters of(Rows rows, Rule rule, int voters, double[][] axes, int[] rawLabels, float[] strengths) {
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
        int[] medoids = medoids(rows, rawLabels, sums(rows, rawLabels, count));
        return new FittedClusters(
                () -> rows,
                Shape.of(rows),
                rule,
                voters,
                rawLabels,
                strengths,
                medoids,
                () -> Validity.of(axes == null ? rows.axes() : axes, rawLabels, medoids.length));
    }

    private static double[][] sums(Rows rows, int[] labels, int count) {
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

    /** The sum of squared distances to all members is least for the member nearest to their mean. */
    private static int[] medoids(Rows rows, int[] labels, double[][] sums) {
        int count = sums.length;
        int[] members = new int[count];
        for (int label : labels) {
            if (label != NOISE) {
                members[label]++;
            }
        }
        int[] found = new int[count];
        double[] best = new double[count];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        float[] values = rows.values();
        for (int i = 0; i < labels.length; i++) {
            int label = labels[i];
            if (label != NOISE) {
                double squares = 0;
                for (int f = 0; f < rows.width(); f++) {
                    double difference = values[i * rows.width() + f] - sums[label][f] / members[label];
                    squares += difference * difference;
                }
                if (squares < best[label]) {
                    best[label] = squares;
                    found[label] = i;
                }
            }
        }
        return found;
    }

    /** Everything but the rows. */
    private static final class Travelling implements Serializable {
        private static final long serialVersionUID = 1;

        private final Shape shape;
        private final Rule rule;
        private final int voters;
        private final int[] labels;
        private final float[] strengths;
        private final int[] medoids;
        private final double validity;

        Travelling(FittedClusters clusters) {
            shape = clusters.shape;
            rule = clusters.rule;
            voters = clusters.voters;
            labels = clusters.labels;
            strengths = clusters.strengths;
            medoids = clusters.medoids;
            validity = clusters.validity();
        }

        private Object readResolve() {
            double known = validity;
            return new FittedClusters(
                    () -> {
                        throw new IllegalStateException("these clusters were fitted in another process and came without"
                                + " their encodings; read them from the run folder to label others");
                    },
                    shape,
                    rule,
                    voters,
                    labels,
                    strengths,
                    medoids,
                    () -> known);
        }
    }

    private Object writeReplace() {
        return new Travelling(this);
    }

    private void readObject(ObjectInputStream stream) throws InvalidObjectException {
        throw new InvalidObjectException("fitted clusters are written in another form");
    }

    private static Rows centres(double[][] sums) {
        float[][] centres = new float[sums.length][];
        for (int c = 0; c < sums.length; c++) {
            centres[c] = new float[sums[c].length];
            for (int f = 0; f < sums[c].length; f++) {
                centres[c][f] = (float) sums[c][f];
            }
        }
        return Rows.unit(centres);
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
        if (labels.length == 0) {
            return assigned;
        }
        Rows rows = source.get();
        Rows queries = rows.like(encodings);
        for (int i = 0; i < assigned.length; i++) {
            if (count > 0) {
                assigned[i] = rule == Rule.CENTRES
                        ? centres(rows).nearestTo(queries, i, 1).index(0, 0)
                        : vote(rows.nearestTo(queries, i, voters));
            }
        }
        return assigned;
    }

    private Rows centres(Rows rows) {
        Rows found = centres;
        if (found == null) {
            found = centres(sums(rows, labels, count));
            centres = found;
        }
        return found;
    }

    @Override
    public double validity() {
        Double known = validity;
        if (known == null) {
            known = validitySource.getAsDouble();
            validity = known;
        }
        return known;
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

    Shape shape() {
        return shape;
    }
}
