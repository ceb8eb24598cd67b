package org.apmae.models.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;
import org.junit.jupiter.api.Test;

class HeadRankingTest {
    private static Map<HeadId, Double> contributions() {
        Map<HeadId, Double> contributions = new HashMap<>();
        Random random = new Random(1);
        for (int layer = 0; layer < 6; layer++) {
            for (int head = 0; head < 8; head++) {
                double value = random.nextGaussian();
                contributions.put(new HeadId(layer, head), head < 2 ? value * 1e-6 : value);
            }
        }
        return contributions;
    }

    @Test
    void theThreeRankingsByShapShareNoHeadAndMissNone() {
        Map<HeadId, Double> contributions = contributions();
        List<HeadId> all = new ArrayList<>();
        HeadRanking positive = HeadRanking.positive(contributions);
        HeadRanking negative = HeadRanking.negative(contributions);
        HeadRanking neutral = HeadRanking.neutral(contributions, 5);
        all.addAll(positive.heads());
        all.addAll(negative.heads());
        all.addAll(neutral.heads());
        assertThat(all).doesNotHaveDuplicates().hasSize(48);
        assertThat(positive.heads().stream().map(contributions::get).toList())
                .isSortedAccordingTo((a, b) -> Double.compare(b, a))
                .allMatch(value -> value > 1e-5);
        assertThat(negative.heads().stream().map(contributions::get).toList())
                .isSorted()
                .allMatch(value -> value < -1e-5);
        assertThat(neutral.heads()).allMatch(head -> head.head() < 2).hasSize(12);
        assertThat(HeadRanking.neutral(contributions, 5)).isEqualTo(neutral);
        assertThat(HeadRanking.neutral(contributions, 6)).isNotEqualTo(neutral);
    }

    @Test
    void randomOnesTakeAsManyHeadsOfEachLayerAtEveryCount() {
        Map<HeadId, Double> contributions = contributions();
        HeadRanking ranking = HeadRanking.byEffect(contributions);
        HeadRanking random = ranking.matched(contributions.keySet(), "random_1", 4);
        assertThat(random.heads()).doesNotHaveDuplicates().hasSize(48).isNotEqualTo(ranking.heads());
        for (int count = 1; count <= 48; count++) {
            assertThat(layers(random, count)).isEqualTo(layers(ranking, count));
        }
        assertThat(ranking.matched(contributions.keySet(), "random_1", 4)).isEqualTo(random);
        assertThat(ranking.matched(contributions.keySet(), "random_1", 5)).isNotEqualTo(random);
        assertThatThrownBy(() -> ranking.matched(List.of(), "random", 1)).hasMessageContaining("give all heads");
    }

    private static Map<Integer, Integer> layers(HeadRanking ranking, int count) {
        Map<Integer, Integer> layers = new TreeMap<>();
        ranking.heads().subList(0, count).forEach(head -> layers.merge(head.layer(), 1, Integer::sum));
        return layers;
    }

    @Test
    void refusesAHeadTwice() {
        HeadId head = new HeadId(1, 2);
        assertThatThrownBy(() -> new HeadRanking("mine", List.of(head, head))).hasMessageContaining("mine");
    }
}
