package org.apmae.models.safetensors;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.Precision;
import org.apmae.models.runtime.ScriptModule;

/**
 * The few native functions that put stored numbers into tensors of either precision; DJL has no bf16 and no map of a file with
 * an offset. One set of them for each device lives as long as the process. Thread-safe.
 */
final class NativeTensors {
    private static final Map<Device, NativeTensors> BY_DEVICE = new ConcurrentHashMap<>();

    private final NDArray like;
    private final ScriptModule empty;
    private final ScriptModule fill;
    private final ScriptModule fillFromBf16;
    private final ScriptModule map;
    private final ScriptModule view;

    private NativeTensors(Device device) {
        NDManager manager = NativeRuntime.newManager(device);
        like = manager.zeros(new Shape(1));
        empty = ScriptModule.compile(
                manager,
                "like: Tensor, shape: List[int], type: int",
                "    return torch.new_empty(like, shape, dtype=type)\n");
        fill = ScriptModule.compile(manager, "out: Tensor, at: int, piece: Tensor", filling("piece"));
        fillFromBf16 = ScriptModule.compile(
                manager,
                "out: Tensor, at: int, piece: Tensor",
                filling("torch.view_copy(piece, dtype=" + Precision.BF16.torchType() + ")"));
        map = ScriptModule.compile(
                manager,
                "path: str, count: int, type: int",
                "    return torch.from_file(path, False, count, dtype=type)\n");
        view = ScriptModule.compile(
                manager,
                "whole: Tensor, at: int, count: int, shape: List[int]",
                "    return torch.view(torch.narrow(whole, 0, at, count), shape)\n");
    }

    private static String filling(String piece) {
        return "    flat = torch.view(out, [-1])\n"
                + "    return torch.copy_(torch.narrow(flat, 0, at, torch.numel(piece)), " + piece + ")\n";
    }

    static NativeTensors on(Device device) {
        return BY_DEVICE.computeIfAbsent(device, NativeTensors::new);
    }

    NDArray empty(NDManager owner, long[] shape, Precision precision) {
        // made by NDArray where possible: what a generated function returns can never be trained
        return precision == Precision.F32
                ? owner.create(new Shape(shape), DataType.FLOAT32)
                : empty.call(owner, like, shape, (long) precision.torchType());
    }

    /** Writes stored numbers of any floating-point type into an array, from an element on; returns how many. */
    long fill(NDArray out, long at, ByteBuffer bytes, String type) {
        DataType carrier = switch (type) {
            case "F64" -> DataType.FLOAT64;
            case "F32" -> DataType.FLOAT32;
            default -> DataType.FLOAT16; // of bf16 the bits only
        };
        long count = bytes.remaining() / carrier.getNumOfBytes();
        try (NDManager scratch = out.getManager().newSubManager()) {
            ByteBuffer slice = bytes.slice().order(ByteOrder.nativeOrder());
            NDArray piece = scratch.create(slice, new Shape(count), carrier);
            (type.equals("BF16") ? fillFromBf16 : fill).call(scratch, out, at, piece);
        }
        return count;
    }

    /** Maps a file as one long row of numbers, privately: nothing that is done to the array reaches the file. */
    NDArray map(NDManager owner, Path path, long count, Precision precision) {
        return map.call(owner, path.toString(), count, (long) precision.torchType());
    }

    /** A part of a row of numbers, in the same memory, which stays mapped as long as the view lives. */
    NDArray view(NDManager owner, NDArray whole, long at, long count, long[] shape) {
        return view.call(owner, whole, at, count, shape);
    }
}
