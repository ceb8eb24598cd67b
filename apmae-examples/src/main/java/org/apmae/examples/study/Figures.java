package org.apmae.examples.study;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.predict.Interval;

/** Numbers as metrics hold them and as people read them. */
final class Figures {
    private Figures() {}

    static Map<String, Object> interval(Interval interval) {
        Map<String, Object> json = new TreeMap<>();
        json.put("value", interval.value());
        json.put("low", interval.low());
        json.put("high", interval.high());
        return json;
    }

    static double value(Object interval) {
        return number(map(interval).get("value"));
    }

    static String shown(Object interval, int decimals) {
        Map<String, Object> json = map(interval);
        String number = "%." + decimals + "f";
        return String.format(
                Locale.ROOT,
                number + " [" + number + ", " + number + "]",
                number(json.get("value")),
                number(json.get("low")),
                number(json.get("high")));
    }

    /** A JSON number; null stands for a number that is not finite. */
    static double number(Object value) {
        return value == null ? Double.NaN : ((Number) value).doubleValue();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    static String fixed(double value, int decimals) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
