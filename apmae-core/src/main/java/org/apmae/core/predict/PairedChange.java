package org.apmae.core.predict;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a change to a model does to its outcomes on the same rows. Intervals are of 95 %, from 1,000 bootstrap resamples over
 * groups in which both states are measured on the same draw. Immutable.
 *
 * @param mended number of rows that were wrong before and are right after
 * @param broken number of rows that were right before and are wrong after
 * @param accuracy accuracy after
 * @param accuracyChange accuracy after less that before, -1 to 1
 * @param lossChange mean target loss after less that before, in nats; not defined where a row has no loss
 * @param mcNemar probability of a split of mended and broken rows at least as uneven if the change did nothing, 0 to 1; takes
 *     rows as independent, so with few groups trust the interval
 */
public record PairedChange(
        int mended, int broken, Interval accuracy, Interval accuracyChange, Interval lossChange, double mcNemar) {
    /**
     * Compares outcomes and losses.
     *
     * @param before N outcomes before the change; borrowed
     * @param after N outcomes after it; borrowed
     * @param lossBefore N losses before; borrowed
     * @param lossAfter N losses after; borrowed
     * @param groups N names; rows of one group are drawn together
     * @param seed seed of the resamples
     * @return the comparison
     * @throws IllegalArgumentException if the sizes differ or there is no row
     */
    public static PairedChange of(
            boolean[] before,
            boolean[] after,
            double[] lossBefore,
            double[] lossAfter,
            List<String> groups,
            long seed) {
        BinaryMetrics.check(before.length, after.length, groups.size());
        BinaryMetrics.check(before.length, lossBefore.length, lossAfter.length);
        Interval[] found = new GroupBootstrap(groups)
                .intervals(
                        weights -> {
                            double all = 0;
                            double right = 0;
                            double gained = 0;
                            double lost = 0;
                            for (int i = 0; i < weights.length; i++) {
                                all += weights[i];
                                right += after[i] ? weights[i] : 0;
                                gained += weights[i] * ((after[i] ? 1 : 0) - (before[i] ? 1 : 0));
                                lost += weights[i] * (lossAfter[i] - lossBefore[i]);
                            }
                            return new double[] {right / all, gained / all, lost / all};
                        },
                        seed);
        int mended = 0;
        int broken = 0;
        for (int i = 0; i < before.length; i++) {
            mended += !before[i] && after[i] ? 1 : 0;
            broken += before[i] && !after[i] ? 1 : 0;
        }
        return new PairedChange(mended, broken, found[0], found[1], found[2], PairedComparison.mcNemar(mended, broken));
    }

    /**
     * Corrects the probabilities of several tests by the method of Holm, so that with none of them real the chance that any
     * falls below a level is at most that level.
     *
     * @param p probabilities, 0 to 1; borrowed
     * @return the corrected ones in the same order, 0 to 1, none smaller than its own
     * @throws IllegalArgumentException if a probability is not within 0 and 1
     * @see <a href="https://www.jstor.org/stable/4615733">Holm: A Simple Sequentially Rejective Multiple Test Procedure</a>
     */
    public static double[] holm(double[] p) {
        for (double one : p) {
            if (!(one >= 0 && one <= 1)) {
                throw new IllegalArgumentException("a probability is " + one + ", allowed is 0 to 1");
            }
        }
        int[] order = IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> p[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] corrected = Arrays.copyOf(p, p.length);
        double largest = 0;
        for (int rank = 0; rank < order.length; rank++) {
            largest = Math.max(largest, Math.min(1, (order.length - rank) * p[order[rank]]));
            corrected[order[rank]] = largest;
        }
        return corrected;
    }
}
