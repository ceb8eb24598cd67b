package org.apmae.core.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A value of the metrics, read with forbearance: what is not there is an empty value, so that a report says less and not nothing. */
final class Json {
    private final Object value;

    private Json(Object value) {
        this.value = value;
    }

    static Json of(Object value) {
        return new Json(value);
    }

    /** The value under a key of an object. */
    Json at(String key) {
        return new Json(value instanceof Map<?, ?> map ? map.get(key) : null);
    }

    boolean present() {
        return value != null;
    }

    /** Whether this is an object with a number called value, and perhaps the ends of its interval. */
    boolean isEstimate() {
        return value instanceof Map<?, ?> map && map.get("value") instanceof Number;
    }

    Map<String, Json> entries() {
        Map<String, Json> entries = new TreeMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, each) -> entries.put(String.valueOf(key), new Json(each)));
        }
        return entries;
    }

    List<Json> items() {
        return value instanceof List<?> list ? list.stream().map(Json::of).toList() : List.of();
    }

    String text() {
        return value instanceof String text ? text : "";
    }

    /** The number; of an estimate its value; NaN where there is none. */
    double number() {
        if (isEstimate()) {
            return at("value").number();
        }
        return value instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    double low() {
        return at("low").number();
    }

    double high() {
        return at("high").number();
    }

    /** A count as people read it, or a dash. */
    String count() {
        double number = number();
        return Double.isNaN(number) ? "\u2013" : String.format(Locale.ROOT, "%,d", (long) number);
    }

    /** A number, with its interval where it has one, or a dash. */
    String shown(int decimals) {
        if (Double.isNaN(number())) {
            return "\u2013";
        }
        String text = fixed(number(), decimals);
        return Double.isNaN(low()) || Double.isNaN(high())
                ? text
                : text + " [" + fixed(low(), decimals) + ", " + fixed(high(), decimals) + "]";
    }

    static String fixed(double number, int decimals) {
        if (!Double.isFinite(number)) {
            return "\u2013";
        }
        String text = String.format(Locale.ROOT, "%." + decimals + "f", number);
        return text.matches("-[0.]+") ? text.substring(1) : text;
    }
}
