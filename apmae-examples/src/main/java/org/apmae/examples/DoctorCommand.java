package org.apmae.examples;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apmae.core.model.ModelShape;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.safetensors.ModelFileException;
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

    @Mixin
    private CommonOptions common;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder (default: the embedded model).")
    private Path model;

    @Option(names = "--run", paramLabel = "DIR", description = "Where a run folder would go (default: here).")
    private Path folder = Path.of("").toAbsolutePath();

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
            rows.forEach(row -> json.put(row.get(0), Map.of("ok", row.get(1).equals("ok"), "found", row.get(2))));
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
        try (TargetModel loaded = model == null ? TargetModels.embedded() : TargetModels.load(model)) {
            ModelShape shape = loaded.shape();
            check(
                    "model",
                    true,
                    shape.layers() + " layers of " + shape.heads() + " heads (" + shape.keyValueHeads()
                            + " key-value heads), width " + shape.hidden() + ", vocabulary " + shape.vocabulary());
            CodeTokenizer tokenizer = loaded.tokenizer();
            check("fill-in-the-middle ids", true, tokenizer.fimTokens().toString());
            check(
                    "vocabulary",
                    tokenizer.size() <= shape.vocabulary(),
                    "tokenizer " + tokenizer.size() + ", model " + shape.vocabulary());
            predict(loaded, "public static void ");
            predict(loaded, "for (int i = 0; i < ");
            predict(loaded, "import java.util.");
        } catch (ModelFileException | IllegalStateException | IllegalArgumentException | UncheckedIOException e) {
            check("model", false, String.valueOf(e.getMessage()));
        }
    }

    private void predict(TargetModel loaded, String text) {
        int[] ids = loaded.tokenizer().encode(text);
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        try (NDManager manager = loaded.newManager()) {
            NDArray input = manager.create(wide, new Shape(1, wide.length));
            float[] logits = loaded.lastLogits(manager, input, Hooks.none()).toFloatArray();
            int best = 0;
            boolean finite = true;
            for (int i = 0; i < logits.length; i++) {
                finite &= Float.isFinite(logits[i]);
                best = logits[i] > logits[best] ? i : best;
            }
            check(
                    "next token",
                    finite,
                    "after '" + text + "': '" + loaded.tokenizer().decode(best) + "'");
        }
    }
}
