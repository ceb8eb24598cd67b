package org.apmae.core.store;

import java.io.Serializable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.apmae.core.model.HeadId;

/**
 * The encodings of all heads for some consecutive scenarios, in memory, as the store takes them.
 *
 * <p>Different threads may fill different encodings at the same time; all must have ended, in a way that the appending thread
 * sees, before the block is appended.
 *
 * @see EncodingStore.Writer#append
 */
@SuppressWarnings("serial") // its lists and maps are serializable ones
public final class EncodingBlock implements Serializable {
    private static final long serialVersionUID = 1;

    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private final List<HeadId> heads;
    private final Map<HeadId, Integer> headIndex = new HashMap<>();
    private final List<String> ids;
    private final int width;
    private byte[] bytes;
    private final boolean[] written;

    /** Takes memory of a block that was appended, if there is some of the right size: fresh memory costs more than filling. */
    EncodingBlock(List<HeadId> heads, List<String> scenarioIds, int width, Queue<byte[]> spare) {
        this.heads = heads;
        this.ids = List.copyOf(scenarioIds);
        this.width = width;
        long size = (long) heads.size() * ids.size() * width * Short.BYTES;
        if (ids.isEmpty() || size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a block of " + ids.size() + " scenarios with " + heads.size()
                    + " heads and width " + width
                    + " cannot be made; it holds 1 scenario or more, and less than 2 GB");
        }
        if (new HashSet<>(ids).size() != ids.size()) {
            throw new IllegalArgumentException("a scenario stands twice among " + ids + "; name each id once");
        }
        for (HeadId head : heads) {
            headIndex.put(head, headIndex.size());
        }
        byte[] used = spare.poll();
        bytes = used != null && used.length == size ? used : new byte[(int) size];
        written = new boolean[heads.size() * ids.size()];
    }

    /**
     * Returns the scenarios of the rows.
     *
     * @return n ids
     */
    public List<String> scenarioIds() {
        return ids;
    }

    /**
     * Sets one encoding.
     *
     * @param head one of the store's heads
     * @param row the scenario's row in this block, 0 to n - 1
     * @param values holds the encoding, F finite numbers, each at most 65,504 in magnitude; rounded to the nearest 16-bit
     *     float, ties to even
     * @param offset where in the array the encoding starts
     * @throws IllegalArgumentException if the head or row is unknown, was set before, or the encoding does not fit
     */
    public void put(HeadId head, int row, float[] values, int offset) {
        checkOpen();
        Integer index = headIndex.get(head);
        if (index == null || row < 0 || row >= ids.size()) {
            throw new IllegalArgumentException("there is no row " + row + " of head " + head + "; the block has "
                    + ids.size() + " rows of " + heads.size() + " heads");
        }
        if (offset < 0 || values.length - offset < width) {
            throw new IllegalArgumentException("the encoding of head " + head + ", scenario " + ids.get(row) + " has "
                    + (values.length - offset) + " numbers where " + width + " are stored");
        }
        int cell = index * ids.size() + row;
        if (written[cell]) {
            throw new IllegalArgumentException(
                    "the encoding of head " + head + ", scenario " + ids.get(row) + " is stored already");
        }
        int at = cell * width * Short.BYTES;
        for (int i = 0; i < width; i++) {
            float value = values[offset + i];
            if (!(Math.abs(value) <= Half.MAX)) {
                throw new IllegalArgumentException("the encoding of head " + head + ", scenario " + ids.get(row)
                        + " contains " + value + "; only numbers from -65504 to 65504 fit into 16 bits");
            }
            SHORTS.set(bytes, at + i * Short.BYTES, Half.of(value));
        }
        written[cell] = true;
    }

    /** One piece for each head, in the order of the heads; refuses a block with gaps. */
    List<ByteBuffer> pieces() {
        checkOpen();
        int rows = ids.size();
        for (int cell = 0; cell < written.length; cell++) {
            if (!written[cell]) {
                throw new IllegalStateException("the encoding of head " + heads.get(cell / rows) + ", scenario "
                        + ids.get(cell % rows) + " was not stored; store all before appending the block");
            }
        }
        int piece = rows * width * Short.BYTES;
        ArrayList<ByteBuffer> pieces = new ArrayList<>();
        for (int head = 0; head < heads.size(); head++) {
            pieces.add(ByteBuffer.wrap(bytes, head * piece, piece));
        }
        return pieces;
    }

    /** Gives the memory away; the block is used up. */
    byte[] release() {
        byte[] given = bytes;
        bytes = null;
        return given;
    }

    private void checkOpen() {
        if (bytes == null) {
            throw new IllegalStateException("this block was appended; make another one for the next scenarios");
        }
    }
}
