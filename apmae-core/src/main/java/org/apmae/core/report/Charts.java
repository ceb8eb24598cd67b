package org.apmae.core.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.knowm.xchart.style.theme.MatlabTheme;

/**
 * Draws the charts of a study, in colours that colour-blind readers can tell apart, with different markers as well.
 *
 * <p>Stateless and thread-safe; needs neither a display nor fonts.
 */
public final class Charts {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 440;
    private static final double SLANT = Math.toRadians(35);
    private static final Color INK = new Color(0x30, 0x30, 0x30);
    private static final Color GRID = new Color(0xe4, 0xe4, 0xe4);
    private static final Color BORDER = new Color(0xb0, 0xb0, 0xb0);

    /** The palette of Okabe and Ito (2008), yellow left out because it is too light for lines. */
    private static final int[] PALETTE = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xe69f00, 0x404040};

    private Charts() {}

    /**
     * Draws lines; intervals become bands.
     *
     * @param labels the words
     * @param series one or more, with positions that do not fall
     * @return the chart
     * @throws IllegalArgumentException if there is nothing to draw, or two series have one name
     */
    public static Picture lines(ChartLabels labels, List<Series> series) {
        return draw(labels, series, false, true);
    }

    /**
     * Draws lines over a logarithmic horizontal axis; intervals become bands.
     *
     * @param labels the words
     * @param series one or more, with positions above 0 that do not fall
     * @return the chart
     * @throws IllegalArgumentException if there is nothing to draw, a position is not above 0, or two series have one name
     */
    public static Picture linesLogX(ChartLabels labels, List<Series> series) {
        for (Series each : series) {
            for (int i = 0; i < each.size(); i++) {
                if (each.x(i) <= 0) {
                    throw new IllegalArgumentException("the series '" + each.name() + "' has the position " + each.x(i)
                            + ", which a logarithmic axis cannot show; use positions above 0 or Charts.lines");
                }
            }
        }
        return draw(labels, series, true, true);
    }

    /**
     * Draws points.
     *
     * @param labels the words
     * @param series one or more; intervals are not drawn
     * @return the chart
     * @throws IllegalArgumentException if there is nothing to draw, or two series have one name
     */
    public static Picture scatter(ChartLabels labels, List<Series> series) {
        return draw(labels, series, false, false);
    }

    /**
     * Draws horizontal bars, the first category at the top.
     *
     * @param labels the words; {@code x} names the values
     * @param categories names of the bars, each once
     * @param values one finite value for each
     * @return the chart
     * @throws IllegalArgumentException if there is nothing to draw, a name stands twice, or a value is not finite
     */
    public static Picture bars(ChartLabels labels, List<String> categories, double[] values) {
        if (categories.isEmpty() || values.length != categories.size()) {
            throw new IllegalArgumentException("there are " + categories.size() + " bars and " + values.length
                    + " values; give at least one bar, and one value for each");
        }
        if (new HashSet<>(categories).size() != categories.size()) {
            throw new IllegalArgumentException("two of the bars " + categories + " have the same name");
        }
        List<Double> x = new ArrayList<>();
        double largest = 0;
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(
                        "a bar of length " + value + " cannot be drawn; use a finite number");
            }
            largest = Math.max(largest, Math.abs(value));
            x.add(value);
        }
        HorizontalBarChart chart = new HorizontalBarChart(WIDTH, Math.max(160, 110 + 24 * categories.size()));
        style(chart.getStyler(), new MatlabTheme());
        words(chart::setTitle, chart::setXAxisTitle, chart::setYAxisTitle, labels);
        chart.getStyler().setChartTitleVisible(!labels.title().isEmpty());
        chart.getStyler().setYAxisTitleVisible(!labels.y().isEmpty());
        chart.getStyler().setLegendVisible(false);
        chart.getStyler().setAvailableSpaceFill(0.75);
        // XChart thins the names of categories by the hint of the other axis; it still keeps the numbers apart.
        chart.getStyler().setXAxisTickMarkSpacingHint(14);
        chart.getStyler().setSeriesColors(new Color[] {new Color(PALETTE[0])});
        chart.getStyler().setXAxisTickLabelsFormattingFunction(Charts::number);
        if (largest == 0) {
            chart.getStyler().setXAxisMin(0.0);
            chart.getStyler().setXAxisMax(1.0);
        }
        chart.addSeries(labels.x().isEmpty() ? "value" : labels.x(), x, categories);
        return Picture.chart(
                chart.getWidth(),
                chart.getHeight(),
                graphics -> chart.paint(graphics, chart.getWidth(), chart.getHeight()));
    }

    /**
     * Draws values with their intervals over categories: a marker for the value and a whisker for the interval, series side
     * by side.
     *
     * @param labels the words
     * @param categories names along the horizontal axis
     * @param series one or more from {@link Series#values}, with a value for each category
     * @return the chart
     * @throws IllegalArgumentException if there is nothing to draw, sizes differ, or two series have one name
     */
    public static Picture intervals(ChartLabels labels, List<String> categories, List<Series> series) {
        check(series);
        XYChart chart = chart(new ChartLabels(labels.title(), "", labels.y()), false);
        chart.getStyler().setXAxisMin(-0.6);
        chart.getStyler().setXAxisMax(categories.size() - 0.4);
        chart.getStyler().setXAxisTicksVisible(false);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        for (int s = 0; s < series.size(); s++) {
            Series each = series.get(s);
            if (each.size() != categories.size()) {
                throw new IllegalArgumentException("the series '" + each.name() + "' has " + each.size()
                        + " values for " + categories.size() + " categories; give one for each");
            }
            double shift = series.size() == 1 ? 0 : 0.5 * s / (series.size() - 1) - 0.25;
            for (int i = 0; i < each.size(); i++) {
                if (each.hasInterval(i)) {
                    double x = each.x(i) + shift;
                    XYSeries whisker = chart.addSeries(
                            each.name() + " interval " + i, new double[] {x, x}, new double[] {each.low(i), each.high(i)
                            });
                    whisker.setShowInLegend(false);
                    whisker.setMarker(SeriesMarkers.NONE);
                    whisker.setLineColor(colour(s));
                    whisker.setLineStyle(new BasicStroke(1.6f));
                }
            }
            XYSeries points = add(chart, each, shift, s);
            if (points != null) {
                points.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
            }
        }
        return nameCategories(chart, labels.x(), categories);
    }

    /** Writes the names below the chart ourselves: XChart's numerical axis puts its ticks where it likes. */
    private static Picture nameCategories(XYChart chart, String title, List<String> categories) {
        // Where the chart puts its values is known once it has been painted.
        BufferedImage plot = Picture.canvas(chart.getWidth(), chart.getHeight());
        Graphics2D measure = Picture.graphics(plot);
        chart.paint(measure, chart.getWidth(), chart.getHeight());
        measure.setFont(BundledFont.size(11));
        FontMetrics metrics = measure.getFontMetrics();
        int longest = 0;
        for (String category : categories) {
            longest = Math.max(longest, metrics.stringWidth(category));
        }
        double room = chart.getScreenXFromChart(1) - chart.getScreenXFromChart(0);
        boolean slanted = longest + 8 > room;
        measure.dispose();
        int names = metrics.getHeight() + (slanted ? (int) Math.ceil(longest * Math.sin(SLANT)) : 0);
        int below = names + (title.isEmpty() ? 6 : metrics.getHeight() + 10);
        int height = chart.getHeight() + below;
        return Picture.chart(chart.getWidth(), height, graphics -> {
            chart.paint(graphics, chart.getWidth(), chart.getHeight());
            graphics.setColor(INK);
            graphics.setFont(BundledFont.size(11));
            int top = chart.getHeight() - 4;
            for (int i = 0; i < categories.size(); i++) {
                int width = metrics.stringWidth(categories.get(i));
                double x = chart.getScreenXFromChart(i);
                AffineTransform before = graphics.getTransform();
                graphics.translate(slanted ? x + 4 : x - width / 2.0, top + metrics.getAscent());
                if (slanted) {
                    graphics.rotate(-SLANT);
                    graphics.drawString(categories.get(i), -width, 0);
                } else {
                    graphics.drawString(categories.get(i), 0, 0);
                }
                graphics.setTransform(before);
            }
            if (!title.isEmpty()) {
                double middle = (chart.getScreenXFromChart(0) + chart.getScreenXFromChart(categories.size() - 1)) / 2;
                graphics.drawString(
                        title, (float) (middle - metrics.stringWidth(title) / 2.0), height - metrics.getDescent() - 4);
            }
        });
    }

    private static Picture draw(ChartLabels labels, List<Series> series, boolean logX, boolean lines) {
        check(series);
        XYChart chart = chart(labels, logX);
        if (lines) {
            for (int s = 0; s < series.size(); s++) {
                addBand(chart, series.get(s), s);
            }
        }
        for (int s = 0; s < series.size(); s++) {
            XYSeries added = add(chart, series.get(s), 0, s);
            if (added != null && !lines) {
                added.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
            }
        }
        return Picture.chart(
                chart.getWidth(),
                chart.getHeight(),
                graphics -> chart.paint(graphics, chart.getWidth(), chart.getHeight()));
    }

    /** Adds the points that have a value; null where none has. */
    private static XYSeries add(XYChart chart, Series series, double shift, int index) {
        double[] x = new double[series.size()];
        double[] y = new double[series.size()];
        int count = 0;
        for (int i = 0; i < x.length; i++) {
            if (Double.isFinite(series.y(i))) {
                x[count] = series.x(i) + shift;
                y[count++] = series.y(i);
            }
        }
        if (count == 0) {
            return null;
        }
        XYSeries added = chart.addSeries(series.name(), Arrays.copyOf(x, count), Arrays.copyOf(y, count));
        added.setMarker(marker(index));
        added.setMarkerColor(colour(index));
        added.setLineColor(colour(index));
        added.setLineStyle(new BasicStroke(2f));
        return added;
    }

    private static void addBand(XYChart chart, Series series, int index) {
        List<Integer> with = new ArrayList<>();
        for (int i = 0; i < series.size(); i++) {
            if (series.hasInterval(i)) {
                with.add(i);
            }
        }
        int n = with.size();
        if (n < 2) {
            return;
        }
        double[] x = new double[2 * n];
        double[] y = new double[2 * n];
        for (int k = 0; k < n; k++) {
            int i = with.get(k);
            x[k] = series.x(i);
            y[k] = series.low(i);
            x[2 * n - 1 - k] = series.x(i);
            y[2 * n - 1 - k] = series.high(i);
        }
        XYSeries band = chart.addSeries(series.name() + " interval", x, y);
        band.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
        band.setShowInLegend(false);
        band.setMarker(SeriesMarkers.NONE);
        Color colour = colour(index);
        band.setFillColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 40));
        band.setLineColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 60));
        band.setLineStyle(new BasicStroke(0.5f));
    }

    private static void check(List<Series> series) {
        Set<String> names = new HashSet<>();
        boolean any = false;
        for (Series each : series) {
            if (!names.add(each.name())) {
                throw new IllegalArgumentException(
                        "two series are called '" + each.name() + "'; give each its own name");
            }
            for (int i = 0; i < each.size(); i++) {
                any |= Double.isFinite(each.y(i));
            }
        }
        if (!any) {
            throw new IllegalArgumentException(
                    "there is no value to draw in " + series.size() + " series; give at least one point");
        }
    }

    private static XYChart chart(ChartLabels labels, boolean logX) {
        XYChart chart = new XYChart(WIDTH, HEIGHT);
        style(chart.getStyler(), new MatlabTheme());
        words(chart::setTitle, chart::setXAxisTitle, chart::setYAxisTitle, labels);
        chart.getStyler().setChartTitleVisible(!labels.title().isEmpty());
        chart.getStyler().setXAxisTitleVisible(!labels.x().isEmpty());
        chart.getStyler().setYAxisTitleVisible(!labels.y().isEmpty());
        chart.getStyler().setXAxisLogarithmic(logX);
        chart.getStyler().setXAxisLogarithmicDecadeOnly(false);
        chart.getStyler().setXAxisTickLabelsFormattingFunction(Charts::number);
        chart.getStyler().setYAxisTickLabelsFormattingFunction(Charts::number);
        return chart;
    }

    private static void words(Consumer<String> title, Consumer<String> x, Consumer<String> y, ChartLabels labels) {
        title.accept(labels.title());
        x.accept(labels.x());
        y.accept(labels.y());
    }

    private static void style(AxesChartStyler styler, MatlabTheme theme) {
        styler.setTheme(theme);
        Font text = BundledFont.size(12);
        styler.setBaseFont(text);
        styler.setChartTitleFont(BundledFont.size(14));
        styler.setLegendFont(text);
        styler.setAxisTitleFont(text);
        styler.setAxisTickLabelsFont(BundledFont.size(11));
        styler.setAnnotationTextFont(text);
        styler.setAnnotationTextPanelFont(text);
        styler.setLocale(Locale.ROOT);
        styler.setAntiAlias(true);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setChartFontColor(INK);
        styler.setAxisTickLabelsColor(INK);
        styler.setPlotBorderColor(BORDER);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(1f));
        styler.setPlotTicksMarksVisible(false);
        styler.setAxisTickMarksColor(BORDER);
        styler.setChartTitleBoxVisible(false);
        styler.setLegendPosition(Styler.LegendPosition.OutsideE);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setMarkerSize(8);
        styler.setChartPadding(12);
    }

    private static Color colour(int index) {
        return new Color(PALETTE[index % PALETTE.length]);
    }

    private static Marker marker(int index) {
        Marker[] markers = {
            SeriesMarkers.CIRCLE,
            SeriesMarkers.SQUARE,
            SeriesMarkers.DIAMOND,
            SeriesMarkers.TRIANGLE_UP,
            SeriesMarkers.TRIANGLE_DOWN,
            SeriesMarkers.CROSS
        };
        return markers[index % markers.length];
    }

    /** Writes a tick: no more digits than the value has, at most four decimals. */
    private static String number(double value) {
        if (Math.abs(value) >= 1e6 || (value != 0 && Math.abs(value) < 1e-4)) {
            return String.format(Locale.ROOT, "%.1e", value);
        }
        String text = String.format(Locale.ROOT, "%.4f", value);
        text = text.replaceAll("0+$", "");
        text = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        return text.equals("-0") ? "0" : text;
    }
}
