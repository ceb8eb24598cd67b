package org.apmae.core.report;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.HeadId;

/**
 * One number for every head of a model, to be shown as a table of layers and heads. Immutable and thread-safe.
 *
 * @param name what is shown, with its unit, for example {@code patterns found}
 * @param values the numbers; a head without one is shown grey
 * @param decimals digits after the point, 0 to 6
 * @param signed true for numbers around 0 (blue below, orange above), false for numbers from little to much
 */
public record HeadGrid(String name, Map<HeadId, Double> values, int decimals, boolean signed) {
    /**
     * Checks and copies the arguments.
     *
     * @throws IllegalArgumentException if there is no head or the number of decimals is out of range
     */
    public HeadGrid {
        values = Collections.unmodifiableMap(new TreeMap<>(values));
        if (values.isEmpty() || decimals < 0 || decimals > 6) {
            throw new IllegalArgumentException("a grid of " + values.size() + " heads with " + decimals
                    + " decimals cannot be shown; give at least one head and 0 to 6 decimals");
        }
    }

    int layers() {
        return values.keySet().stream().mapToInt(HeadId::layer).max().orElse(0) + 1;
    }

    int heads() {
        return values.keySet().stream().mapToInt(HeadId::head).max().orElse(0) + 1;
    }

    double value(HeadId head) {
        return values.getOrDefault(head, Double.NaN);
    }

    /** The value at the lower end of the scale; for signed numbers the upper end's opposite. */
    double low() {
        return signed
                ? -high()
                : values.values().stream()
                        .filter(Double::isFinite)
                        .mapToDouble(v -> v)
                        .min()
                        .orElse(0);
    }

    double high() {
        double high = values.values().stream()
                .filter(Double::isFinite)
                .mapToDouble(v -> signed ? Math.abs(v) : v)
                .max()
                .orElse(1);
        return signed && high == 0 ? 1 : high;
    }

    int rgb(double value) {
        ColourScale scale = signed ? ColourScale.DIVERGING : ColourScale.SEQUENTIAL;
        double extent = high() - low();
        return scale.rgb(Double.isFinite(value) ? (extent > 0 ? (value - low()) / extent : 0) : Double.NaN);
    }

    String text(double value) {
        if (!Double.isFinite(value)) {
            return "\u2013";
        }
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
        // A small negative number must not read as minus zero.
        return text.matches("-[0.]+") ? text.substring(1) : text;
    }
}
