package org.apmae.models.recording;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionBatch;
import org.apmae.core.model.AttentionRecorder;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.model.Prompt;
import org.apmae.core.model.Verdict;
import org.apmae.models.target.Hooks;
import org.apmae.models.target.TargetModel;

/**
 * Records a target model by hooks on its patterns: each layer's selected heads go to the sink while the next layer does not
 * exist yet. Borrows the model: closing the recorder leaves it open. Thread-safe.
 */
public final class HookedRecorder implements AttentionRecorder {
    private final TargetModel model;
    private final int batchSize;
    private volatile boolean closed;

    /**
     * Wraps a model.
     *
     * @param model the model, to be closed by the caller after the recorder
     * @param batchSize most prompts run at once, 1 or more
     * @throws IllegalArgumentException if the batch size is below 1
     */
    public HookedRecorder(TargetModel model, int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("the batch size is " + batchSize + "; it must be 1 or more");
        }
        this.model = model;
        this.batchSize = batchSize;
    }

    @Override
    public ModelShape shape() {
        return model.shape();
    }

    @Override
    public void record(Stream<Prompt> prompts, HeadSelection heads, HeadIntervention intervention, AttentionSink sink) {
        checkOpen();
        heads.check(shape());
        intervention.heads().forEach(shape()::indexOf);
        intervention.patternHeads().forEach(shape()::indexOf);
        List<Prompt> batch = new ArrayList<>();
        for (Iterator<Prompt> iterator = prompts.iterator(); iterator.hasNext(); ) {
            Prompt prompt = iterator.next();
            if (batch.size() == batchSize || (!batch.isEmpty() && batch.get(0).length() != prompt.length())) {
                run(batch, heads, intervention, sink);
                batch.clear();
            }
            batch.add(prompt);
        }
        if (!batch.isEmpty()) {
            run(batch, heads, intervention, sink);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this recorder is closed; make another one over the model");
        }
    }

    private void checkTarget(Prompt prompt) {
        if (prompt.targetToken() >= shape().vocabulary()) {
            throw new IllegalArgumentException("the target token " + prompt.targetToken() + " of scenario "
                    + prompt.scenarioId() + " is outside the vocabulary of " + shape().vocabulary()
                    + "; tokenize with the model's own tokenizer");
        }
    }

    private void run(List<Prompt> prompts, HeadSelection heads, HeadIntervention intervention, AttentionSink sink) {
        checkOpen();
        List<Prompt> batch = List.copyOf(prompts);
        batch.forEach(this::checkTarget);
        Hooks hooks = Hooks.none().with(intervention);
        for (int l = 0; l < shape().layers(); l++) {
            int layer = l;
            List<HeadId> selected = heads.inLayer(layer);
            if (!selected.isEmpty()) {
                hooks = hooks.with("blocks." + layer + ".attn.hook_pattern", (scratch, pattern) -> {
                    sink.patterns(new AttentionBatch(batch, layer, selected, select(scratch, pattern, selected)));
                    return pattern;
                });
            }
        }
        float[] logits;
        try (NDManager manager = model.newManager()) {
            int tokens = batch.get(0).length();
            long[] ids = new long[batch.size() * tokens];
            for (int row = 0; row < batch.size(); row++) {
                int[] own = batch.get(row).ids();
                for (int i = 0; i < tokens; i++) {
                    ids[row * tokens + i] = own[i];
                }
            }
            NDArray input = manager.create(ids, new Shape(batch.size(), tokens));
            if (!sink.wantsVerdicts()) {
                model.watch(input, hooks);
                return;
            }
            logits = model.lastLogits(manager, input, hooks).toFloatArray();
        }
        List<Verdict> verdicts = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            verdicts.add(Verdict.of(batch.get(row), logits, row * shape().vocabulary(), shape().vocabulary()));
        }
        sink.verdicts(verdicts);
    }

    private NDArray select(NDManager scratch, NDArray pattern, List<HeadId> selected) {
        if (selected.size() == shape().heads()) {
            return pattern;
        }
        NDList parts = new NDList();
        for (HeadId head : selected) {
            parts.add(pattern.get(scratch, new NDIndex(":, {}:{}", head.head(), head.head() + 1)));
        }
        return NDArrays.concat(parts, 1);
    }

    @Override
    public void close() {
        closed = true;
    }
}
