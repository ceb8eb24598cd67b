package org.apmae.models.target;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.ModelShape;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.Weights;

/**
 * StarCoder2 with eager attention, every activation open to hooks.
 *
 * <p>Query heads that share a key-value head are multiplied in one batch with it, so keys and values are never repeated in
 * memory.
 *
 * @see <a href="https://arxiv.org/abs/2402.19173">StarCoder 2 and The Stack v2</a>
 */
final class Starcoder2 implements TargetModel {
    private final Starcoder2Config config;
    private final NDManager manager;
    private final Map<String, NDArray> weights;
    private final List<String> hookNames;
    private final CodeTokenizer tokenizer;
    private final String sha256;
    private volatile boolean closed;

    private Starcoder2(
            Starcoder2Config config,
            NDManager manager,
            Map<String, NDArray> weights,
            CodeTokenizer tokenizer,
            String sha256) {
        this.config = config;
        this.manager = manager;
        this.weights = weights;
        this.hookNames = names(config.shape().layers());
        this.tokenizer = tokenizer;
        this.sha256 = sha256;
    }

    static Starcoder2 load(Path folder, Device device) {
        Starcoder2Config config = Starcoder2Config.read(folder);
        NDManager manager = NativeRuntime.newManager(device);
        CodeTokenizer tokenizer = null;
        try (CheckpointFolder files = CheckpointFolder.open(folder)) {
            Map<String, NDArray> weights = new LinkedHashMap<>();
            for (Map.Entry<String, long[]> entry : parameterShapes(config).entrySet()) {
                weights.put(entry.getKey(), files.load(manager, entry.getKey(), entry.getValue()));
            }
            tokenizer = CodeTokenizer.openIfPresent(folder);
            return new Starcoder2(config, manager, weights, tokenizer, sha256(files, weights));
        } catch (RuntimeException e) {
            manager.close();
            if (tokenizer != null) {
                tokenizer.close();
            }
            throw e;
        }
    }

    private static String sha256(Weights files, Map<String, NDArray> weights) {
        WeightsDigest digest = new WeightsDigest();
        weights.keySet().forEach(name -> digest.update(name, files.floats(name)));
        return digest.hex();
    }

    /** The tensors of a checkpoint, by Hugging Face's names, with their shapes. */
    static Map<String, long[]> parameterShapes(Starcoder2Config config) {
        ModelShape shape = config.shape();
        long hidden = shape.hidden();
        long queries = (long) shape.heads() * shape.headWidth();
        long keys = (long) shape.keyValueHeads() * shape.headWidth();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {shape.vocabulary(), hidden});
        for (int layer = 0; layer < shape.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            norm(shapes, prefix + "input_layernorm", hidden);
            linear(shapes, prefix + "self_attn.q_proj", queries, hidden, config.bias());
            linear(shapes, prefix + "self_attn.k_proj", keys, hidden, config.bias());
            linear(shapes, prefix + "self_attn.v_proj", keys, hidden, config.bias());
            linear(shapes, prefix + "self_attn.o_proj", hidden, queries, config.bias());
            norm(shapes, prefix + "post_attention_layernorm", hidden);
            linear(shapes, prefix + "mlp.c_fc", config.intermediate(), hidden, config.bias());
            linear(shapes, prefix + "mlp.c_proj", hidden, config.intermediate(), config.bias());
        }
        norm(shapes, "model.norm", hidden);
        if (!config.tiedEmbeddings()) {
            shapes.put("lm_head.weight", new long[] {shape.vocabulary(), hidden});
        }
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
        shapes.put(name + ".weight", new long[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }

    private static void norm(Map<String, long[]> shapes, String name, long width) {
        shapes.put(name + ".weight", new long[] {width});
        shapes.put(name + ".bias", new long[] {width});
    }

    private static List<String> names(int layers) {
        List<String> names = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            String block = "blocks." + layer + ".";
            for (String point : List.of(
                    "hook_resid_pre",
                    "attn.hook_q",
                    "attn.hook_k",
                    "attn.hook_v",
                    "attn.hook_attn_scores",
                    "attn.hook_pattern",
                    "attn.hook_z",
                    "hook_attn_out",
                    "hook_resid_mid",
                    "hook_mlp_out",
                    "hook_resid_post")) {
                names.add(block + point);
            }
        }
        names.add("ln_final.hook_normalized");
        return Collections.unmodifiableList(names);
    }

