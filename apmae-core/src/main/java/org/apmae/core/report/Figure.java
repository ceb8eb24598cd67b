package org.apmae.core.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A chart in numbers, from which both the page and {@link Charts} draw.
 *
 * @param id short name, also the name of its file
 * @param kind how it is drawn
 * @param labels the words
 * @param categories names along the axis of {@link Kind#INTERVALS}; empty for lines
 * @param series what is drawn
 * @param reference a line that means nothing gained, such as chance; NaN for none
 */
record Figure(
        String id, Kind kind, ChartLabels labels, List<String> categories, List<Series> series, double reference) {
    enum Kind {
        /** Values with intervals over categories. */
        INTERVALS,
        /** Lines over a linear axis. */
        LINES,
        /** Lines over a logarithmic axis. */
        LINES_LOG,
        /** Lines in the unit square, with its diagonal. */
        SQUARE
    }

    Figure {
        categories = List.copyOf(categories);
        series = List.copyOf(series);
    }

    Picture draw() {
        return switch (kind) {
            case INTERVALS -> Charts.intervals(labels, categories, series);
            case LINES, SQUARE -> Charts.lines(labels, withDiagonal());
            case LINES_LOG -> Charts.linesLogX(labels, series);
        };
    }

    private List<Series> withDiagonal() {
        List<Series> all = new ArrayList<>(series);
        if (kind == Kind.SQUARE) {
            all.add(Series.points("diagonal", new double[] {0, 1}, new double[] {0, 1}));
        }
        return all;
    }

    Map<String, Object> json() {
        Map<String, Object> json = new TreeMap<>();
        json.put("id", id);
        json.put("kind", kind.name());
        json.put("title", labels.title());
        json.put("x", labels.x());
        json.put("y", labels.y());
        json.put("reference", reference);
        json.put("categories", categories);
        List<Object> all = new ArrayList<>();
        for (Series each : series) {
            List<Object> points = new ArrayList<>();
            for (int i = 0; i < each.size(); i++) {
                Map<String, Object> point = new TreeMap<>();
                point.put("x", each.x(i));
                point.put("y", each.y(i));
                if (each.hasInterval(i)) {
                    point.put("low", each.low(i));
                    point.put("high", each.high(i));
                }
                points.add(point);
            }
            all.add(Map.of("name", each.name(), "points", points));
        }
        json.put("series", all);
        return json;
    }
}
