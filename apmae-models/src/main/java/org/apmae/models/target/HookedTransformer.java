package org.apmae.models.target;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.LayerNorm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.ModelShape;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.Precision;
import org.apmae.models.safetensors.CheckpointFolder;

/**
 * A decoder-only transformer of any supported family with eager attention, every activation open to hooks.
 *
 * <p>Query heads that share a key-value head are multiplied in one batch with it, so keys and values are never repeated in
 * memory.
 */
final class HookedTransformer implements TargetModel {
    /** Points of a layer that do not lie on the way to its patterns. */
    private static final List<String> AFTER_PATTERN =
            List.of("attn.hook_v", "attn.hook_z", "hook_attn_out", "hook_resid_mid", "hook_mlp_out", "hook_resid_post");

    private final Architecture architecture;
    private final Precision precision;
    private final NDManager manager;
    private final TransformerWeights weights;
    private final FastOperations fast;
    private final FunctionalOperations functional;
    private final FusedAttention attention;
    private final List<String> hookNames;
    private final CodeTokenizer tokenizer;
    private volatile boolean closed;

    private HookedTransformer(
            Architecture architecture,
            Precision precision,
            NDManager manager,
            TransformerWeights weights,
            CodeTokenizer tokenizer) {
        this.architecture = architecture;
        this.precision = precision;
        this.manager = manager;
        this.weights = weights;
        this.fast = new FastOperations(manager, architecture.activation(), precision);
        this.functional = new FunctionalOperations(manager, architecture.activation(), precision);
        this.attention = new FusedAttention(manager, architecture.shape());
        this.hookNames = names(architecture.shape().layers());
        this.tokenizer = tokenizer;
    }

