package org.apmae.core.report;

import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A pattern as the page holds it: a grey PNG of log-normalised weights, in 64 steps, which the page colours. Log-normalised
 * means that an attention of 1 is 1 and the smallest positive one is 0.
 */
final class PatternPixels {
    static final int STEPS = 64;

    private final int side;
    private final double low;
    private final byte[] png;

    private PatternPixels(int side, double low, byte[] png) {
        this.side = side;
        this.low = low;
        this.png = png;
    }

    /**
     * Draws a pattern.
     *
     * @param weights S rows of S weights
     * @param block tokens to a pixel on either side; the mean over the block below the diagonal is drawn
     */
    static PatternPixels of(float[][] weights, int block) {
        double low = 0;
        for (float[] row : weights) {
            for (float weight : row) {
                if (weight > 0) {
                    low = Math.min(low, Math.log(weight));
                }
            }
        }
        int side = (weights.length + block - 1) / block;
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_BYTE_GRAY);
        WritableRaster raster = image.getRaster();
        for (int y = 0; y < side; y++) {
            for (int x = 0; x <= y; x++) {
                long step = Math.round(mean(weights, low, y * block, x * block, block) * (STEPS - 1));
                raster.setSample(x, y, 0, (int) step * 4);
            }
        }
        return new PatternPixels(side, low, png(image));
    }

    private static double mean(float[][] weights, double low, int query, int key, int block) {
        double sum = 0;
        int count = 0;
        for (int q = query; q < Math.min(weights.length, query + block); q++) {
            for (int k = key; k <= Math.min(q, key + block - 1); k++) {
                float weight = weights[q][k];
                // Where every positive weight is 1, ones stay 1 and the rest 0.
                sum += weight <= 0 ? 0 : low == 0 ? 1 : (Math.log(weight) - low) / -low;
                count++;
            }
        }
        return count == 0 ? 0 : sum / count;
    }

    private static byte[] png(BufferedImage image) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            // The smallest file that the writer makes; quality means speed here.
            param.setCompressionQuality(0);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException("a pattern cannot be encoded as PNG", e);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    /** Pixels on a side. */
    int side() {
        return side;
    }

    /** Logarithm of the smallest positive weight. */
    double low() {
        return low;
    }

    String base64() {
        return Base64.getEncoder().encodeToString(png);
    }
}
