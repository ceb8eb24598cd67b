package org.apmae.core.store;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.apmae.core.model.HeadId;

/**
 * One attention pattern as it is kept: the lower triangle with the diagonal, row by row, in 16-bit floats. Weights below
 * 3e-8 become 0; the others keep 11 bits, or less below 6e-5. Immutable and thread-safe.
 */
public final class PatternTriangle implements Serializable {
    private static final long serialVersionUID = 1;

    private final String scenarioId;
    private final HeadId head;
    private final int tokens;
    private final byte[] bytes;

    private PatternTriangle(String scenarioId, HeadId head, int tokens, byte[] bytes) {
        this.scenarioId = scenarioId;
        this.head = head;
        this.tokens = tokens;
        this.bytes = bytes;
    }

    /**
     * Takes the lower triangle of a pattern.
     *
     * @param scenarioId the scenario
     * @param head the head
     * @param tokens S, 1 to 16,384
     * @param weights holds S x S weights from 0 to 1, row by row; those above the diagonal are not looked at
     * @param offset where in the array the pattern starts
     * @return the triangle
     * @throws IllegalArgumentException if the array is too short, S out of range, or a weight is no number from 0 to 65,504
     */
    public static PatternTriangle of(String scenarioId, HeadId head, int tokens, float[] weights, int offset) {
        if (tokens < 1 || tokens > 1 << 14 || offset < 0 || weights.length - offset < tokens * tokens) {
            throw new IllegalArgumentException("a pattern of " + tokens + " tokens does not lie in "
                    + (weights.length - offset) + " numbers; give S x S of them, with S from 1 to 16384");
        }
        ByteBuffer buffer = ByteBuffer.allocate(size(tokens)).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < tokens; row++) {
            for (int column = 0; column <= row; column++) {
                float weight = weights[offset + row * tokens + column];
                if (!(weight >= 0 && weight <= Half.MAX)) {
                    throw new IllegalArgumentException("the pattern of head " + head + ", scenario " + scenarioId
                            + " holds " + weight + "; attention weights lie in [0, 1]: record it again");
                }
                buffer.putShort(Half.of(weight));
            }
        }
        return new PatternTriangle(scenarioId, head, tokens, buffer.array());
    }

    /**
     * Takes back what {@link #bytes()} gave.
     *
     * @param scenarioId the scenario
     * @param head the head
     * @param tokens S, 1 to 16,384
     * @param bytes the triangle, S (S + 1) bytes; not copied
     * @return the triangle
     * @throws IllegalArgumentException if S is out of range or does not fit the number of bytes
     */
    public static PatternTriangle ofBytes(String scenarioId, HeadId head, int tokens, byte[] bytes) {
        if (tokens < 1 || tokens > 1 << 14 || bytes.length != size(tokens)) {
            throw new IllegalArgumentException(bytes.length + " bytes are no pattern of " + tokens
                    + " tokens; S tokens, 1 to 16384, have S (S + 1) bytes");
        }
        return new PatternTriangle(scenarioId, head, tokens, bytes);
    }

    static int size(int tokens) {
        return tokens * (tokens + 1) / 2 * Short.BYTES;
    }

    /**
     * Returns the scenario.
     *
     * @return its id
     */
    public String scenarioId() {
        return scenarioId;
    }

    /**
     * Returns the head.
     *
     * @return the head
     */
    public HeadId head() {
        return head;
    }

    /**
     * Returns the number of tokens.
     *
     * @return S
     */
    public int tokens() {
        return tokens;
    }

    /**
     * Returns the pattern.
     *
     * @return S rows of S weights, each a 16-bit float, 0 above the diagonal; the caller's own
     */
    public float[][] weights() {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        float[][] weights = new float[tokens][tokens];
        for (int row = 0; row < tokens; row++) {
            for (int column = 0; column <= row; column++) {
                weights[row][column] = Half.toFloat(buffer.getShort());
            }
        }
        return weights;
    }

    /**
     * Returns the lower triangle with the diagonal, row by row.
     *
     * @return S (S + 1) bytes of little-endian 16-bit floats; cannot be changed
     */
    public ByteBuffer bytes() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    int crc32c() {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
