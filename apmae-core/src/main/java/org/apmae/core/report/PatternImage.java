package org.apmae.core.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/**
 * Draws one attention pattern: queries from top to bottom, keys from left to right, every weight as a square.
 *
 * <p>What is not a number is grey; so masked patches of a reconstruction are shown by NaN. Immutable and thread-safe; every
 * {@code with} method returns a changed copy.
 */
public final class PatternImage {
    private static final int MAX_PIXELS = 8192;
    private static final int PAD = 8;
    private static final Color INK = new Color(0x30, 0x30, 0x30);

    private final float[][] values;
    private final int cell;
    private final String title;
    private final List<String> tokens;
    private final boolean axes;
    private final boolean colourBar;
    private final double low;
    private final double high;

    private PatternImage(
            float[][] values,
            int cell,
            String title,
            List<String> tokens,
            boolean axes,
            boolean colourBar,
            double low,
            double high) {
        this.values = values;
        this.cell = cell;
        this.title = title;
        this.tokens = tokens;
        this.axes = axes;
        this.colourBar = colourBar;
        this.low = low;
        this.high = high;
    }

    /**
     * Takes a pattern. Without further settings it is drawn alone, one pixel for a weight, from its smallest to its largest
     * value (or, where all are equal, up to one more than that, so that all are dark).
     *
     * @param pattern S rows (queries) of S weights (keys); copied
     * @return the picture to be
     * @throws IllegalArgumentException if the pattern is empty or not square
     */
    public static PatternImage of(float[][] pattern) {
        if (pattern.length == 0 || pattern.length > MAX_PIXELS) {
            throw new IllegalArgumentException(
                    "a pattern of " + pattern.length + " tokens cannot be drawn; 1 to " + MAX_PIXELS + " can");
        }
        float[][] copy = new float[pattern.length][];
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < copy.length; i++) {
            copy[i] = pattern[i].clone();
            if (copy[i].length != copy.length) {
                throw new IllegalArgumentException("row " + i + " of the pattern has " + copy[i].length
                        + " weights, but there are " + copy.length + " rows; a pattern is square");
            }
            for (float value : copy[i]) {
                if (Float.isFinite(value)) {
                    low = Math.min(low, value);
                    high = Math.max(high, value);
                }
            }
        }
        if (low > high) {
            low = 0;
        }
        if (low >= high) {
            high = low + 1;
        }
        return new PatternImage(copy, 1, "", List.of(), false, false, low, high);
    }

    /**
     * Takes a square pattern that is stored row after row.
     *
     * @param pattern S times S weights
     * @param size S
     * @return the picture to be
     * @throws IllegalArgumentException if there are not S times S weights
     */
    public static PatternImage of(float[] pattern, int size) {
        if (size < 1 || pattern.length != (long) size * size) {
            throw new IllegalArgumentException(
                    "there are " + pattern.length + " weights, not those of a square pattern of " + size + " tokens");
        }
        float[][] rows = new float[size][size];
        for (int i = 0; i < size; i++) {
            System.arraycopy(pattern, i * size, rows[i], 0, size);
        }
        return of(rows);
    }

    /**
     * Sets how large a weight is drawn.
     *
     * @param pixels side of a square, 1 to 64; the whole pattern may have 8,192 pixels
     * @return a copy
     * @throws IllegalArgumentException if it is out of range
     */
    public PatternImage withCell(int pixels) {
        if (pixels < 1 || pixels > 64 || (long) pixels * values.length > MAX_PIXELS) {
            throw new IllegalArgumentException("a cell of " + pixels + " pixels is out of range for " + values.length
                    + " tokens; it is 1 to 64, and the pattern at most " + MAX_PIXELS + " pixels wide");
        }
        return new PatternImage(values, pixels, title, tokens, axes, colourBar, low, high);
    }

    /**
     * Sets a line above the pattern.
     *
     * @param text the line; shortened where it is too long; empty for none
     * @return a copy
     */
    public PatternImage withTitle(String text) {
        return new PatternImage(values, cell, text, tokens, axes, colourBar, low, high);
    }

    /**
     * Asks for axes with positions.
     *
     * @return a copy
     */
    public PatternImage withAxes() {
        return new PatternImage(values, cell, title, tokens, true, colourBar, low, high);
    }

    /**
     * Asks for axes with tokens; where cells are smaller than text, every second, fifth or tenth token (and so on) is named.
     *
     * @param labels S texts; white space and control characters are made visible, long ones are shortened
     * @return a copy
     * @throws IllegalArgumentException if there are not S labels
     */
    public PatternImage withTokens(List<String> labels) {
        if (labels.size() != values.length) {
            throw new IllegalArgumentException("there are " + labels.size() + " token labels for a pattern of "
                    + values.length + " tokens; give one for each");
        }
        return new PatternImage(values, cell, title, List.copyOf(labels), true, colourBar, low, high);
    }

    /**
     * Asks for a bar that shows which colour means which value.
     *
     * @return a copy
     */
    public PatternImage withColourBar() {
        return new PatternImage(values, cell, title, tokens, axes, true, low, high);
    }

    /**
     * Sets the values that the ends of the colour scale stand for, so that several pictures can be compared.
     *
     * @param least value of the darkest colour
     * @param most value of the lightest colour, larger
     * @return a copy
     * @throws IllegalArgumentException if they are not finite and in order
     */
    public PatternImage withRange(double least, double most) {
        if (!(least < most) || Double.isInfinite(least) || Double.isInfinite(most)) {
            throw new IllegalArgumentException(
                    "the range from " + least + " to " + most + " is none; give two finite numbers, the smaller first");
        }
        return new PatternImage(values, cell, title, tokens, axes, colourBar, least, most);
    }

    /**
     * Draws the picture.
     *
     * @return the picture; without title, axes and colour bar it has S times the cell size pixels on each side
     */
    public Picture draw() {
        int side = values.length * cell;
        Font font = BundledFont.size(axes && !tokens.isEmpty() ? Math.max(9, Math.min(13, cell)) : 11);
        BufferedImage scratch = Picture.canvas(1, 1);
        FontMetrics metrics = Picture.graphics(scratch).getFontMetrics(font);
        int line = metrics.getHeight();
        int labels = axes ? longestLabel(metrics) + 6 : 0;
        boolean framed = axes || colourBar || !title.isEmpty();
        int left = axes ? labels + line + PAD : framed ? PAD : 0;
        int top = title.isEmpty() ? (framed ? PAD : 0) : line + PAD + PAD / 2;
        int bottom = axes ? labels + line + PAD : framed ? PAD : 0;
        int right = colourBar ? PAD + 12 + 6 + metrics.stringWidth(number(low) + "00") : framed ? PAD : 0;
        BufferedImage image = Picture.canvas(left + side + right, top + side + bottom);
        Graphics2D graphics = Picture.graphics(image);
        graphics.setFont(font);
        paintCells(image, left, top);
        graphics.setColor(INK);
        if (!title.isEmpty()) {
            graphics.drawString(fit(title, metrics, side + right - PAD), left, PAD / 2 + metrics.getAscent());
        }
        if (axes) {
            paintAxes(graphics, metrics, left, top, side);
        }
        if (colourBar) {
            paintBar(image, graphics, metrics, left + side + PAD, top, side);
        }
        graphics.dispose();
        return new Picture(image);
    }

    private void paintCells(BufferedImage image, int left, int top) {
        for (int row = 0; row < values.length; row++) {
            for (int column = 0; column < values.length; column++) {
                int rgb = ColourScale.SEQUENTIAL.rgb(share(values[row][column]));
                for (int y = 0; y < cell; y++) {
                    for (int x = 0; x < cell; x++) {
                        image.setRGB(left + column * cell + x, top + row * cell + y, rgb);
                    }
                }
            }
        }
    }

    private double share(float value) {
        return Float.isFinite(value) ? (value - low) / (high - low) : Double.NaN;
    }

    private void paintAxes(Graphics2D graphics, FontMetrics metrics, int left, int top, int side) {
        int step = labelStep(metrics);
        for (int i = 0; i < values.length; i += step) {
            String label = label(i);
            int middle = i * cell + cell / 2;
            int drop = (metrics.getAscent() - metrics.getDescent()) / 2;
            graphics.drawString(label, left - 5 - metrics.stringWidth(label), top + middle + drop);
            graphics.drawLine(left - 3, top + middle, left - 1, top + middle);
            graphics.drawLine(left + middle, top + side, left + middle, top + side + 2);
            if (tokens.isEmpty()) {
                graphics.drawString(
                        label, left + middle - metrics.stringWidth(label) / 2, top + side + 5 + metrics.getAscent());
            } else {
                upright(graphics, label, left + middle + drop, top + side + 5 + metrics.stringWidth(label));
            }
        }
        String keys = "key position";
        graphics.drawString(
                keys,
                left + Math.max(0, (side - metrics.stringWidth(keys)) / 2),
                top + side + longestLabel(metrics) + 8 + metrics.getAscent());
        String queries = "query position";
        upright(
                graphics,
                queries,
                metrics.getAscent() + 2,
                top + Math.max(metrics.stringWidth(queries), (side + metrics.stringWidth(queries)) / 2));
    }

    private static void upright(Graphics2D graphics, String text, int x, int y) {
        AffineTransform before = graphics.getTransform();
        graphics.translate(x, y);
        graphics.rotate(-Math.PI / 2);
        graphics.drawString(text, 0, 0);
        graphics.setTransform(before);
    }

    private void paintBar(BufferedImage image, Graphics2D graphics, FontMetrics metrics, int x, int top, int side) {
        for (int y = 0; y < side; y++) {
            int rgb = ColourScale.SEQUENTIAL.rgb(side == 1 ? 1 : 1 - (double) y / (side - 1));
            for (int i = 0; i < 12; i++) {
                image.setRGB(x + i, top + y, rgb);
            }
        }
        graphics.drawString(number(high), x + 17, top + metrics.getAscent());
        if (side > 3 * metrics.getHeight()) {
            graphics.drawString(number(low), x + 17, top + side - metrics.getDescent());
        }
    }

    private int labelStep(FontMetrics metrics) {
        int needed = tokens.isEmpty() ? metrics.stringWidth("0000") : metrics.getHeight() - 2;
        int[] nice = {1, 2, 5, 10, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
        for (int step : nice) {
            if (step * cell >= needed) {
                return step;
            }
        }
        return values.length;
    }

    private int longestLabel(FontMetrics metrics) {
        int longest = 0;
        int step = labelStep(metrics);
        for (int i = 0; i < values.length; i += step) {
            longest = Math.max(longest, metrics.stringWidth(label(i)));
        }
        return tokens.isEmpty() ? Math.max(longest, metrics.getHeight()) : longest;
    }

    private String label(int index) {
        return tokens.isEmpty() ? Integer.toString(index) : visible(tokens.get(index));
    }

    static String visible(String token) {
        StringBuilder text = new StringBuilder();
        token.codePoints().limit(15).forEach(c -> {
            switch (c) {
                case '\n' -> text.append('\u21b5');
                case '\t' -> text.append('\u2192');
                case ' ' -> text.append('\u00b7');
                default -> text.appendCodePoint(Character.isISOControl(c) ? '\u25a1' : c);
            }
        });
        if (token.codePointCount(0, token.length()) > 15) {
            text.append('\u2026');
        }
        return text.toString();
    }

    private static String fit(String text, FontMetrics metrics, int width) {
        if (metrics.stringWidth(text) <= width) {
            return text;
        }
        int end = text.length();
        while (end > 0 && metrics.stringWidth(text.substring(0, end) + "\u2026") > width) {
            end = text.offsetByCodePoints(end, -1);
        }
        return text.substring(0, end) + "\u2026";
    }

    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e6) {
            return Long.toString((long) value);
        }
        return String.format(Locale.ROOT, Math.abs(value) < 0.01 || Math.abs(value) >= 1e4 ? "%.1e" : "%.3f", value);
    }
}
