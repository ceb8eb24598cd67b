package org.apmae.core.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** A finished picture. Immutable and thread-safe. */
public final class Picture {
    private final BufferedImage image;
    private final String svg;

    Picture(BufferedImage image) {
        this(image, "");
    }

    private Picture(BufferedImage image, String svg) {
        this.image = image;
        this.svg = svg;
    }

    /** Draws a chart in both forms. */
    static Picture chart(int width, int height, SvgGraphics.Drawing drawing) {
        BufferedImage image = canvas(width, height);
        Graphics2D graphics = graphics(image);
        drawing.onto(graphics);
        graphics.dispose();
        return new Picture(image, SvgGraphics.svg(width, height, drawing));
    }

    /**
     * Copies an image.
     *
     * @param image any image; later changes to it have no effect
     * @return the picture
     */
    public static Picture of(BufferedImage image) {
        return new Picture(copy(image));
    }

    /**
     * Puts pictures side by side, aligned at the top, on white.
     *
     * @param pictures one or more
     * @param gap free pixels between neighbours, 0 or more
     * @return the row
     * @throws IllegalArgumentException if there is no picture or the gap is negative
     */
    public static Picture row(List<Picture> pictures, int gap) {
        if (pictures.isEmpty() || gap < 0) {
            throw new IllegalArgumentException("a row of " + pictures.size() + " pictures with a gap of " + gap
                    + " pixels cannot be drawn; give at least one picture and a gap of 0 or more");
        }
        int width = (pictures.size() - 1) * gap;
        int height = 0;
        for (Picture picture : pictures) {
            width += picture.width();
            height = Math.max(height, picture.height());
        }
        BufferedImage row = canvas(width, height);
        Graphics2D graphics = row.createGraphics();
        int x = 0;
        for (Picture picture : pictures) {
            graphics.drawImage(picture.image, x, 0, null);
            x += picture.width() + gap;
        }
        graphics.dispose();
        return new Picture(row);
    }

    /**
     * Returns the width.
     *
     * @return pixels
     */
    public int width() {
        return image.getWidth();
    }

    /**
     * Returns the height.
     *
     * @return pixels
     */
    public int height() {
        return image.getHeight();
    }

    /**
     * Returns the image.
     *
     * @return a copy
     */
    public BufferedImage image() {
        return copy(image);
    }

    /**
     * Returns the colour of one pixel.
     *
     * @param x column from the left, from 0
     * @param y row from the top, from 0
     * @return sRGB as {@code 0xRRGGBB}
     * @throws IndexOutOfBoundsException if the pixel lies outside
     */
    public int rgb(int x, int y) {
        return image.getRGB(x, y) & 0xffffff;
    }

    /**
     * Encodes the picture.
     *
     * @return a PNG file; the same picture gives the same bytes on the same Java runtime
     */
    public byte[] png() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // A memory stream, because the default one puts a cache file on the disk.
        try (ImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            ImageIO.write(image, "png", stream);
        } catch (IOException e) {
            throw new UncheckedIOException("the picture cannot be encoded as PNG", e);
        }
        return out.toByteArray();
    }

    /**
     * Returns a chart as lines and areas, which print sharply at any size.
     *
     * @return an SVG file, text drawn as outlines; empty for pictures that are made of pixels, such as patterns
     */
    public Optional<String> svg() {
        return svg.isEmpty() ? Optional.empty() : Optional.of(svg);
    }

    /**
     * Writes the picture.
     *
     * @param file the file; replaced if it exists. Where its name ends in {@code .svg} a chart is written as SVG, everything
     *     else as PNG
     * @throws IllegalArgumentException if the name ends in {@code .svg} and the picture is made of pixels
     * @throws UncheckedIOException if it cannot be written
     */
    public void write(Path file) {
        boolean lines = file.toString().endsWith(".svg");
        if (lines && svg.isEmpty()) {
            throw new IllegalArgumentException(
                    "a picture made of pixels cannot be written to " + file + "; give a name that ends in .png");
        }
        try {
            Files.write(file, lines ? svg.getBytes(StandardCharsets.UTF_8) : png());
        } catch (IOException e) {
            throw new UncheckedIOException("the picture cannot be written to " + file + ": " + e.getMessage(), e);
        }
    }

    static BufferedImage canvas(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, width, height);
        graphics.dispose();
        return image;
    }

    static Graphics2D graphics(BufferedImage image) {
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        return graphics;
    }

    private static BufferedImage copy(BufferedImage image) {
        BufferedImage copy = canvas(image.getWidth(), image.getHeight());
        Graphics2D graphics = copy.createGraphics();
        graphics.drawImage(image, 0, 0, null);
        graphics.dispose();
        return copy;
    }
}
