package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

class DeduplicationTest {
    private static SourceFile file(String text) {
        return new SourceFile("test", "T.java", text);
    }

    /** A class of {@code fields} fields with random names, so that two seeds share almost no shingle. */
    private static List<String> fields(long seed, int fields) {
        Random random = new Random(seed);
        return IntStream.range(0, fields)
                .mapToObj(i -> "int n" + random.nextInt(1_000_000) + " = " + random.nextInt(1_000_000) + ";")
                .collect(Collectors.toCollection(ArrayList::new));
    }

    @Test
    void whiteSpaceAndCommentsDoNotCount() {
        SourceFile plain = file("class A { int b = 1; String c = \"x // y\"; }");
        SourceFile dressed = file("/* licence */\r\nclass A\n{\n\tint b=1; // one\n String c=\"x // y\";\n}\n");
        SourceFile other = file("class A { int b = 2; String c = \"x // y\"; }");
        assertThat(Deduplication.within(List.of(plain, dressed, other))).containsExactly(1);
        assertThat(Deduplication.nearDuplicates(List.of(other, dressed), List.of(plain)))
                .containsExactly(1);
    }

    @Test
    void commentMarksInsideLiteralsAreText() {
        SourceFile a =
                file("class A { String s = \"/* a */\"; char c = '\"'; String t = \"\"\"\n // x \\\"\"\" \"\"\"; }");
        SourceFile b =
                file("class A { String s = \"/* b */\"; char c = '\"'; String t = \"\"\"\n // x \\\"\"\" \"\"\"; }");
        SourceFile c =
                file("class A { String s = \"/* a */\"; char c = '\"'; String t = \"\"\"\n // y \\\"\"\" \"\"\"; }");
        assertThat(Deduplication.jaccard(a.text(), b.text())).isLessThan(1);
        assertThat(Deduplication.jaccard(a.text(), c.text())).isLessThan(1);
    }

    @Test
    void jaccardIsThatOfTheShingleSets() {
        // Tokens a..h: shingles abcde, bcdef, cdefg, defgh; with the last token changed three of four stay.
        assertThat(Deduplication.jaccard("a b c d e f g h", "a b c d e f g x")).isEqualTo(3.0 / 5, within(1e-12));
        assertThat(Deduplication.jaccard("a b", "a b")).isEqualTo(1);
        assertThat(Deduplication.jaccard("a b", "a c")).isEqualTo(0);
        assertThat(Deduplication.jaccard("", "// nothing")).isEqualTo(1);
        assertThat(Deduplication.jaccard("", "a")).isEqualTo(0);
    }

    @Test
    void nearDuplicatesAreFoundAndOnlyThose() {
        List<SourceFile> reference = new ArrayList<>();
        List<SourceFile> candidates = new ArrayList<>();
        Set<Integer> expected = new HashSet<>();
        for (int i = 0; i < 300; i++) {
            List<String> fields = fields(i, 100);
            reference.add(file(String.join("\n", fields)));
            // Each changed field breaks about 1 + 9 tokens' shingles; 0 to 30 fields take the similarity from 1 to 0.4.
            List<String> other = fields(10_000L + i, 100);
            for (int change = 0; change < i % 31; change++) {
                fields.set(change * 3, other.get(change));
            }
            candidates.add(file(String.join("\n", fields)));
            if (Deduplication.jaccard(candidates.get(i).text(), reference.get(i).text()) >= Deduplication.JACCARD) {
                expected.add(i);
            }
        }
        assertThat(expected).hasSizeBetween(50, 250);
        assertThat(Deduplication.nearDuplicates(candidates, reference)).isEqualTo(expected);

        List<SourceFile> both = new ArrayList<>(reference);
        both.addAll(candidates);
        assertThat(Deduplication.within(both))
                .isEqualTo(expected.stream().map(i -> i + reference.size()).collect(Collectors.toSet()));
    }

    @Test
    void sixtyMegabytesTakeSeconds() {
        // A tenth of the size in a tenth of the time: 12 s is what 2 minutes for 60 MB leave for 6 MB.
        List<SourceFile> files = IntStream.range(0, 600)
                .mapToObj(i -> file(String.join("\n", fields(i, 450))))
                .toList();
        long characters = files.stream().mapToLong(f -> f.text().length()).sum();
        // Processor time: a busy machine must not fail the test.
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        long start = clock.getCurrentThreadCpuTime();
        assertThat(Deduplication.within(files)).isEmpty();
        double seconds = (clock.getCurrentThreadCpuTime() - start) / 1e9;
        System.out.printf("deduplication: %.1f MB in %.2f s%n", characters / 1e6, seconds);
        assertThat(seconds).isLessThan(12 * characters / 6e6);
    }
}