    static HookedTransformer load(Path folder, Device device, Precision precision) {
        Architecture architecture = Family.of(folder);
        CodeTokenizer tokenizer = CodeTokenizer.openIfPresent(folder);
        NDManager manager = NativeRuntime.newManager(device);
        try (CheckpointFolder files = CheckpointFolder.open(folder)) {
            TransformerWeights weights = TransformerWeights.load(manager, architecture, files, precision);
            return new HookedTransformer(architecture, precision, manager, weights, tokenizer);
        } catch (RuntimeException e) {
            manager.close();
            if (tokenizer != null) {
                tokenizer.close();
            }
            throw e;
        }
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
        return architecture.shape();
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public long weightBytes() {
        return weights.bytes();
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
    public KeyValueCache newCache() {
        return new KeyValueCache(this, newManager());
    }

    @Override
    public String weightsSha256() {
        return weights.sha256Hex();
    }

    @Override
    public NDArray logits(NDManager owner, NDArray ids, Hooks hooks) {
        try (NDManager call = start(owner, ids, hooks)) {
            NDArray normalized = new Run(call, ids, hooks, null, fast).normalized();
            return output(owner, normalized);
        }
    }

    @Override
    public NDArray lastLogits(NDManager owner, NDArray ids, Hooks hooks) {
        try (NDManager call = start(owner, ids, hooks)) {
            if (hooks.isEmpty()) {
                int[] lengths = new int[Math.toIntExact(ids.getShape().get(0))];
                Arrays.fill(lengths, Math.toIntExact(ids.getShape().get(1)));
                return unwatched(owner, call, ids, lengths);
            }
            return output(owner, last(call, new Run(call, ids, hooks, null, fast).normalized()));
        }
    }

    @Override
    public NDArray lastLogits(NDManager owner, NDArray ids, KeyValueCache cache, Hooks hooks) {
        try (NDManager call = start(owner, ids, hooks)) {
            cache.check(this, ids.getShape().get(0));
            try {
                NDArray normalized = new Run(call, ids, hooks, cache, fast).normalized();
                cache.advance(ids.getShape().get(1));
                return output(owner, last(call, normalized));
            } catch (RuntimeException e) {
                cache.close();
                throw e;
            }
        }
    }

    @Override
    public NDArray lastLogits(NDManager owner, NDArray ids, int[] lengths, Hooks hooks) {
        try (NDManager call = start(owner, ids, hooks)) {
            checkLengths(ids, lengths);
            if (hooks.isEmpty()) {
                return unwatched(owner, call, ids, lengths);
            }
            // a token never looks at what follows it, so padding on the right changes nothing before it
            NDArray normalized = new Run(call, ids, hooks, null, fast).normalized();
            return output(owner, rows(call, normalized, lengths));
        }
    }

    /** Nobody looks at a pattern, nor at any but the last position after the last layer. */
    private NDArray unwatched(NDManager owner, NDManager call, NDArray ids, int[] lengths) {
        Steps steps = new Steps(call, ids, lengths);
        NDArray residual = steps.embedded(call);
        for (int layer = 0; layer < shape().layers(); layer++) {
            try (NDManager scratch = call.newSubManager()) {
                residual.attach(scratch);
                NDArray heads = layer == shape().layers() - 1
                        ? steps.lastHeads(scratch, layer, residual)
                        : steps.heads(scratch, layer, residual);
                residual = steps.finish(call, layer, residual, heads);
            }
        }
        return steps.logits(owner, residual);
    }

    @Override
    public void watch(NDArray ids, Hooks hooks) {
        try (NDManager call = start(manager, ids, hooks)) {
            new Run(call, ids, hooks, null, fast).watched();
        }
    }

    @Override
    public LayerSteps steps(NDManager owner, NDArray ids, int[] lengths) {
        NDManager call = start(owner, ids, Hooks.none());
        checkLengths(ids, lengths);
        return new Steps(call, ids, lengths.clone());
    }

    private static void checkLengths(NDArray ids, int[] lengths) {
        long tokens = ids.getShape().get(1);
        if (lengths.length != ids.getShape().get(0)) {
            throw new IllegalArgumentException(
                    lengths.length + " lengths are given for " + ids.getShape().get(0) + " prompts; give one for each");
        }
        for (int length : lengths) {
            if (length < 1 || length > tokens) {
                throw new IllegalArgumentException(
                        "a prompt has the length " + length + " in rows of " + tokens + " tokens; give 1 to " + tokens);
            }
        }
    }

    /** Takes each prompt's own last position: (B, S, ...) becomes (B, ...). */
    private static NDArray rows(NDManager call, NDArray x, int[] lengths) {
        NDList rows = new NDList();
        for (int row = 0; row < lengths.length; row++) {
            rows.add(x.get(call, new NDIndex("{}, {}", row, lengths[row] - 1)));
        }
        return NDArrays.stack(rows);
    }

    @Override
    public double[] layerDifferences(NDArray ids) {
        try (NDManager call = start(manager, ids, Hooks.none())) {
            Run chosen = new Run(call, ids, Hooks.none(), null, fast);
            Run truth = new Run(call, ids, Hooks.none(), null, functional);
            double[] differences = new double[shape().layers()];
            NDArray hidden = chosen.embedded();
            for (int layer = 0; layer < differences.length; layer++) {
                NDArray next;
                try (NDManager scratch = call.newSubManager()) {
                    next = chosen.block(scratch, layer, hidden);
                    differences[layer] = truth.block(scratch, layer, hidden)
                            .sub(next)
                            .abs()
                            .max()
                            .getFloat();
                    next.attach(call);
                }
                hidden.close();
                hidden = next;
            }
            return differences;
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this model is closed; load it again");
        }
    }

    private NDManager start(NDManager owner, NDArray ids, Hooks hooks) {
        checkOpen();
        NativeRuntime.inference();
        checkIds(ids);
        hooks.check(hookNames);
        return owner.newSubManager();
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

    private static NDArray last(NDManager call, NDArray normalized) {
        return normalized.get(call, new NDIndex(":, {}", normalized.getShape().get(1) - 1));
    }

    private NDArray output(NDManager owner, NDArray normalized) {
        return fast.linear(owner, normalized, weights.head());
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

    /** One pass over some tokens, after those that a cache holds. */
    private final class Run {
        private final NDManager call;
        private final NDArray ids;
        private final Hooks hooks;
        private final KeyValueCache cache;
        private final Operations operations;
        private final long batch;
        private final long tokens;
        private final long past;
        private final Map<Integer, NDArray> masks = new HashMap<>();
        private final NDArray[] rotary;

        Run(NDManager call, NDArray ids, Hooks hooks, KeyValueCache cache, Operations operations) {
            this.call = call;
            this.ids = ids;
            this.hooks = hooks;
            this.cache = cache;
            this.operations = operations;
            batch = ids.getShape().get(0);
            tokens = ids.getShape().get(1);
            past = cache == null ? 0 : cache.length();
            int most = architecture.positions();
            if (most > 0 && past + tokens > most) {
                throw new IllegalArgumentException("the prompt has " + (past + tokens)
                        + " tokens, but the model has learned " + most + " positions; give at most " + most);
            }
            rotary = architecture.ropeTheta() == 0
                    ? null
                    : Rotary.tables(call, shape().headWidth(), architecture.ropeTheta(), past, tokens);
        }

        NDArray normalized() {
            NDArray hidden = before(shape().layers());
            return hooks.apply("ln_final.hook_normalized", call, norm(call, hidden, weights.finalNorm()));
        }

        /** Runs until the last hook has seen what it watches. */
        void watched() {
            if (hooks.has("ln_final.hook_normalized")) {
                normalized();
                return;
            }
            int last = shape().layers() - 1;
            while (last >= 0 && !hooks.watch("blocks." + last + ".")) {
                last--;
            }
            if (last < 0) {
                return;
            }
            NDArray hidden = before(last);
            String block = "blocks." + last + ".";
            try (NDManager scratch = call.newSubManager()) {
                hidden.attach(scratch);
                if (AFTER_PATTERN.stream().anyMatch(point -> hooks.has(block + point))) {
                    block(scratch, last, hidden);
                } else {
                    NDArray pre = hooks.apply(block + "hook_resid_pre", scratch, hidden);
                    NDArray input = norm(scratch, pre, weights.layer(last).attentionNorm());
                    NDArray[] qk = queryAndKey(scratch, last, input);
                    pattern(scratch, last, qk[0], qk[1]);
                }
            }
        }

        /** The residual stream before a layer. */
        private NDArray before(int end) {
            NDArray hidden = embedded();
            for (int layer = 0; layer < end; layer++) {
                NDArray next;
                try (NDManager scratch = call.newSubManager()) {
                    hidden.attach(scratch);
                    next = block(scratch, layer, hidden);
                    next.attach(call);
                }
                hidden = next;
            }
            return hidden;
        }

        NDArray embedded() {
            NDArray embedded = fast.embed(call, weights.embedding(), ids);
            if (weights.positions() == null) {
                return embedded;
            }
            NDArray positions = weights.positions().get(call, new NDIndex("{}:{}", past, past + tokens));
            return embedded.add(positions);
        }

        NDArray block(NDManager scratch, int layer, NDArray input) {
            String block = "blocks." + layer + ".";
            TransformerWeights.Layer own = weights.layer(layer);
            NDArray pre = hooks.apply(block + "hook_resid_pre", scratch, input);
            NDArray attention = attention(scratch, layer, norm(scratch, pre, own.attentionNorm()));
            attention = hooks.apply(block + "hook_attn_out", scratch, attention);
            NDArray mid = sum(scratch, pre, attention);
            mid = hooks.apply(block + "hook_resid_mid", scratch, mid);
            NDArray mlp = mlp(scratch, own, norm(scratch, mid, own.mlpNorm()));
            mlp = hooks.apply(block + "hook_mlp_out", scratch, mlp);
            return hooks.apply(block + "hook_resid_post", scratch, sum(scratch, mid, mlp));
        }

        private NDArray sum(NDManager scratch, NDArray a, NDArray b) {
            NDArray sum = a.add(b);
            sum.attach(scratch);
            return sum;
        }

        private NDArray mlp(NDManager scratch, TransformerWeights.Layer own, NDArray x) {
            NDArray up = operations.linear(scratch, x, own.up());
            NDArray inner;
            if (own.gate() == null) {
                inner = operations.activate(scratch, up);
            } else {
                inner = operations
                        .activate(scratch, operations.linear(scratch, x, own.gate()))
                        .mul(up);
            }
            up.close();
            return operations.linear(scratch, inner, own.down());
        }

        private NDArray norm(NDManager scratch, NDArray x, Projection weight) {
            NDArray y;
            if (architecture.norm() == Architecture.Norm.LAYER) {
                y = LayerNorm.layerNorm(
                                x, new Shape(shape().hidden()), weight.weight(), weight.bias(), architecture.epsilon())
                        .singletonOrThrow();
            } else {
                NDArray root = x.square()
                        .mean(new int[] {x.getShape().dimension() - 1}, true)
                        .add(architecture.epsilon())
                        .sqrt();
                y = x.div(root).muli(weight.weight());
            }
            y.attach(scratch);
            return y;
        }

        private NDArray attention(NDManager scratch, int layer, NDArray input) {
            NDArray[] qk = queryAndKey(scratch, layer, input);
            NDArray k = qk[1];
            NDArray v = value(scratch, layer, input);
            if (cache != null) {
                NDArray[] all = cache.append(layer, k, v);
                k = all[0];
                v = all[1];
            }
            int heads = shape().heads();
            int groups = shape().keyValueHeads();
            int width = shape().headWidth();
            try (NDManager borrowed = scratch.newSubManager()) {
                // what the cache owns must not collect the results
                borrowed.tempAttachAll(k, v);
                NDArray pattern = pattern(scratch, layer, qk[0], k);
                NDArray z = pattern.reshape(batch, groups, heads / groups * tokens, past + tokens)
                        .matMul(v.transpose(0, 2, 1, 3))
                        .reshape(batch, heads, tokens, width)
                        .transpose(0, 2, 1, 3);
                z = hooks.apply("blocks." + layer + ".attn.hook_z", scratch, z);
                NDArray flat = z.reshape(batch, tokens, (long) heads * width);
                return operations.linear(scratch, flat, weights.layer(layer).output());
            }
        }

        private NDArray[] queryAndKey(NDManager scratch, int layer, NDArray input) {
            TransformerWeights.Layer own = weights.layer(layer);
            int width = shape().headWidth();
            String attn = "blocks." + layer + ".attn.";
            NDArray q = operations.linear(scratch, input, own.query()).reshape(batch, tokens, shape().heads(), width);
            NDArray k =
                    operations.linear(scratch, input, own.key()).reshape(batch, tokens, shape().keyValueHeads(), width);
            return new NDArray[] {
                rotate(hooks.apply(attn + "hook_q", scratch, q)), rotate(hooks.apply(attn + "hook_k", scratch, k))
            };
        }

        private NDArray value(NDManager scratch, int layer, NDArray input) {
            NDArray v = operations
                    .linear(scratch, input, weights.layer(layer).value())
                    .reshape(batch, tokens, shape().keyValueHeads(), shape().headWidth());
            return hooks.apply("blocks." + layer + ".attn.hook_v", scratch, v);
        }

        private NDArray pattern(NDManager scratch, int layer, NDArray q, NDArray k) {
            int heads = shape().heads();
            int groups = shape().keyValueHeads();
            int width = shape().headWidth();
            String attn = "blocks." + layer + ".attn.";
            double scale = 1 / Math.sqrt(width) / (architecture.scoresByLayer() ? layer + 1 : 1);
            // (B, S, H, D) -> (B, K, H/K S, D): all queries of a group against the group's one key matrix
            NDArray queries = q.transpose(0, 2, 1, 3).reshape(batch, groups, heads / groups * tokens, width);
            NDArray scores = queries.mul(scale)
                    .matMul(k.transpose(0, 2, 3, 1))
                    .reshape(batch, heads, tokens, past + tokens)
                    .add(mask(architecture.windows().get(layer)));
            scores = hooks.apply(attn + "hook_attn_scores", scratch, scores);
            return hooks.apply(attn + "hook_pattern", scratch, scores.softmax(3));
        }

        /** Rotates pairs (i, i + D/2) of (B, S, heads, D) by position. */
        private NDArray rotate(NDArray x) {
            if (rotary == null) {
                return x;
            }
            NDList halves = x.split(2, 3);
            NDArray turned = NDArrays.concat(new NDList(halves.get(1).neg(), halves.get(0)), 3);
            return x.mul(rotary[0]).add(turned.mul(rotary[1]));
        }

        /** Zero where a query may look, minus infinity elsewhere; a row always has its own diagonal entry. */
        private NDArray mask(int window) {
            return masks.computeIfAbsent(window, w -> {
                int queries = Math.toIntExact(tokens);
                int side = Math.toIntExact(past + tokens);
                float[] mask = new float[Math.multiplyExact(queries, side)];
                for (int row = 0; row < queries; row++) {
                    long query = past + row;
                    for (int key = 0; key < side; key++) {
                        if (key > query || (w > 0 && key <= query - w)) {
                            mask[row * side + key] = Float.NEGATIVE_INFINITY;
                        }
                    }
                }
                return call.create(mask, new Shape(queries, side));
            });
        }
    }

    /** The layers of a batch one at a time, with fused attention. */
    private final class Steps implements LayerSteps {
        private final Run run;
        private final int[] lengths;
        private final long batch;
        private final long tokens;
        private final NDArray lastCos;
        private final NDArray lastSin;
        private final Map<Integer, NDArray> lastMasks = new HashMap<>();

        Steps(NDManager call, NDArray ids, int[] lengths) {
            this.run = new Run(call, ids, Hooks.none(), null, fast);
            this.lengths = lengths;
            this.batch = ids.getShape().get(0);
            this.tokens = ids.getShape().get(1);
            if (run.rotary == null) {
                lastCos = null;
                lastSin = null;
            } else {
                lastCos = atLast(run.rotary[0]);
                lastSin = atLast(run.rotary[1]);
            }
            for (int window : architecture.windows()) {
                if (window > 0 && window < tokens) {
                    run.mask(window);
                }
                lastMasks.computeIfAbsent(window, this::lastMask);
            }
        }

        private NDArray atLast(NDArray table) {
            NDList rows = new NDList();
            for (int length : lengths) {
                rows.add(table.get(run.call, new NDIndex("{}:{}", length - 1, length)));
            }
            NDArray gathered = NDArrays.stack(rows);
            gathered.attach(run.call);
            return gathered;
        }

        private NDArray lastMask(int window) {
            float[] mask = new float[Math.toIntExact(batch * tokens)];
            for (int row = 0; row < batch; row++) {
                int query = lengths[row] - 1;
                for (int key = 0; key < tokens; key++) {
                    if (key > query || (window > 0 && key <= query - window)) {
                        mask[Math.toIntExact(row * tokens + key)] = Float.NEGATIVE_INFINITY;
                    }
                }
            }
            return run.call.create(mask, new Shape(batch, 1, 1, tokens));
        }

        @Override
        public NDArray embedded(NDManager owner) {
            NDArray embedded = run.embedded();
            embedded.attach(owner);
            return embedded;
        }

        @Override
        public NDArray heads(NDManager owner, int layer, NDArray residual) {
            try (NDManager scratch = owner.newSubManager()) {
                scratch.tempAttachAll(residual);
                TransformerWeights.Layer own = weights.layer(layer);
                NDArray x = run.norm(scratch, residual, own.attentionNorm());
                int window = architecture.windows().get(layer);
                return attention.all(
                        owner,
                        scaled(layer, fast.linear(scratch, x, own.query())),
                        fast.linear(scratch, x, own.key()),
                        fast.linear(scratch, x, own.value()),
                        run.rotary,
                        window > 0 && window < tokens ? run.mask(window) : null);
            }
        }

        @Override
        public NDArray lastHeads(NDManager owner, int layer, NDArray residual) {
            try (NDManager scratch = owner.newSubManager()) {
                scratch.tempAttachAll(residual);
                TransformerWeights.Layer own = weights.layer(layer);
                NDArray x = run.norm(scratch, residual, own.attentionNorm());
                NDArray last = rows(scratch, x, lengths).expandDims(1);
                return attention.last(
                        owner,
                        scaled(layer, fast.linear(scratch, last, own.query())),
                        fast.linear(scratch, x, own.key()),
                        fast.linear(scratch, x, own.value()),
                        run.rotary,
                        lastCos,
                        lastSin,
                        lastMasks.get(architecture.windows().get(layer)));
            }
        }

        private NDArray scaled(int layer, NDArray query) {
            return architecture.scoresByLayer() ? query.div(layer + 1) : query;
        }

        @Override
        public NDArray finish(NDManager owner, int layer, NDArray residual, NDArray heads) {
            try (NDManager scratch = owner.newSubManager()) {
                TransformerWeights.Layer own = weights.layer(layer);
                long positions = heads.getShape().get(1);
                NDArray before = positions == tokens
                        ? residual
                        : rows(scratch, residual, lengths).expandDims(1);
                scratch.tempAttachAll(heads);
                NDArray flat = heads.reshape(batch, positions, (long) shape().heads() * shape().headWidth());
                NDArray mid = run.sum(scratch, fast.linear(scratch, flat, own.output()), before);
                NDArray mlp = run.mlp(scratch, own, run.norm(scratch, mid, own.mlpNorm()));
                NDArray after = run.sum(scratch, mid, mlp);
                after.attach(owner);
                return after;
            }
        }

        @Override
        public NDArray logits(NDManager owner, NDArray residual) {
            try (NDManager scratch = owner.newSubManager()) {
                NDArray last = residual.getShape().get(1) == tokens
                        ? rows(scratch, residual, lengths)
                        : residual.get(scratch, new NDIndex(":, 0"));
                return output(owner, run.norm(scratch, last, weights.finalNorm()));
            }
        }
    }
}
