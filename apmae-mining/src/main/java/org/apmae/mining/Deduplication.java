package org.apmae.mining;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/**
 * Finds files that are the same or nearly the same code: the check against leaks between corpora.
 *
 * <p>Two files are exact duplicates when their lexical tokens are equal; white space and comments (licence headers, for
 * one) do not count. They are near duplicates when the Jaccard similarity of their sets of 5-token shingles is at least
 * {@value #JACCARD}. Candidates come from MinHash signatures (128 permutations, 32 bands of 4 rows: a pair at the
 * threshold is missed with a chance of about 2 in 10,000), each is then confirmed on the shingles themselves, so that no
 * pair below the threshold is ever reported.
 *
 * <p>Stateless, thread-safe, deterministic: the seeds are fixed, since they change nothing but the speed.
 *
 * @see <a href="https://doi.org/10.1109/SEQUEN.1997.666900">Broder, On the resemblance and containment of documents</a>
 */
public final class Deduplication {
    /** Least Jaccard similarity of near duplicates. */
    public static final double JACCARD = 0.7;

    private static final int SHINGLE = 5;
    private static final int BANDS = 32;
    private static final int ROWS = 4;
    private static final int PERMUTATIONS = BANDS * ROWS;
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
    private static final long[] FACTORS = constants(1, 1L);
    private static final long[] OFFSETS = constants(1 + PERMUTATIONS, 0L);

    private Deduplication() {}

    /** What counts as a duplicate. */
    public enum Kind {
        /** Equal lexical tokens; 16 bytes or so are held of each file. */
        EXACT,
        /** Those and near duplicates; about as many bytes are held as the sources have characters. */
        NEAR
    }

    /**
     * Filters a corpus as it streams by: a file is left out where it repeats an earlier one or a file of the reference. What is
     * left out is reported as {@code exact_duplicate}, {@code near_duplicate} or {@code in_reference}.
     *
     * @param corpus the files to clean
     * @param kind what counts as a duplicate
     * @param references corpora that must not be repeated, for example a model's training data: the check against leaks; may be
     *     empty. They are read anew for each stream
     * @return the corpus without duplicates, under the same name
     */
    public static Corpus filtered(Corpus corpus, Kind kind, List<Corpus> references) {
        return new DistinctCorpus(corpus, kind, List.copyOf(references));
    }

    /** The files of a corpus that repeat none before and none of the references. */
    private record DistinctCorpus(Corpus corpus, Kind kind, List<Corpus> references) implements Corpus {
        @Override
        public String name() {
            return corpus.name();
        }

        @Override
        public Stream<SourceFile> files(Consumer<Rejection> rejections) {
            Seen seen = new Seen(kind);
            Seen reference = new Seen(kind);
            for (Corpus each : references) {
                try (Stream<SourceFile> files = each.files()) {
                    files.forEachOrdered(file -> reference.firstTime(file.text()));
                }
            }
            return corpus.files(rejections).filter(file -> {
                Optional<String> known = reference.find(file.text());
                if (known.isPresent()) {
                    rejections.accept(new Rejection(
                            file.path(), "in_reference", known.get() + " of a file of the reference corpus"));
                    return false;
                }
                Optional<String> repeated = seen.firstTime(file.text());
                repeated.ifPresent(how -> rejections.accept(
                        new Rejection(file.path(), how.replace(' ', '_'), how + " of an earlier file of the corpus")));
                return repeated.isEmpty();
            });
        }
    }

    /** Files seen before, exactly or nearly. */
    private static final class Seen {
        private final boolean near;
        private final NameSet keys = new NameSet();
        private final Index index = new Index();

        Seen(Kind kind) {
            near = kind == Kind.NEAR;
        }

        /** Says how the text repeats another one. */
        Optional<String> find(String text) {
            Fingerprint fingerprint = Fingerprint.of(text, near);
            if (keys.contains(fingerprint.key.first())) {
                return Optional.of("exact duplicate");
            }
            return near && index.holdsNear(fingerprint) ? Optional.of("near duplicate") : Optional.empty();
        }

