package org.apmae.core.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ColourScaleTest {
    private static double luminance(int rgb) {
        double sum = 0;
        double[] weights = {0.2126, 0.7152, 0.0722};
        for (int i = 0; i < 3; i++) {
            sum += weights[i] * Math.pow(((rgb >> (16 - 8 * i)) & 0xff) / 255.0, 2.2);
        }
        return sum;
    }

    @Test
    void hasKnownEndsAndAGreyForWhatIsMissing() {
        assertThat(ColourScale.SEQUENTIAL.rgb(0)).isEqualTo(0x2a0a4a);
        assertThat(ColourScale.SEQUENTIAL.rgb(-3)).isEqualTo(0x2a0a4a);
        assertThat(ColourScale.SEQUENTIAL.rgb(1)).isEqualTo(0xfbe73a);
        assertThat(ColourScale.SEQUENTIAL.rgb(Double.POSITIVE_INFINITY)).isEqualTo(0xfbe73a);
        assertThat(ColourScale.SEQUENTIAL.rgb(Double.NaN)).isEqualTo(ColourScale.MISSING);
        assertThat(ColourScale.DIVERGING.rgb(0.5)).isEqualTo(0xf5f5f2);
        assertThat(ColourScale.css(0x0a00ff)).isEqualTo("#0a00ff");
    }

    @Test
    void growsLighterInEvenSteps() {
        // Lightness as the eye sees it goes with the cube root of luminance.
        double first = Math.cbrt(luminance(ColourScale.SEQUENTIAL.rgb(0)));
        double last = Math.cbrt(luminance(ColourScale.SEQUENTIAL.rgb(1)));
        for (int i = 0; i < 20; i++) {
            double step = Math.cbrt(luminance(ColourScale.SEQUENTIAL.rgb((i + 1) / 20.0)))
                    - Math.cbrt(luminance(ColourScale.SEQUENTIAL.rgb(i / 20.0)));
            assertThat(step / (last - first) * 20).as("step %d", i).isBetween(0.7, 1.3);
        }
    }

    @Test
    void isSymmetricInLightnessAroundTheMiddle() {
        for (double d = 0.1; d <= 0.5; d += 0.1) {
            assertThat(luminance(ColourScale.DIVERGING.rgb(0.5 - d)))
                    .isLessThan(luminance(ColourScale.DIVERGING.rgb(0.55 - d)));
            assertThat(luminance(ColourScale.DIVERGING.rgb(0.5 + d)))
                    .isLessThan(luminance(ColourScale.DIVERGING.rgb(0.45 + d)));
        }
    }

    @Test
    void choosesTextThatCanBeRead() {
        assertThat(ColourScale.wantsDarkText(0xffffff)).isTrue();
        assertThat(ColourScale.wantsDarkText(0x000000)).isFalse();
        assertThat(ColourScale.wantsDarkText(0x2a0a4a)).isFalse();
        assertThat(ColourScale.wantsDarkText(0xfbe73a)).isTrue();
    }
}
