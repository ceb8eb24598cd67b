package org.apmae.core.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {
    @Test
    void sortsKeysAndFixesTheFormOfNumbers() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("z", 1);
        map.put("a", Arrays.asList(0.1, 1e-5, 100.0, 1f / 3, Double.NaN, Double.NEGATIVE_INFINITY, null));
        map.put("B", Long.MAX_VALUE);
        map.put("m", new int[] {3, 2});
        map.put("t", "a\"\\\n<&\u2028");
        assertThat(CanonicalJson.writeLine(map))
                .isEqualTo("{\"B\":9223372036854775807,\"a\":[0.1,1.0E-5,100.0,0.33333334,null,null,null],"
                        + "\"m\":[3,2],\"t\":\"a\\\"\\\\\\n<&\\u2028\",\"z\":1}");
    }

    @Test
    void givesTheSameBytesForEveryKindAndOrderOfMap() {
        Map<String, Object> one = new HashMap<>();
        Map<String, Object> two = new LinkedHashMap<>();
        for (int i = 0; i < 100; i++) {
            one.put("key" + i, i);
            two.put("key" + (99 - i), 99 - i);
        }
        assertThat(CanonicalJson.write(one)).isEqualTo(CanonicalJson.write(two)).endsWith("}\n");
    }

    @Test
    void readsWhatItWrote() {
        Map<String, Object> value = Map.of(
                "list", List.of(1L, 0.25, true, "x", List.of(), Map.of()),
                "big", Long.MIN_VALUE,
                "tiny", Double.MIN_VALUE);
        assertThat(CanonicalJson.read(CanonicalJson.write(value))).isEqualTo(value);
        assertThat(CanonicalJson.read(CanonicalJson.writeLine(value))).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "{\"a\":1,\"a\":2}",
                "[1] 2",
                "{a:1}",
                "[NaN]",
                "[9223372036854775808]",
                "'x'",
                "[1,]",
                "nul",
                "[01]"
            })
    void refusesWhatIsNotJson(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> CanonicalJson.read(text));
    }

    @Test
    void refusesDeepNestingInsteadOfOverflowingTheStack() {
        assertThatIllegalArgumentException().isThrownBy(() -> CanonicalJson.read("[".repeat(100_000)));
    }

    @Test
    void refusesTypesItDoesNotKnow() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CanonicalJson.write(Map.of("a", Stage.MINE)))
                .withMessageContaining("Stage");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CanonicalJson.write(Map.of(1, 2)))
                .withMessageContaining("key 1");
    }
}