    @Override
    public ModelShape shape() {
        return config.shape();
    }

    @Override
    public CodeTokenizer tokenizer() {
        checkOpen();
        if (tokenizer == null) {
            throw new IllegalStateException("the checkpoint has no tokenizer.json; put the model's own beside its"
                    + " config.json to work with text");
        }
        return tokenizer;
    }

    @Override
    public List<String> hookNames() {
        return hookNames;
    }

    @Override
    public NDManager newManager() {
        checkOpen();
        NativeRuntime.inference();
        return manager.newSubManager();
    }

    @Override
    public String weightsSha256() {
        return sha256;
    }

    @Override
    public NDArray logits(NDManager owner, NDArray ids, Hooks hooks) {
        return run(owner, ids, hooks, false);
    }

    @Override
    public NDArray lastLogits(NDManager owner, NDArray ids, Hooks hooks) {
        return run(owner, ids, hooks, true);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this StarCoder2 model is closed; load it again");
        }
    }

    private void checkIds(NDArray ids) {
        if (ids.getDataType() != DataType.INT64 || ids.getShape().dimension() != 2 || ids.size() == 0) {
            throw new IllegalArgumentException("ids have the shape " + ids.getShape() + " and type " + ids.getDataType()
                    + "; give (prompts, tokens) of int64, not empty");
        }
        for (long id : ids.toLongArray()) {
            if (id < 0 || id >= shape().vocabulary()) {
                throw new IllegalArgumentException("the token id " + id + " is outside the vocabulary of "
                        + shape().vocabulary() + "; tokenize with the model's own tokenizer");
            }
        }
    }

    private NDArray run(NDManager owner, NDArray ids, Hooks hooks, boolean lastOnly) {
        checkOpen();
        NativeRuntime.inference();
        checkIds(ids);
        hooks.check(hookNames);
        try (NDManager call = owner.newSubManager()) {
            long tokens = ids.getShape().get(1);
            NDArray mask = mask(call, tokens);
            NDArray[] rotary = Rotary.tables(call, config, tokens);
            NDArray hidden = embed(call, ids);
            for (int layer = 0; layer < shape().layers(); layer++) {
                NDArray next;
                try (NDManager scratch = call.newSubManager()) {
                    hidden.attach(scratch);
                    next = block(scratch, layer, hidden, mask, rotary, hooks);
                    next.attach(call);
                }
                hidden = next;
            }
            NDArray normalized = norm(hidden, "model.norm");
            normalized = hooks.apply("ln_final.hook_normalized", call, normalized);
            if (lastOnly) {
                normalized = normalized.get(call, new NDIndex(":, {}", tokens - 1));
            }
            NDArray head = weights.get(config.tiedEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight");
            NDArray logits = Linear.linear(normalized, head).singletonOrThrow();
            logits.attach(owner);
            return logits;
        }
    }

    private NDArray embed(NDManager call, NDArray ids) {
        NDArray copy = ids.duplicate();
        copy.attach(call);
        return Embedding.embedding(copy, weights.get("model.embed_tokens.weight"), SparseFormat.DENSE)
                .singletonOrThrow();
    }

    private NDArray block(NDManager scratch, int layer, NDArray input, NDArray mask, NDArray[] rotary, Hooks hooks) {
        String block = "blocks." + layer + ".";
        String prefix = "model.layers." + layer + ".";
        NDArray pre = hooks.apply(block + "hook_resid_pre", scratch, input);
        NDArray attention = attention(scratch, layer, norm(pre, prefix + "input_layernorm"), mask, rotary, hooks);
        attention = hooks.apply(block + "hook_attn_out", scratch, attention);
        NDArray mid = hooks.apply(block + "hook_resid_mid", scratch, pre.add(attention));
        NDArray inner = linear(norm(mid, prefix + "post_attention_layernorm"), prefix + "mlp.c_fc");
        NDArray mlp = linear(TanhGelu.apply(scratch, inner), prefix + "mlp.c_proj");
        mlp = hooks.apply(block + "hook_mlp_out", scratch, mlp);
        return hooks.apply(block + "hook_resid_post", scratch, mid.add(mlp));
    }

    private NDArray attention(
            NDManager scratch, int layer, NDArray input, NDArray mask, NDArray[] rotary, Hooks hooks) {
        ModelShape shape = shape();
        long batch = input.getShape().get(0);
        long tokens = input.getShape().get(1);
        int heads = shape.heads();
        int groups = shape.keyValueHeads();
        int width = shape.headWidth();
        String attn = "blocks." + layer + ".attn.";
        String prefix = "model.layers." + layer + ".self_attn.";
        NDArray q = linear(input, prefix + "q_proj").reshape(batch, tokens, heads, width);
        NDArray k = linear(input, prefix + "k_proj").reshape(batch, tokens, groups, width);
        NDArray v = linear(input, prefix + "v_proj").reshape(batch, tokens, groups, width);
        q = rotate(hooks.apply(attn + "hook_q", scratch, q), rotary);
        k = rotate(hooks.apply(attn + "hook_k", scratch, k), rotary);
        v = hooks.apply(attn + "hook_v", scratch, v);

        // (B, S, H, D) -> (B, K, H/K S, D): all queries of a group against the group's one key matrix
        NDArray queries = q.transpose(0, 2, 1, 3).reshape(batch, groups, heads / groups * tokens, width);
        NDArray scores = queries.mul(1 / Math.sqrt(width))
                .matMul(k.transpose(0, 2, 3, 1))
                .reshape(batch, heads, tokens, tokens)
                .add(mask);
        scores = hooks.apply(attn + "hook_attn_scores", scratch, scores);
        NDArray pattern = hooks.apply(attn + "hook_pattern", scratch, scores.softmax(-1));
        NDArray z = pattern.reshape(batch, groups, heads / groups * tokens, tokens)
                .matMul(v.transpose(0, 2, 1, 3))
                .reshape(batch, heads, tokens, width)
                .transpose(0, 2, 1, 3);
        z = hooks.apply(attn + "hook_z", scratch, z);
        return linear(z.reshape(batch, tokens, (long) heads * width), prefix + "o_proj");
    }

    /** Rotates pairs (i, i + D/2) of (B, S, heads, D) by position. */
    private static NDArray rotate(NDArray x, NDArray[] rotary) {
        NDList halves = x.split(2, 3);
        NDArray turned = NDArrays.concat(new NDList(halves.get(1).neg(), halves.get(0)), 3);
        return x.mul(rotary[0]).add(turned.mul(rotary[1]));
    }

    /** Zero where a query may look, minus infinity elsewhere; a row always has its own diagonal entry. */
    private NDArray mask(NDManager owner, long tokens) {
        int n = Math.toIntExact(tokens);
        int window = config.slidingWindow() == 0 ? n : config.slidingWindow();
        float[] mask = new float[Math.multiplyExact(n, n)];
        for (int query = 0; query < n; query++) {
            for (int key = 0; key < n; key++) {
                if (key > query || key <= query - window) {
                    mask[query * n + key] = Float.NEGATIVE_INFINITY;
                }
            }
        }
        return owner.create(mask, new Shape(n, n));
    }

    private NDArray linear(NDArray input, String name) {
        return Linear.linear(input, weights.get(name + ".weight"), weights.get(name + ".bias"))
                .singletonOrThrow();
    }

    private NDArray norm(NDArray input, String name) {
        return LayerNorm.layerNorm(
                        input,
                        new Shape(shape().hidden()),
                        weights.get(name + ".weight"),
                        weights.get(name + ".bias"),
                        config.normEpsilon())
                .singletonOrThrow();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            manager.close();
            if (tokenizer != null) {
                tokenizer.close();
            }
        }
    }
}
