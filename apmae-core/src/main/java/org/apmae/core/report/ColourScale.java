package org.apmae.core.report;

import java.util.Locale;

/**
 * Turns a number from 0 to 1 into a colour. Immutable and thread-safe.
 *
 * <p>A few anchor colours are interpolated in CIELAB so that lightness runs evenly: equal steps look equal, the order
 * survives printing in grey, and no step rests on telling red from green.
 */
public final class ColourScale {
    /** For what goes from little to much: dark violet over blue and green to light yellow, ever lighter. */
    public static final ColourScale SEQUENTIAL =
            new ColourScale(false, 0x2a0a4a, 0x3b4a8f, 0x1f8a8d, 0x5fc05e, 0xfbe73a);

    /** For what has a middle: blue below, nearly white at 0.5, orange above. */
    public static final ColourScale DIVERGING = new ColourScale(true, 0x1f4e9c, 0x7fa8d9, 0xf5f5f2, 0xe9a063, 0xa34a06);

    /** The colour of what is not a number. */
    public static final int MISSING = 0xd0d0d0;

    private static final int STEPS = 1024;

    private final int[] table = new int[STEPS + 1];

    private ColourScale(boolean evenPositions, int... anchors) {
        double[][] lab = new double[anchors.length][];
        for (int i = 0; i < anchors.length; i++) {
            lab[i] = toLab(anchors[i]);
        }
        double[] positions = new double[anchors.length];
        int last = anchors.length - 1;
        for (int i = 0; i <= last; i++) {
            positions[i] = evenPositions ? (double) i / last : (lab[i][0] - lab[0][0]) / (lab[last][0] - lab[0][0]);
        }
        for (int step = 0; step <= STEPS; step++) {
            table[step] = interpolate((double) step / STEPS, positions, lab);
        }
        table[0] = anchors[0];
        table[STEPS] = anchors[last];
    }

    /**
     * Returns a colour.
     *
     * @param value 0 to 1; what lies outside is moved to the nearer end; NaN gives {@link #MISSING}
     * @return sRGB as {@code 0xRRGGBB}
     */
    public int rgb(double value) {
        if (Double.isNaN(value)) {
            return MISSING;
        }
        return table[(int) Math.round(Math.max(0, Math.min(1, value)) * STEPS)];
    }

    /**
     * Writes a colour for CSS.
     *
     * @param rgb sRGB as {@code 0xRRGGBB}
     * @return for example {@code #1f8a8d}
     */
    static String css(int rgb) {
        return String.format(Locale.ROOT, "#%06x", rgb & 0xffffff);
    }

    /** Says whether dark text reads better on a colour than white text (contrast as WCAG 2 defines it). */
    static boolean wantsDarkText(int rgb) {
        double luminance = 0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8) + 0.0722 * linear(rgb);
        return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05);
    }

    private static int interpolate(double value, double[] positions, double[][] lab) {
        int i = 1;
        while (i < positions.length - 1 && value > positions[i]) {
            i++;
        }
        double share = (value - positions[i - 1]) / (positions[i] - positions[i - 1]);
        double[] mixed = new double[3];
        for (int c = 0; c < 3; c++) {
            mixed[c] = lab[i - 1][c] + share * (lab[i][c] - lab[i - 1][c]);
        }
        return toRgb(mixed);
    }

    private static double linear(int channel) {
        double value = (channel & 0xff) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    }

    private static int channel(double linear) {
        double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.pow(linear, 1 / 2.4) - 0.055;
        return (int) Math.round(255 * Math.max(0, Math.min(1, value)));
    }

    // sRGB primaries and the D65 white point, IEC 61966-2-1; CIELAB as in ISO/CIE 11664-4.
    private static double[] toLab(int rgb) {
        double r = linear(rgb >> 16);
        double g = linear(rgb >> 8);
        double b = linear(rgb);
        double x = bend((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
        double y = bend(0.2126 * r + 0.7152 * g + 0.0722 * b);
        double z = bend((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
        return new double[] {116 * y - 16, 500 * (x - y), 200 * (y - z)};
    }

    private static int toRgb(double[] lab) {
        double fy = (lab[0] + 16) / 116;
        double x = 0.9505 * straighten(fy + lab[1] / 500);
        double y = straighten(fy);
        double z = 1.089 * straighten(fy - lab[2] / 200);
        int r = channel(3.2406 * x - 1.5372 * y - 0.4986 * z);
        int g = channel(-0.9689 * x + 1.8758 * y + 0.0415 * z);
        int b = channel(0.0557 * x - 0.2040 * y + 1.0570 * z);
        return r << 16 | g << 8 | b;
    }

    private static double bend(double t) {
        return t > 216.0 / 24389 ? Math.cbrt(t) : (24389.0 / 27 * t + 16) / 116;
    }

    private static double straighten(double t) {
        return t * t * t > 216.0 / 24389 ? t * t * t : (116 * t - 16) * 27 / 24389;
    }
}