        /** Says how the text repeats another one, and keeps it where it does not. */
        Optional<String> firstTime(String text) {
            Fingerprint fingerprint = Fingerprint.of(text, near);
            if (keys.contains(fingerprint.key.first())) {
                return Optional.of("exact duplicate");
            }
            if (near && index.holdsNear(fingerprint)) {
                return Optional.of("near duplicate");
            }
            keys.add(fingerprint.key.first());
            if (near) {
                index.add(fingerprint);
            }
            return Optional.empty();
        }
    }

    /**
     * Finds the files that repeat an earlier file of the same list: going through the list, a file is dropped when it is
     * an exact or near duplicate of one that was kept.
     *
     * @param files the files, the preferred ones first
     * @return the indices to drop, ascending, unmodifiable
     */
    public static Set<Integer> within(List<SourceFile> files) {
        Set<Integer> drop = new TreeSet<>();
        Index kept = new Index();
        for (int i = 0; i < files.size(); i++) {
            Fingerprint fingerprint = Fingerprint.of(files.get(i).text());
            if (kept.holdsNear(fingerprint)) {
                drop.add(i);
            } else {
                kept.add(fingerprint);
            }
        }
        return Collections.unmodifiableSet(drop);
    }

    /**
     * Finds the candidates that are exact or near duplicates of a file of the reference. Candidates are not compared with
     * each other; see {@link #within} for that.
     *
     * @param candidates the files to clean, for example a training corpus
     * @param reference the files that must not be repeated, for example the corpus of a study
     * @return the indices of candidates to drop, ascending, unmodifiable
     */
    public static Set<Integer> nearDuplicates(List<SourceFile> candidates, List<SourceFile> reference) {
        Index index = new Index();
        for (SourceFile file : reference) {
            Fingerprint fingerprint = Fingerprint.of(file.text());
            if (!index.holdsExact(fingerprint)) {
                index.add(fingerprint);
            }
        }
        Set<Integer> drop = new TreeSet<>();
        for (int i = 0; i < candidates.size(); i++) {
            if (index.holdsNear(Fingerprint.of(candidates.get(i).text()))) {
                drop.add(i);
            }
        }
        return Collections.unmodifiableSet(drop);
    }

    /**
     * Computes the similarity that the near check goes by.
     *
     * @param first a source text
     * @param second another
     * @return the Jaccard similarity of their 5-token shingles, 0 to 1; 1 when neither has a token
     */
    public static double jaccard(String first, String second) {
        return jaccard(Fingerprint.shingles(TokenHashes.of(first)), Fingerprint.shingles(TokenHashes.of(second)));
    }

    private static double jaccard(int[] first, int[] second) {
        int common = 0;
        for (int i = 0, j = 0; i < first.length && j < second.length; ) {
            if (first[i] == second[j]) {
                common++;
                i++;
                j++;
            } else if (first[i] < second[j]) {
                i++;
            } else {
                j++;
            }
        }
        int union = first.length + second.length - common;
        return union == 0 ? 1 : (double) common / union;
    }

    private static long[] constants(int from, long orWith) {
        long[] values = new long[PERMUTATIONS];
        for (int i = 0; i < PERMUTATIONS; i++) {
            values[i] = SplitMix.mix((from + i) * GOLDEN_GAMMA) | orWith;
        }
        return values;
    }

    /** Equality of all tokens; 128 bits, so that chance collisions do not happen. */
    private record ExactKey(long first, long second, int tokens) {}

    /** What is kept of one file; the shingles are sorted, without repeats, and as long as about a quarter of the text. */
    private static final class Fingerprint {
        final ExactKey key;
        final int[] shingles;
        final long[] bands;

