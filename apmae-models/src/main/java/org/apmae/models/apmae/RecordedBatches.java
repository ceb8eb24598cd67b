package org.apmae.models.apmae;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.stream.Stream;
import org.apmae.core.model.AttentionRecorder;
import org.apmae.core.model.AttentionSink;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.model.Prompt;
import org.apmae.core.work.Tasks;
import org.apmae.models.runtime.NativeRuntime;

/**
 * Batches straight from a recorder: no pattern is stored, and memory holds those of one group of scenarios only. The patterns
 * of a group are shuffled together, so a batch holds few of any one scenario. Which scenarios make up a group, which heads are
 * drawn and in which order they come depends on the seed and the step alone: to go on at a step, its group is recorded again.
 */
final class RecordedBatches implements PatternBatches {
    private final PatternSource source;
    private final List<Prompt> prompts;
    private final int batch;
    private final long seed;
    private final ExecutorService workers;
    private final int perScenario;
    private final int[] order;
    private final int[] promptOrder;
    private final ByteBuffer buffer;
    private long round = -1;
    private long group = -1;
    private List<PatternSet> patterns = List.of();

    /**
     * What patterns are made of.
     *
     * @param recorder borrowed; used by several threads at once where there are workers
     * @param config grid and scaler
     * @param headShare share of each layer's heads that a scenario shows, above 0 and at most 1
     * @param together scenarios in a group, 1 or more
     */
    record PatternSource(AttentionRecorder recorder, ApMaeConfig config, double headShare, int together) {}

    RecordedBatches(PatternSource source, List<Prompt> prompts, int batch, ExecutorService workers, long seed) {
        if (prompts.isEmpty() || batch < 1 || source.together() < 1) {
            throw new IllegalArgumentException("batches of " + batch + " from groups of " + source.together() + " of "
                    + prompts.size() + " scenarios are not possible; each must be 1 or more");
        }
        this.source = source;
        this.prompts = List.copyOf(prompts);
        this.batch = batch;
        this.seed = seed;
        this.workers = workers;
        perScenario = heads(0).heads().size();
        order = new int[source.together() * perScenario];
        promptOrder = new int[prompts.size()];
        long side = source.config().grid().patternSize();
        buffer = ByteBuffer.allocateDirect(Math.toIntExact(4L * batch * side * side))
                .order(ByteOrder.nativeOrder());
    }

    private HeadSelection heads(long scenario) {
        ModelShape shape = source.recorder().shape();
        return HeadSelection.layerwise(shape, source.headShare(), ShuffledOrder.mix(seed + 1, scenario));
    }

    @Override
    public NDArray next(NDManager owner, int step) {
        int side = source.config().grid().patternSize();
        FloatBuffer pixels = buffer.asFloatBuffer();
        for (int i = 0; i < batch; i++) {
            long position = (long) step * batch + i;
            load(position / order.length);
            int chosen = order[(int) (position % order.length)];
            patterns.get(chosen / perScenario).copy(chosen % perScenario, pixels, i * side * side);
        }
        return owner.create(pixels, new Shape(batch, 1, side, side));
    }

    private void load(long wanted) {
        if (wanted == group) {
            return;
        }
        List<Callable<PatternSet>> tasks = new ArrayList<>();
        for (int i = 0; i < source.together(); i++) {
            long scenario = wanted * source.together() + i;
            if (scenario / prompts.size() != round) {
                round = scenario / prompts.size();
                ShuffledOrder.fill(promptOrder, seed + 2, round);
            }
            Prompt prompt = prompts.get(promptOrder[(int) (scenario % prompts.size())]);
            tasks.add(() -> record(prompt, heads(scenario)));
        }
        patterns = List.of();
        patterns = Tasks.all(tasks, workers, ApMaeTrainer.INTERRUPTED);
        ShuffledOrder.fill(order, seed, wanted);
        group = wanted;
    }

    private PatternSet record(Prompt prompt, HeadSelection heads) {
        PatternSet set = new PatternSet(source.config().grid());
        ModelShape shape = source.recorder().shape();
        source.recorder().record(Stream.of(prompt), heads, AttentionSink.patternsOnly(layer -> {
            try (NDManager scratch = NativeRuntime.newManager(Device.cpu())) {
                int[] numbers = layer.heads().stream().mapToInt(shape::indexOf).toArray();
                set.add(numbers, source.config().scaler().scale(scratch, layer.patterns()));
            }
        }));
        return set;
    }
}
