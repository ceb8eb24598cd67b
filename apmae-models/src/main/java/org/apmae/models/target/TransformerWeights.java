package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apmae.core.work.Tasks;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.Precision;
import org.apmae.models.runtime.ScriptModule;
import org.apmae.models.safetensors.CheckpointFolder;

/**
 * The tensors of a model, loaded. Matrices are in the precision asked for; norms, biases and learned positions, which are small,
 * in float32.
 */
final class TransformerWeights {
    /** More threads than this do not make reading and checking a file faster. */
    private static final int MOST_THREADS = 8;

    private final Architecture architecture;
    private final Map<String, NDArray> arrays;
    private final List<Layer> layers = new ArrayList<>();
    private final Projection head;
    private final String sha256;
    private final long bytes;

    /** What one layer computes with; {@code gate} is null where the MLP is not gated. */
    record Layer(
            Projection attentionNorm,
            Projection query,
            Projection key,
            Projection value,
            Projection output,
            Projection mlpNorm,
            Projection gate,
            Projection up,
            Projection down) {}

    private TransformerWeights(
            NDManager manager, Architecture architecture, Map<String, NDArray> arrays, String sha256, long bytes) {
        this.architecture = architecture;
        this.arrays = arrays;
        this.sha256 = sha256;
        this.bytes = bytes;
        ScriptModule turn = ScriptModule.compile(
                manager, "w: Tensor, at: int, count: int", "    return torch.t(torch.narrow(w, 1, at, count))\n");
        for (int layer = 0; layer < architecture.shape().layers(); layer++) {
            layers.add(layer(manager, turn, layer));
        }
        head = new Projection(architecture.tied() ? embedding() : arrays.get(Architecture.HEAD), null);
    }

    /**
     * Loads all tensors on several threads, taking the checksum of the same bytes that are loaded. Everything that can be
     * checked without reading numbers is checked before the first is read.
     */
    static TransformerWeights load(
            NDManager manager, Architecture architecture, CheckpointFolder files, Precision precision) {
        Map<String, long[]> shapes = architecture.parameters();
        shapes.forEach((name, shape) -> files.check(stored(architecture, files, name), shape));
        Map<String, NDArray> arrays = new ConcurrentHashMap<>();
        Map<String, byte[]> digests = new ConcurrentHashMap<>();
        List<Runnable> tasks = new ArrayList<>();
        long bytes = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            String name = entry.getKey();
            long[] shape = entry.getValue();
            Precision own = shape.length == 1 || name.equals(Architecture.POSITIONS) ? Precision.F32 : precision;
            String stored = stored(architecture, files, name);
            long count = files.info(stored).elements();
            bytes += count * own.bytes();
            tasks.add(() -> {
                NativeRuntime.inference();
                MessageDigest digest = sha256();
                digest.update((name + " " + files.info(stored).type() + " "
                                + files.info(stored).shape() + "\n")
                        .getBytes(StandardCharsets.UTF_8));
                arrays.put(name, files.load(manager, stored, own, digest::update));
                digests.put(name, digest.digest());
            });
        }
        inParallel(tasks);
        MessageDigest all = sha256();
        new TreeMap<>(digests).values().forEach(all::update);
        return new TransformerWeights(
                manager, architecture, arrays, HexFormat.of().formatHex(all.digest()), bytes);
    }

    /** A checkpoint of the bare model leaves out the first part of each name. */
    private static String stored(Architecture architecture, CheckpointFolder files, String name) {
        String prefix = architecture.names().prefix();
        boolean bare = !files.names().contains(name)
                && name.startsWith(prefix)
                && files.names().contains(name.substring(prefix.length()));
        return bare ? name.substring(prefix.length()) : name;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime lacks SHA-256, which every Java runtime must have", e);
        }
    }

    private static void inParallel(List<Runnable> tasks) {
        int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
        ExecutorService executor = Tasks.threads("apmae-load", threads);
        try {
            List<Callable<Object>> all = tasks.stream().map(Executors::callable).toList();
            Tasks.all(all, executor, "loading was interrupted; load the model again");
        } finally {
            executor.shutdown();
        }
    }

    private Layer layer(NDManager manager, ScriptModule turn, int layer) {
        Architecture.Names names = architecture.names();
        String prefix = names.layer(layer);
        long queries = architecture.queryWidth();
        long keys = architecture.keyWidth();
        boolean joined = names.inputs().size() == 1;
        String first = prefix + names.inputs().get(0);
        String second = prefix + names.inputs().get(joined ? 0 : 1);
        String third = prefix + names.inputs().get(joined ? 0 : 2);
        return new Layer(
                norm(prefix + names.attentionNorm()),
                part(manager, turn, first, 0, queries),
                part(manager, turn, second, joined ? queries : 0, keys),
                part(manager, turn, third, joined ? queries + keys : 0, keys),
                part(
                        manager,
                        turn,
                        prefix + names.output(),
                        0,
                        architecture.shape().hidden()),
                norm(prefix + names.mlpNorm()),
                names.gate().isEmpty()
                        ? null
                        : part(manager, turn, prefix + names.gate(), 0, architecture.intermediate()),
                part(manager, turn, prefix + names.up(), 0, architecture.intermediate()),
                part(
                        manager,
                        turn,
                        prefix + names.down(),
                        0,
                        architecture.shape().hidden()));
    }

    private Projection norm(String name) {
        return new Projection(arrays.get(name + ".weight"), arrays.get(name + ".bias"));
    }

    /** Outputs {@code from} to {@code from + count} of a stored matrix; what lies as (in, out) is turned by its strides. */
    private Projection part(NDManager manager, ScriptModule turn, String name, long from, long count) {
        NDArray weight = arrays.get(name + ".weight");
        NDArray bias = arrays.get(name + ".bias");
        if (!architecture.names().transposed()) {
            return new Projection(weight, bias);
        }
        NDArray turned = turn.call(manager, weight, from, count);
        NDArray own = bias == null ? null : bias.get(manager, new NDIndex("{}:{}", from, from + count));
        return new Projection(turned, own);
    }

    NDArray embedding() {
        return arrays.get(architecture.embedding());
    }

    NDArray positions() {
        return arrays.get(Architecture.POSITIONS);
    }

    Layer layer(int layer) {
        return layers.get(layer);
    }

    Projection finalNorm() {
        return norm(architecture.names().prefix() + architecture.names().finalNorm());
    }

    Projection head() {
        return head;
    }

    String sha256Hex() {
        return sha256;
    }

    long bytes() {
        return bytes;
    }
}
