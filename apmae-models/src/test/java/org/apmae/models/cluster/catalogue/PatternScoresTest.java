package org.apmae.models.cluster.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.apmae.core.model.HeadId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PatternScoresTest {
    private static final int SIZE = 96;
    private static final int PREFIX = 1;
    private static final int MIDDLE = 2;
    private static final int SUFFIX = 3;
    private static final int GAP = 48;

    /** A marker, 47 tokens, a marker, 46 tokens, a marker: two runs of the same 23 tokens on each side, with brackets. */
    private static final PromptTokens TOKENS = tokens();

    private static PromptTokens tokens() {
        int[] ids = new int[SIZE];
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            ids[i] = i == 0 ? PREFIX : i == GAP ? SUFFIX : i == SIZE - 1 ? MIDDLE : 10 + i % 23;
            boolean marker = ids[i] < 10;
            texts.add(
                    marker
                            ? "<marker>"
                            : i % 23 == 5 ? " (" : i % 23 == 9 ? "[" : i % 23 == 14 ? "]" : i % 23 == 18 ? ");" : "a");
        }
        return new PromptTokens(ids, texts, Set.of(PREFIX, MIDDLE, SUFFIX), SUFFIX);
    }

    private static float[][] pointing(IntUnaryOperator target) {
        float[][] attention = new float[SIZE][SIZE];
        for (int q = 0; q < SIZE; q++) {
            int key = target.applyAsInt(q);
            if (key >= 0 && key <= q) {
                attention[q][key] = 1;
            } else {
                Arrays.fill(attention[q], 0, q + 1, 1f / (q + 1));
            }
        }
        return attention;
    }

    private static int target(KnownPattern pattern, int q) {
        return switch (pattern) {
            case PREVIOUS_TOKEN -> q - 1;
            case FIRST_TOKEN -> 0;
            case LOCAL_BAND -> q - q % 3;
            case DUPLICATE_TOKEN -> q - 23;
            case INDUCTION -> q - 22;
            case BRACKET_MATCHING -> q % 23 == 14 ? q - 5 : q % 23 == 18 ? q - 13 : -1;
            case ACROSS_GAP -> q > GAP ? GAP - 2 - q % 7 : -1;
        };
    }

    @ParameterizedTest
    @EnumSource(KnownPattern.class)
    void namesEachPatternWhereItIs(KnownPattern pattern) {
        PatternScores scores = PatternScores.of(pointing(q -> target(pattern, q)), TOKENS);
        assertThat(scores.name()).contains(pattern);
        assertThat(scores.score(pattern)).isBetween(0.6, 1.0);
    }

    @Test
    void evenAttentionScoresNothing() {
        PatternScores scores = PatternScores.of(pointing(q -> -1), TOKENS);
        for (KnownPattern pattern : KnownPattern.values()) {
            assertThat(scores.score(pattern)).isCloseTo(0, offset(1e-6));
        }
        assertThat(scores.name()).isEmpty();
    }

    @Test
    void saysWhereAPromptHasNoSuchTokens() {
        PromptTokens plain =
                new PromptTokens(new int[] {1, 10, 11, 12}, List.of("", "a", "b", "c"), Set.of(PREFIX), SUFFIX);
        PatternScores scores = PatternScores.of(new float[4][4], plain);
        assertThat(scores.score(KnownPattern.BRACKET_MATCHING)).isNaN();
        assertThat(scores.score(KnownPattern.ACROSS_GAP)).isNaN();
        assertThat(scores.score(KnownPattern.INDUCTION)).isNaN();
        assertThat(scores.score(KnownPattern.PREVIOUS_TOKEN)).isNegative();
        assertThat(PatternScores.mean(List.of(scores, PatternScores.of(pointing(q -> 0), TOKENS)))
                        .score(KnownPattern.BRACKET_MATCHING))
                .isNotNaN();
        assertThatThrownBy(() -> PatternScores.of(new float[3][4], plain)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void groupsPatternsThatLookAlike() {
        Random random = new Random(2);
        List<CataloguedPattern> patterns = new ArrayList<>();
        KnownPattern[] kinds = {KnownPattern.PREVIOUS_TOKEN, KnownPattern.FIRST_TOKEN, KnownPattern.INDUCTION};
        for (int i = 0; i < 30; i++) {
            int kind = i % 6 == 5 ? 2 : i % 2;
            float[] encoding = new float[12];
            for (int f = 0; f < 12; f++) {
                encoding[f] = (f % 3 == kind ? 2 : 0) + 0.2f * (float) random.nextGaussian();
            }
            patterns.add(new CataloguedPattern(
                    new HeadId(i / 8, i % 8),
                    0,
                    "scenario" + i,
                    encoding,
                    Map.of("random", 3, "eol", 1),
                    PatternScores.of(pointing(q -> target(kinds[kind], q)), TOKENS)));
        }
        List<PatternFamily> families = PatternCatalogue.of(patterns);
        assertThat(families).hasSize(3);
        assertThat(families.stream().map(PatternFamily::title))
                .containsExactly("previous token", "first-token sink", "induction");
        assertThat(families.get(0).patterns()).hasSize(15);
        assertThat(families.get(1).tasks()).containsEntry("random", 30).containsEntry("eol", 10);
        assertThat(families.get(2).layers().values().stream()
                        .mapToInt(Integer::intValue)
                        .sum())
                .isEqualTo(5);
        assertThat(families.get(0).patterns()).contains(families.get(0).medoid());
        assertThat(PatternCatalogue.of(List.of())).isEmpty();
        assertThat(PatternCatalogue.of(patterns.subList(0, 1))).hasSize(1);
    }
}
