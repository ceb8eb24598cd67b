package org.apmae.models.safetensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Consumer;
import org.apmae.models.runtime.Precision;

/** Named tensors of a checkpoint, in one file or several. Thread-safe until closed. */
public interface Weights extends AutoCloseable {
    /**
     * Returns the names of all tensors.
     *
     * @return an immutable set, in file order
     */
    Set<String> names();

    /**
     * Returns type and shape of a tensor.
     *
     * @param name the tensor
     * @return where it lies
     * @throws ModelFileException if there is no such tensor
     */
    TensorInfo info(String name);

    /**
     * Reads a floating-point tensor.
     *
     * @param name the tensor
     * @return its elements, row by row, as 32-bit numbers
     * @throws ModelFileException if there is no such tensor or it holds integers
     */
    float[] floats(String name);

    /**
     * Reads an integer tensor.
     *
     * @param name the tensor
     * @return its elements, row by row
     * @throws ModelFileException if there is no such tensor or it holds floating-point numbers
     */
    long[] longs(String name);

    /**
     * Loads a tensor to the owner's device.
     *
     * @param owner owner of the result
     * @param name the tensor
     * @return float32 for every floating-point type, int64 for every integer type
     * @throws ModelFileException if there is no such tensor
     */
    NDArray load(NDManager owner, String name);

    /**
     * Loads a floating-point tensor to the owner's device in a certain precision. Where a large file holds it in that precision
     * already and the device is the CPU, the result is a view of the file mapped into memory: the file must then stay as it is
     * until the result is closed.
     *
     * @param owner owner of the result
     * @param name the tensor
     * @param precision of the result; a bf16 array can be handed to a {@link org.apmae.models.runtime.ScriptModule} only,
     *     because DJL knows no such type
     * @param stored is given every byte of the tensor as it is stored, in order, for a checksum; the buffer is reused
     * @return the tensor
     * @throws ModelFileException if there is no such tensor or it holds integers
     */
    NDArray load(NDManager owner, String name, Precision precision, Consumer<ByteBuffer> stored);

    /**
     * Loads a floating-point tensor that must have a certain shape.
     *
     * @param owner owner of the result
     * @param name the tensor
     * @param shape the shape it must have
     * @return float32
     * @throws ModelFileException if there is no such tensor or it has another shape
     */
    default NDArray load(NDManager owner, String name, long... shape) {
        check(name, shape);
        return load(owner, name);
    }

    /**
     * Checks the shape of a tensor, without reading it.
     *
     * @param name the tensor
     * @param shape the shape it must have
     * @throws ModelFileException if there is no such tensor or it has another shape
     */
    default void check(String name, long... shape) {
        TensorInfo info = info(name);
        if (!info.hasShape(shape)) {
            throw new ModelFileException(source() + " holds '" + name + "' with the shape " + info.shape()
                    + ", but config.json asks for " + Arrays.toString(shape)
                    + "; take both files from the same checkpoint");
        }
    }

    /**
     * Returns where the tensors come from, for messages.
     *
     * @return a path
     */
    String source();

    /** Closes the files. Calling it again does nothing. */
    @Override
    void close();
}
