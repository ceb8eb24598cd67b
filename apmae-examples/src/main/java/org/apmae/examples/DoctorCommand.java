package org.apmae.examples;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apmae.core.model.ModelShape;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.Precision;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.ModelFileException;
import org.apmae.models.safetensors.TensorInfo;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Checks what a study needs of the machine and of a model. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Checks JDK, native libraries, memory, disk and a model folder.")
final class DoctorCommand implements Callable<Integer> {
    private static final long DISK = 2L << 30;
    private static final long HEAP = 1L << 30;
    /** Activations of a prompt, the JVM and libtorch besides the weights. */
    private static final long WORKING = 1L << 30;

    private static final int MOST_SHOWN = 20;

    @Mixin
    private CommonOptions common;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder (default: the embedded model).")
    private Path model;

    @Option(names = "--run", paramLabel = "DIR", description = "Where a run folder would go (default: here).")
    private Path folder = Path.of("").toAbsolutePath();

    @Option(
            names = "--precision",
            description = "How the model's matrices are held and multiplied, ${COMPLETION-CANDIDATES} (default:"
                    + " ${DEFAULT-VALUE}).")
    private Precision precision = Precision.F32;

    private final List<List<String>> rows = new ArrayList<>();
    private boolean healthy = true;

    @Override
    public Integer call() {
        Runtime.Version java = Runtime.version();
        check("JDK", java.feature() >= 17, java + " (17 or newer is needed)");
        long heap = Runtime.getRuntime().maxMemory();
        check("heap", heap >= HEAP, (heap >> 20) + " MB (1 GB is needed; set it with -Xmx)");
        disk();
        natives();
        model();
        if (common.json()) {
            Map<String, Object> json = new TreeMap<>();
            Map<String, Integer> seen = new HashMap<>();
            for (List<String> row : rows) {
                int number = seen.merge(row.get(0), 1, Integer::sum);
                String name = number == 1 ? row.get(0) : row.get(0) + " " + number;
                json.put(name, Map.of("ok", row.get(1).equals("ok"), "found", row.get(2)));
            }
            CommonOptions.print(Map.of("healthy", healthy, "checks", json));
        } else {
            Tables.print("apmae doctor", List.of("check", "", "found"), rows);
        }
        if (!healthy) {
            throw new IllegalStateException(rows.stream()
                    .filter(row -> !row.get(1).equals("ok"))
                    .map(row -> row.get(0) + ": " + row.get(2))
                    .collect(Collectors.joining("; ")));
        }
        return 0;
    }

    private void check(String name, boolean ok, String found) {
        rows.add(List.of(name, ok ? "ok" : "PROBLEM", found));
        healthy &= ok;
    }

    private void disk() {
        Path existing = folder;
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        try {
            long free = existing == null ? 0 : Files.getFileStore(existing).getUsableSpace();
            boolean writable = existing != null && Files.isWritable(existing);
            check(
                    "disk",
                    free >= DISK && writable,
                    (free >> 20) + " MB free at " + existing + (writable ? "" : ", not writable")
                            + " (2 GB and a writable folder are needed)");
        } catch (IOException e) {
            check("disk", false, "cannot be asked: " + e.getMessage());
        }
    }

    private void natives() {
        try {
            Engine engine = NativeRuntime.engine();
            check("libtorch", true, engine.getVersion() + ", " + engine.getGpuCount() + " GPUs");
        } catch (RuntimeException | LinkageError e) {
            check(
                    "libtorch",
                    false,
                    "cannot be started (" + e.getMessage()
                            + "); pytorch-native-cpu and pytorch-jni of one version must be on the class path");
        }
    }

    private void model() {
        if (model != null && !memory()) {
            return;
        }
        try (TargetModel loaded =
                model == null ? TargetModels.embedded() : TargetModels.load(model, Device.cpu(), precision)) {
            ModelShape shape = loaded.shape();
            check(
                    "model",
                    true,
                    shape.layers() + " layers of " + shape.heads() + " heads (" + shape.keyValueHeads()
                            + " key-value heads of width " + shape.headWidth() + "), width " + shape.hidden()
                            + ", vocabulary " + shape.vocabulary());
            check(
                    "precision",
                    true,
                    loaded.precision() + ", " + (loaded.weightBytes() >> 20) + " MB of weights, SHA-256 "
                            + loaded.weightsSha256());
            CodeTokenizer tokenizer = tokenizer(loaded);
            List<String> texts = List.of("public static void ", "for (int i = 0; i < ", "import java.util.");
            for (String text : texts) {
                predict(loaded, tokenizer, text);
            }
            fidelity(loaded, ids(loaded, tokenizer, String.join("\n", texts)));
        } catch (ModelFileException | IllegalStateException | IllegalArgumentException | UncheckedIOException e) {
            check("model", false, String.valueOf(e.getMessage()));
        }
    }