        private Fingerprint(ExactKey key, int[] shingles, long[] bands) {
            this.key = key;
            this.shingles = shingles;
            this.bands = bands;
        }

        static Fingerprint of(String text) {
            return of(text, true);
        }

        /** Without {@code near}, the key alone. */
        static Fingerprint of(String text, boolean near) {
            long[] tokens = TokenHashes.of(text);
            long first = 1;
            long second = 2;
            for (long token : tokens) {
                first = SplitMix.mix(first * 31 + token);
                second = (second ^ token) * GOLDEN_GAMMA;
                second ^= second >>> 32;
            }
            int[] shingles = near ? shingles(tokens) : new int[0];
            long[] bands = near ? bands(shingles) : new long[0];
            return new Fingerprint(new ExactKey(first, second, tokens.length), shingles, bands);
        }

        /** A file of fewer than five tokens has one shingle of all it has. */
        static int[] shingles(long[] tokens) {
            if (tokens.length == 0) {
                return new int[0];
            }
            int[] all = new int[Math.max(1, tokens.length - SHINGLE + 1)];
            for (int i = 0; i < all.length; i++) {
                long hash = 0;
                for (int j = i; j < Math.min(tokens.length, i + SHINGLE); j++) {
                    hash = hash * GOLDEN_GAMMA + tokens[j];
                }
                all[i] = (int) SplitMix.mix(hash);
            }
            Arrays.sort(all);
            int distinct = 0;
            for (int i = 0; i < all.length; i++) {
                if (i == 0 || all[i] != all[i - 1]) {
                    all[distinct++] = all[i];
                }
            }
            return Arrays.copyOf(all, distinct);
        }

        private static long[] bands(int[] shingles) {
            int[] least = new int[PERMUTATIONS];
            Arrays.fill(least, Integer.MAX_VALUE);
            for (int shingle : shingles) {
                long spread = SplitMix.mix(shingle + GOLDEN_GAMMA);
                for (int p = 0; p < PERMUTATIONS; p++) {
                    least[p] = Math.min(least[p], (int) ((FACTORS[p] * spread + OFFSETS[p]) >>> 32));
                }
            }
            long[] bands = new long[BANDS];
            for (int b = 0; b < BANDS; b++) {
                long hash = b;
                for (int r = 0; r < ROWS; r++) {
                    hash = SplitMix.mix(hash * GOLDEN_GAMMA + least[b * ROWS + r]);
                }
                bands[b] = hash;
            }
            return bands;
        }
    }

    /** The files seen so far, found by exact key and by band. */
    private static final class Index {
        private final Set<ExactKey> keys = new HashSet<>();
        private final Map<Long, List<Fingerprint>> buckets = new HashMap<>();

        void add(Fingerprint fingerprint) {
            keys.add(fingerprint.key);
            for (long band : fingerprint.bands) {
                buckets.computeIfAbsent(band, key -> new ArrayList<>(1)).add(fingerprint);
            }
        }

        boolean holdsExact(Fingerprint fingerprint) {
            return keys.contains(fingerprint.key);
        }

        boolean holdsNear(Fingerprint fingerprint) {
            if (holdsExact(fingerprint)) {
                return true;
            }
            // Identity is meant: a pair shares many bands, but is compared once.
            Set<Fingerprint> compared = Collections.newSetFromMap(new IdentityHashMap<>());
            for (long band : fingerprint.bands) {
                for (Fingerprint other : buckets.getOrDefault(band, List.of())) {
                    if (compared.add(other) && near(fingerprint.shingles, other.shingles)) {
                        return true;
                    }
                }
            }
            return false;
        }

        private static boolean near(int[] first, int[] second) {
            int smaller = Math.min(first.length, second.length);
            int larger = Math.max(first.length, second.length);
            // The similarity cannot exceed the ratio of the sizes: most pairs end here.
            return smaller >= JACCARD * larger && jaccard(first, second) >= JACCARD;
        }
    }
}
