package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfTest {
    @ParameterizedTest
    @CsvSource({
        "0.0, 0000",
        "-0.0, 8000",
        "1.0, 3c00",
        "-2.0, c000",
        "65504.0, 7bff",
        "0.333251953125, 3555",
        "3.1415927, 4248",
        "6.103515625E-5, 0400",
        "6.097555160522461E-5, 03ff",
        "5.960464477539063E-8, 0001",
        "2.9802322387695312E-8, 0000",
        "2.980232594040899E-8, 0001",
        "8.940696716308594E-8, 0002",
        "1.0E-30, 0000",
        "1.0E-45, 0000",
        "1.00048828125, 3c00",
        "1.00146484375, 3c02",
        "2049.0, 6800",
        "2051.0, 6802",
        "65519.996, 7bff",
        "65520.0, 7c00",
        "1.0E30, 7c00",
        "-Infinity, fc00",
        "NaN, 7e00"
    })
    void matchesKnownBitPatterns(float value, String bits) {
        assertThat(String.format("%04x", Half.of(value) & 0xffff)).isEqualTo(bits);
    }

    @Test
    void everyHalfSurvivesTheWayThroughFloat() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Half.toFloat((short) bits);
            if (Float.isNaN(value)) {
                assertThat((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0).isTrue();
                assertThat(Half.of(value) & 0x7fff).isEqualTo(0x7e00);
            } else {
                assertThat(Half.of(value)).as("bits %04x", bits).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void convertsManyAsOne() {
        short[] halves = new short[1 << 16];
        for (int bits = 0; bits < halves.length; bits++) {
            halves[bits] = (short) bits;
        }
        float[] floats = new float[halves.length];
        Half.toFloats(halves, floats);
        for (int bits = 0; bits < halves.length; bits++) {
            assertThat(Float.floatToRawIntBits(floats[bits]))
                    .isEqualTo(Float.floatToRawIntBits(Half.toFloat((short) bits)));
        }
    }

    @Test
    void roundsToTheNearestOfBothNeighbours() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            float below = Half.toFloat((short) bits);
            float above = Half.toFloat((short) (bits + 1));
            // Exact in float: neighbouring halves need at most 12 bits for their middle.
            float middle = below + (above - below) / 2;
            int even = (bits & 1) == 0 ? bits : bits + 1;
            assertThat(Half.of(Math.nextDown(middle)) & 0xffff).isEqualTo(bits);
            assertThat(Half.of(middle) & 0xffff).isEqualTo(even);
            assertThat(Half.of(Math.nextUp(middle)) & 0xffff).isEqualTo(bits + 1);
        }
    }
}
