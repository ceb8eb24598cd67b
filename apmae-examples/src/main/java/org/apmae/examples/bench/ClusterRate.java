package org.apmae.examples.bench;

import java.util.AbstractList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.core.progress.Progress;
import org.apmae.models.cluster.HeadClustering;
import org.apmae.models.cluster.UmapHdbscan;

/**
 * Seconds to cluster a head by the paper's settings, alone and as one of 48 fitted in parallel. The encodings are synthetic:
 * groups of uneven size and spread, a tenth of the rows anywhere, one row in fifty a copy of another.
 */
final class ClusterRate implements Benchmark {
    private static final int[] SIZES = {1_000, 3_000, 10_000};
    private static final int HEADS = 48;
    private static final int WIDTH = 512;
    private static final int GROUPS = 20;
    private static final long SEED = 1;

    @Override
    public Map<String, Object> run(Settings settings) {
        Map<String, Object> figures = new LinkedHashMap<>();
        PatternClusterer clusterer = new UmapHdbscan(UmapHdbscan.Options.paper());
        figures.put("sgemm_gflops", MatrixRate.gigaflops(settings.threads()));
        // The just-in-time compiler needs a few heads before the rate is the one of a long run.
        seconds(clusterer, new Heads(SIZES[0], 6), settings, "warming up");
        double[] seconds = new double[SIZES.length];
        for (int s = 0; s < SIZES.length; s++) {
            figures.put("one_head_s_" + SIZES[s], seconds(clusterer, new Heads(SIZES[s], 1), settings, "one head"));
            seconds[s] =
                    seconds(clusterer, new Heads(SIZES[s], HEADS), settings, HEADS + " heads of " + SIZES[s]) / HEADS;
            figures.put("s_" + SIZES[s], seconds[s]);
        }
        figures.put("heads_per_min_1000", 60 / seconds[0]);
        figures.put("growth_exponent", Math.log10(seconds[SIZES.length - 1] / seconds[0]));
        figures.put("peak_rss_mb", ResidentMemory.peak() >> 20);
        figures.put("threads", settings.threads());
        return figures;
    }

    private static double seconds(PatternClusterer clusterer, List<float[][]> heads, Settings settings, String what) {
        try (Progress.Stage progress = settings.progress().start(what, heads.size(), "heads")) {
            long started = System.nanoTime();
            HeadClustering.forEach(heads, clusterer, SEED, settings.threads(), (head, clusters) -> progress.step(1));
            return (System.nanoTime() - started) / 1e9;
        }
    }

    /** The encodings that are measured with. */
    static List<float[][]> synthetic(int rows, int heads) {
        return new Heads(rows, heads);
    }

    /** Encodings made when asked for, so that only those being fitted are in memory. */
    private static final class Heads extends AbstractList<float[][]> {
        private final int rows;
        private final int heads;

        Heads(int rows, int heads) {
            this.rows = rows;
            this.heads = heads;
        }

        @Override
        public int size() {
            return heads;
        }

        @Override
        public float[][] get(int head) {
            Noise noise = new Noise(1_000_003L * head + rows);
            float[][] centres = new float[GROUPS][WIDTH];
            for (float[] centre : centres) {
                noise.addTo(centre, 1);
            }
            float[][] encodings = new float[rows][WIDTH];
            for (int i = 0; i < rows; i++) {
                int kind = noise.below(100);
                if (kind < 2 && i > 0) {
                    encodings[i] = encodings[noise.below(i)].clone();
                } else if (kind < 12) {
                    noise.addTo(encodings[i], 1.5f);
                } else {
                    // The smaller of two draws makes groups of uneven size.
                    int group = Math.min(noise.below(GROUPS), noise.below(GROUPS));
                    System.arraycopy(centres[group], 0, encodings[i], 0, WIDTH);
                    noise.addTo(encodings[i], 0.3f + 0.02f * group);
                }
            }
            return encodings;
        }
    }

    /** Fast numbers that are nearly normal: sums of four 16-bit uniform ones, from a SplitMix64 generator. */
    private static final class Noise {
        private static final float SCALE = (float) (Math.sqrt(3) / 65_536);
        private long state;

        Noise(long seed) {
            state = seed;
        }

        private long next() {
            state += 0x9E3779B97F4A7C15L;
            long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            return z ^ (z >>> 31);
        }

        int below(int bound) {
            return (int) (((next() >>> 32) * bound) >>> 32);
        }

        void addTo(float[] row, float spread) {
            for (int f = 0; f < row.length; f++) {
                long bits = next();
                long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
                row[f] += spread * SCALE * (sum - 131_070);
            }
        }
    }
}