    /** Checked before anything is loaded: a process that outgrows memory is killed without a word. */
    private boolean memory() {
        try (CheckpointFolder files = CheckpointFolder.open(model)) {
            long needed = WORKING;
            for (String name : files.names()) {
                TensorInfo info = files.info(name);
                needed += info.elements() * (info.shape().size() > 1 ? precision.bytes() : 4);
            }
            OptionalLong free = availableMemory();
            boolean enough = free.isEmpty() || needed <= free.getAsLong();
            check(
                    "memory",
                    enough,
                    (needed >> 20) + " MB needed with weights in " + precision + ", "
                            + (free.isEmpty()
                                    ? "how much is available cannot be asked"
                                    : (free.getAsLong() >> 20) + " MB available")
                            + (enough || precision == Precision.BF16 ? "" : " (--precision BF16 needs half)"));
            return enough;
        } catch (ModelFileException | UncheckedIOException e) {
            return true; // loading meets it again, and says which file of the model is wrong
        }
    }

    private static OptionalLong availableMemory() {
        Path path = Path.of("/proc/meminfo");
        try {
            if (Files.isReadable(path)) {
                for (String line : Files.readAllLines(path)) {
                    if (line.startsWith("MemAvailable:")) {
                        return OptionalLong.of(Long.parseLong(line.replaceAll("\\D", "")) << 10);
                    }
                }
            }
            return OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** A study needs text; a model without it can still be run on ids, and one without markers of a gap be recorded. */
    private CodeTokenizer tokenizer(TargetModel loaded) {
        CodeTokenizer tokenizer;
        try {
            tokenizer = loaded.tokenizer();
        } catch (IllegalStateException e) {
            check("tokenizer", false, "none: " + e.getMessage());
            return null;
        }
        check(
                "tokenizer",
                tokenizer.size() <= loaded.shape().vocabulary(),
                tokenizer.size() + " ids for the model's vocabulary of "
                        + loaded.shape().vocabulary() + ", special: "
                        + tokenizer.specialIds().stream()
                                .sorted()
                                .limit(MOST_SHOWN)
                                .map(id -> id + " " + tokenizer.decode(id))
                                .collect(Collectors.joining(", "))
                        + (tokenizer.specialIds().size() > MOST_SHOWN ? ", ..." : ""));
        try {
            check("fill-in-the-middle ids", true, tokenizer.fimTokens().toString());
        } catch (ModelFileException e) {
            check("fill-in-the-middle ids", true, "none, so discover cannot study this model: " + e.getMessage());
        }
        return tokenizer;
    }

    /** Ids of a text; without a tokenizer some ids that depend on the text alone. */
    private static long[] ids(TargetModel loaded, CodeTokenizer tokenizer, String text) {
        return tokenizer == null
                ? text.chars()
                        .mapToLong(c -> c * 31L % loaded.shape().vocabulary())
                        .toArray()
                : Arrays.stream(tokenizer.encode(text)).asLongStream().toArray();
    }

    private void predict(TargetModel loaded, CodeTokenizer tokenizer, String text) {
        long[] ids = ids(loaded, tokenizer, text);
        try (NDManager manager = loaded.newManager()) {
            NDArray input = manager.create(ids, new Shape(1, ids.length));
            float[] logits = loaded.lastLogits(manager, input, Hooks.none()).toFloatArray();
            int best = 0;
            boolean finite = true;
            for (int i = 0; i < logits.length; i++) {
                finite &= Float.isFinite(logits[i]);
                best = logits[i] > logits[best] ? i : best;
            }
            String found = tokenizer == null
                    ? "after " + ids.length + " arbitrary ids: " + best
                    : "after '" + text + "': " + best + " '" + tokenizer.decode(best) + "'";
            check("next token", finite, found);
        }
    }

    private void fidelity(TargetModel loaded, long[] ids) {
        try (NDManager manager = loaded.newManager()) {
            double[] differences = loaded.layerDifferences(manager.create(ids, new Shape(1, ids.length)));
            boolean finite = Arrays.stream(differences).allMatch(Double::isFinite);
            check(
                    "fidelity",
                    finite,
                    "largest difference of " + loaded.precision() + " from plain f32 operations, layer by layer: "
                            + Arrays.stream(differences)
                                    .mapToObj(d -> String.format(Locale.ROOT, "%.1e", d))
                                    .collect(Collectors.joining(" ")));
        }
    }
}
