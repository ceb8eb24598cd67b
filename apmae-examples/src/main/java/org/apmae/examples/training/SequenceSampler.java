package org.apmae.examples.training;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimTokens;
import org.apmae.models.target.FimWindow;
import org.apmae.models.target.TrainingSequence;

/**
 * Draws training sequences, plain ones and such in fill-in-the-middle form, several short documents or one long one to a
 * sequence. A sequence depends on its number and
 * the seed only. Thread-safe.
 */
final class SequenceSampler {
    /** Characters read on each side of a gap: more than a window of 256 tokens ever needs in practice. */
    private static final int REACH = 1600;

    private static final int WINDOW = 256;
    /** A gap has few tokens among many: without weights the model would learn to fill it last. */
    private static final float AROUND_WEIGHT = 0.3f;

    private static final float MIDDLE_WEIGHT = 4;
    private static final float FIRST_WEIGHT = 16;
    /** Gaps drawn as the tasks' scenarios, every task of a file equally often; the others are any run of tokens. */
    private static final double SCENARIO_SHARE = 0.7;

    /** Of these, the share given to the one task that is to be drawn more often. */
    private static final double OFTEN_SHARE = 0.2;

    private static final Set<String> COMMON = Set.of("(", "{", ",", ";", ".", ")", "}", "[", "]", "@");

    private final List<LexedFile> files;
    private final long[] cumulative;
    private final CodeTokenizer tokenizer;
    private final FimTokens fim;
    private final int endOfText;
    private final int length;
    private final Mix mix;
    private final long seed;

    /**
     * What sequences are made of.
     *
     * @param fillIn share of sequences in fill-in-the-middle form
     * @param packed share of sequences with several short documents
     * @param often the task whose gaps are drawn more often than those of others, or null
     */
    record Mix(double fillIn, double packed, CompletionTask often) {}

    SequenceSampler(List<LexedFile> files, CodeTokenizer tokenizer, int length, Mix mix, long seed) {
        this.mix = mix;
        this.files = files.stream().filter(file -> file.tokens() > 20).toList();
        this.cumulative = new long[this.files.size()];
        long sum = 0;
        for (int i = 0; i < cumulative.length; i++) {
            // very long files are mostly tables: their weight is bounded
            sum += Math.min(this.files.get(i).tokens(), 20_000);
            cumulative[i] = sum;
        }
        this.tokenizer = tokenizer;
        this.fim = tokenizer.fimTokens();
        this.endOfText = tokenizer.specialId("<|endoftext|>").orElseThrow();
        this.length = length;
        this.seed = seed;
    }

    TrainingSequence draw(long number) {
        Random random = new Random(seed * 0x9E3779B97F4A7C15L + number * 0xD1B54A32D192ED03L);
        Builder builder = new Builder();
        boolean fillIn = random.nextDouble() < mix.fillIn();
        boolean packed = random.nextDouble() < mix.packed();
        while (builder.size <= length) {
            LexedFile file = file(random);
            if (fillIn) {
                fillIn(builder, file, random, packed);
            } else {
                plain(builder, file, random);
            }
        }
        return builder.build();
    }

    private LexedFile file(Random random) {
        long at = (long) (random.nextDouble() * cumulative[cumulative.length - 1]);
        int index = Arrays.binarySearch(cumulative, at);
        return files.get(Math.min(index < 0 ? -index - 1 : index + 1, files.size() - 1));
    }

    private void plain(Builder builder, LexedFile file, Random random) {
        int start = random.nextInt(8) == 0 ? 0 : lineStart(file.text(), file.start(random.nextInt(file.tokens())));
        int end = Math.min(file.text().length(), start + 2 * REACH);
        builder.add(tokenizer.encode(file.text().substring(start, end)), 0, 1);
        if (end == file.text().length()) {
            builder.add(new int[] {endOfText}, 0, 1);
        }
    }

    private void fillIn(Builder builder, LexedFile file, Random random, boolean packed) {
        String text = file.text();
        int start;
        int end;
        if (!file.tasks().isEmpty() && random.nextDouble() < SCENARIO_SHARE) {
            int task = task(file.tasks(), random);
            int gap = random.nextInt(file.gaps(task));
            start = file.gapStart(task, gap);
            end = file.gapEnd(task, gap);
        } else {
            int first = gap(file, random);
            int count = spanLength(random, packed);
            int last = Math.min(file.tokens() - 1, first + count - 1);
            start = file.start(first);
            end = file.end(last);
        }
        int from = start <= REACH ? 0 : lineStart(text, start - REACH);
        int to = Math.min(text.length(), end + REACH);
        int window = packed ? 16 + random.nextInt(random.nextInt(4) == 0 ? 112 : 48) : WINDOW;
        int[] prompt = FimWindow.layOut(
                tokenizer.encode(text.substring(from, start)), tokenizer.encode(text.substring(end, to)), fim, window);
        int[] middle = tokenizer.encode(text.substring(start, end));
        builder.add(prompt, 0, AROUND_WEIGHT);
        builder.add(middle, FIRST_WEIGHT, MIDDLE_WEIGHT);
        builder.add(new int[] {endOfText}, 0, AROUND_WEIGHT);
    }

    private int task(List<CompletionTask> tasks, Random random) {
        int often = mix.often() == null ? -1 : tasks.indexOf(mix.often()); // such lists refuse to look for null
        return often >= 0 && random.nextDouble() < OFTEN_SHARE ? often : random.nextInt(tasks.size());
    }

    private static int spanLength(Random random, boolean packed) {
        int kind = random.nextInt(10);
        if (packed && kind == 9) {
            return 10 + random.nextInt(20);
        }
        return kind < 7 ? 1 : 2 + random.nextInt(9);
    }

    /** Draws a token; punctuation is taken less often than it occurs, so that rarer kinds are learned too. */
    private static int gap(LexedFile file, Random random) {
        int token = random.nextInt(file.tokens());
        for (int tries = 0; tries < 6; tries++) {
            String text = file.text().substring(file.start(token), Math.min(file.end(token), file.start(token) + 2));
            boolean word = Character.isJavaIdentifierStart(text.charAt(0));
            double accept = COMMON.contains(text) ? 0.3 : word ? 0.6 : 1;
            if (random.nextDouble() < accept) {
                return token;
            }
            token = random.nextInt(file.tokens());
        }
        return token;
    }

    private static int lineStart(String text, int at) {
        return text.lastIndexOf('\n', Math.max(0, at - 1)) + 1;
    }

    private final class Builder {
        private final int[] ids = new int[length + 1];
        private final float[] weights = new float[length + 1];
        private int size;

        void add(int[] tokens, float firstWeight, float weight) {
            for (int i = 0; i < tokens.length && size < ids.length; i++) {
                ids[size] = tokens[i];
                weights[size++] = i == 0 && firstWeight > 0 ? firstWeight : weight;
            }
        }

        TrainingSequence build() {
            return new TrainingSequence(ids, Arrays.copyOfRange(weights, 1, weights.length));
        }
    }
}
