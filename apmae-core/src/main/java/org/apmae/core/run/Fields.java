package org.apmae.core.run;

import java.util.List;
import java.util.Map;

/** Typed access to a JSON object from a file, with messages that say where the object stands. */
final class Fields {
    private final Map<?, ?> map;
    private final String place;

    private Fields(Map<?, ?> map, String place) {
        this.map = map;
        this.place = place;
    }

    static Fields of(Object value, String place) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(place + " is not a JSON object");
        }
        return new Fields(map, place);
    }

    Map<?, ?> map() {
        return map;
    }

    String text(String key) {
        if (map.get(key) instanceof String text) {
            return text;
        }
        throw wrong(key, "text");
    }

    long whole(String key) {
        if (map.get(key) instanceof Long number) {
            return number;
        }
        throw wrong(key, "a whole number");
    }

    int integer(String key) {
        return asInt(map.get(key), key);
    }

    /** A number; null, which stands for NaN, becomes NaN, but an absent key is an error. */
    double number(String key) {
        Object value = map.get(key);
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        if (value == null && map.containsKey(key)) {
            return Double.NaN;
        }
        throw wrong(key, "a number or null");
    }

    List<?> list(String key) {
        if (map.get(key) instanceof List<?> list) {
            return list;
        }
        throw wrong(key, "a list");
    }

    List<Integer> integers(String key) {
        return list(key).stream().map(item -> asInt(item, key)).toList();
    }

    List<String> texts(String key) {
        return list(key).stream()
                .map(item -> {
                    if (item instanceof String text) {
                        return text;
                    }
                    throw wrong(key, "a list of texts");
                })
                .toList();
    }

    Fields object(String key) {
        if (map.get(key) instanceof Map<?, ?> inner) {
            return new Fields(inner, place + ", " + key);
        }
        throw wrong(key, "an object");
    }

    int asInt(Object value, String key) {
        if (value instanceof Long number && number == number.intValue()) {
            return number.intValue();
        }
        throw wrong(key, "whole numbers of 32 bits");
    }

    private IllegalArgumentException wrong(String key, String wanted) {
        Object value = map.get(key);
        return new IllegalArgumentException(place + " has for '" + key + "' "
                + (map.containsKey(key)
                        ? "a " + (value == null ? "null" : value.getClass().getSimpleName())
                        : "nothing")
                + " where " + wanted + " must stand");
    }
}
