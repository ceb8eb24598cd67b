package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apmae.core.model.ModelShape;
import org.apmae.core.work.Tasks;
import org.apmae.models.runtime.NativeRuntime;
import org.apmae.models.runtime.ScriptModule;
import org.apmae.models.safetensors.CheckpointFolder;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.safetensors.SafetensorsWriter;

/**
 * Trains a StarCoder2 model of any size from nothing, on the CPU or a GPU.
 *
 * <p>A step splits its sequences into micro-batches that worker threads run side by side, each on its own copy of the
 * parameters; gradients are summed in the order of the micro-batches, so the number of workers does not change the result.
 * Matrices inside the layers are updated by Muon (momentum made orthogonal), everything else by AdamW. Not thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/2502.16982">Muon is Scalable for LLM Training</a>
 */
public final class Starcoder2Trainer implements AutoCloseable {
    /** The file of a checkpoint that holds weights and optimisers. */
    public static final String STATE = "training.safetensors";

    private static final double MOMENTUM = 0.95;
    private static final double WEIGHT_DECAY = 0.05;

    private final Starcoder2Config config;
    private final TrainingSetup setup;
    private final Map<String, long[]> shapes;
    private final Map<String, float[]> parameters = new LinkedHashMap<>();
    private final Map<String, float[]> momentum = new LinkedHashMap<>();
    private final Map<String, ArrayAdam> adam = new LinkedHashMap<>();
    private final NDManager manager;
    private final ExecutorService executor;
    private final List<Worker> workers = new ArrayList<>();
    private long steps;

    private Starcoder2Trainer(Starcoder2Config config, TrainingSetup setup) {
        this.config = config;
        this.setup = setup;
        this.shapes = config.architecture().parameters();
        this.manager = NativeRuntime.newManager(setup.device());
        this.executor = Tasks.threads("apmae-train", setup.workers());
        shapes.forEach((name, shape) -> {
            int size = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
            parameters.put(name, new float[size]);
            if (byMuon(name)) {
                momentum.put(name, new float[size]);
            } else {
                adam.put(name, new ArrayAdam(size, 0.9, 0.98, 1e-8, 0));
            }
        });
        for (int i = 0; i < setup.workers(); i++) {
            workers.add(new Worker());
        }
    }

    /**
     * Starts a new model with random weights.
     *
     * @param shape the sizes
     * @param intermediate width of the MLP
     * @param setup how to use the machine
     * @param seed seed of the weights
     * @return the trainer
     */
    public static Starcoder2Trainer init(ModelShape shape, int intermediate, TrainingSetup setup, long seed) {
        Starcoder2Config config = new Starcoder2Config(shape, intermediate, 1e-5f, 10000, 0, true, true, 1024);
        Starcoder2Trainer trainer = new Starcoder2Trainer(config, setup);
        Random random = new Random(seed);
        double residual = 0.02 / Math.sqrt(2.0 * shape.layers());
        trainer.parameters.forEach((name, values) -> {
            if (name.contains("norm") && name.endsWith(".weight")) {
                Arrays.fill(values, 1);
            } else if (!name.endsWith(".bias")) {
                boolean output = name.contains("o_proj") || name.contains("c_proj");
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (random.nextGaussian() * (output ? residual : 0.02));
                }
            }
        });
        return trainer;
    }

    /**
     * Goes on from a checkpoint written by {@link #save}.
     *
     * @param folder the checkpoint
     * @param setup how to use the machine
     * @return the trainer
     * @throws org.apmae.models.safetensors.ModelFileException if the checkpoint is incomplete or damaged
     */
    public static Starcoder2Trainer resume(Path folder, TrainingSetup setup) {
        Starcoder2Config config = Starcoder2Config.read(folder);
        Starcoder2Trainer trainer = new Starcoder2Trainer(config, setup);
        try (SafetensorsFile state = SafetensorsFile.open(folder.resolve(STATE))) {
            trainer.parameters.forEach((name, values) -> copy(state.floats("weight." + name), values));
            trainer.momentum.forEach((name, values) -> copy(state.floats("momentum." + name), values));
            trainer.steps = (long) state.floats("steps")[0];
            trainer.adam.forEach((name, optimizer) -> {
                copy(state.floats("mean." + name), optimizer.mean());
                copy(state.floats("square." + name), optimizer.square());
                optimizer.resumeAt(trainer.steps);
            });
            return trainer;
        } catch (RuntimeException e) {
            trainer.close();
            throw e;
        }
    }

    /**
     * Starts from the weights of a model, with fresh optimisers.
     *
     * @param folder a StarCoder2 checkpoint with biases and tied embeddings
     * @param setup how to use the machine
     * @return the trainer, at step 0
     * @throws org.apmae.models.safetensors.ModelFileException if the checkpoint is incomplete or damaged
     */
    public static Starcoder2Trainer from(Path folder, TrainingSetup setup) {
        Starcoder2Config config = Starcoder2Config.read(folder);
        Starcoder2Trainer trainer = new Starcoder2Trainer(config, setup);
        try (CheckpointFolder weights = CheckpointFolder.open(folder)) {
            trainer.parameters.forEach((name, values) -> copy(weights.floats(name), values));
            return trainer;
        } catch (RuntimeException e) {
            trainer.close();
            throw e;
        }
    }

    private static void copy(float[] from, float[] to) {
        System.arraycopy(from, 0, to, 0, to.length);
    }

    private static boolean byMuon(String name) {
        return name.startsWith("model.layers.") && (name.endsWith("proj.weight") || name.endsWith("c_fc.weight"));
    }

    /**
     * Returns the number of steps taken, earlier runs included.
     *
     * @return 0 or more
     */
    public long steps() {
        return steps;
    }

    /**
     * Returns the number of trained numbers.
     *
     * @return the size of all parameters together
     */
    public long parameterCount() {
        return parameters.values().stream().mapToLong(v -> v.length).sum();
    }

    /**
     * Takes one step.
     *
     * @param batch sequences, a multiple of the micro-batch
     * @param learningRate step size, before the scaling that each optimiser applies
     * @return the weighted mean loss in nats
     */
    public double step(List<TrainingSequence> batch, double learningRate) {
        List<float[][]> gradients = new ArrayList<>(Collections.nCopies(batch.size() / setup.microBatch(), null));
        double loss = run(batch, gradients);
        float[][] sum = gradients.get(0);
        for (int part = 1; part < gradients.size(); part++) {
            add(sum, gradients.get(part));
        }
        clip(sum, 1.0);
        steps++;
        update(sum, learningRate);
        return loss;
    }

    /**
     * Computes the loss without learning.
     *
     * @param batch sequences, a multiple of the micro-batch
     * @return the weighted mean loss in nats
     */
    public double loss(List<TrainingSequence> batch) {
        return run(batch, new ArrayList<>(Collections.nCopies(batch.size() / setup.microBatch(), null)));
    }

    private double run(List<TrainingSequence> batch, List<float[][]> gradients) {
        if (batch.isEmpty() || batch.size() % setup.microBatch() != 0) {
            throw new IllegalArgumentException("a batch of " + batch.size()
                    + " sequences cannot be split into micro-batches of " + setup.microBatch() + "; give a multiple");
        }
        double total = batch.stream().mapToDouble(TrainingSequence::weight).sum();
        int parts = gradients.size();
        double[] losses = new double[parts];
        inParallel(worker -> {
            worker.load();
            for (int part = worker.index; part < parts; part += workers.size()) {
                List<TrainingSequence> sequences =
                        batch.subList(part * setup.microBatch(), (part + 1) * setup.microBatch());
                gradients.set(part, worker.gradients(sequences, total, losses, part));
            }
        });
        return Arrays.stream(losses).sum();
    }

    private static void add(float[][] sum, float[][] other) {
        for (int i = 0; i < sum.length; i++) {
            float[] to = sum[i];
            float[] from = other[i];
            for (int j = 0; j < to.length; j++) {
                to[j] += from[j];
            }
        }
    }

    private static void clip(float[][] gradients, double limit) {
        double square = 0;
        for (float[] gradient : gradients) {
            for (float value : gradient) {
                square += (double) value * value;
            }
        }
        double norm = Math.sqrt(square);
        if (!(norm < Double.POSITIVE_INFINITY)) {
            throw new IllegalStateException("the gradient is not finite; lower the learning rate and resume");
        }
        if (norm > limit) {
            float factor = (float) (limit / norm);
            for (float[] gradient : gradients) {
                for (int j = 0; j < gradient.length; j++) {
                    gradient[j] *= factor;
                }
            }
        }
    }

    private void update(float[][] gradients, double learningRate) {
        List<String> names = List.copyOf(shapes.keySet());
        inParallel(worker -> {
            for (int i = worker.index; i < names.size(); i += workers.size()) {
                String name = names.get(i);
                if (byMuon(name)) {
                    worker.muon(shapes.get(name), parameters.get(name), momentum.get(name), gradients[i], learningRate);
                } else {
                    adam.get(name).step(parameters.get(name), gradients[i], learningRate);
                }
            }
        });
    }

    private interface WorkerTask {
        void run(Worker worker);
    }

    private void inParallel(WorkerTask task) {
        List<Callable<Object>> tasks = new ArrayList<>();
        for (Worker worker : workers) {
            tasks.add(Executors.callable(() -> task.run(worker)));
        }
        Tasks.all(tasks, executor, "training was interrupted; resume from the last checkpoint");
    }

    /**
     * Writes a checkpoint: weights and optimisers in one file that is replaced in one step, so that a killed run never leaves
     * the weights of one step with the optimisers of another.
     *
     * @param folder the folder, made if it does not exist
     * @throws UncheckedIOException if it cannot be written
     */
    public void save(Path folder) {
        SafetensorsWriter state = new SafetensorsWriter(SafetensorsWriter.Precision.F32);
        state.add("steps", new long[] {1}, new float[] {steps});
        parameters.forEach((name, values) -> state.add("weight." + name, shapes.get(name), values));
        momentum.forEach((name, values) -> state.add("momentum." + name, shapes.get(name), values));
        adam.forEach((name, optimizer) -> {
            state.add("mean." + name, shapes.get(name), optimizer.mean());
            state.add("square." + name, shapes.get(name), optimizer.square());
        });
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), pretty(config.toJson()));
            state.write(folder.resolve(STATE));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the checkpoint " + folder + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes the model alone, as {@link TargetModels#load} reads it.
     *
     * @param folder the folder, made if it does not exist
     * @param precision how weights are stored
     * @throws UncheckedIOException if it cannot be written
     */
    public void export(Path folder, SafetensorsWriter.Precision precision) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), pretty(config.toJson()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the model " + folder + ": " + e.getMessage(), e);
        }
        writeWeights(folder, precision);
    }

    private void writeWeights(Path folder, SafetensorsWriter.Precision precision) {
        SafetensorsWriter writer = new SafetensorsWriter(precision);
        parameters.forEach((name, values) -> writer.add(name, shapes.get(name), values));
        writer.write(folder.resolve("model.safetensors"));
    }

    private static String pretty(JsonObject json) {
        return new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(json) + "\n";
    }

    @Override
    public void close() {
        executor.shutdown();
        manager.close();
    }

    private final class Worker {
        private final int index = workers.size();
        private final NDManager own = manager.newSubManager();
        private final List<PtNDArray> leaves = new ArrayList<>();
        private final ScriptModule loss = ScriptModule.compile(
                own,
                "ids: Tensor, targets: Tensor, weight: Tensor, cos: Tensor, sin: Tensor," + " w: List[Tensor]",
                script(config, setup.products()));
        private final int sequenceLength = setup.sequenceLength();
        private final NDArray cos;
        private final NDArray sin;

        Worker() {
            NDArray[] rotary = Rotary.tables(own, config.shape().headWidth(), config.ropeTheta(), 0, sequenceLength);
            cos = rotary[0].reshape(1, 1, sequenceLength, config.shape().headWidth());
            sin = rotary[1].reshape(1, 1, sequenceLength, config.shape().headWidth());
            shapes.forEach((name, shape) -> {
                PtNDArray leaf = (PtNDArray) own.create(new Shape(shape));
                leaf.setRequiresGradient(true);
                leaf.setName("w[]");
                leaves.add(leaf);
            });
        }

        void load() {
            JniUtils.setGradMode(false);
            int i = 0;
            for (float[] values : parameters.values()) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.nativeOrder());
                buffer.asFloatBuffer().put(values);
                leaves.get(i++).set(buffer);
            }
        }

        float[][] gradients(List<TrainingSequence> sequences, double total, double[] losses, int part) {
            int rows = sequences.size();
            long[] ids = new long[rows * sequenceLength];
            long[] targets = new long[rows * sequenceLength];
            float[] weight = new float[rows * sequenceLength];
            for (int row = 0; row < rows; row++) {
                sequences.get(row).fill(row * sequenceLength, sequenceLength, ids, targets, weight, total);
            }
            JniUtils.setGradMode(true);
            try (NDManager scratch = own.newSubManager()) {
                NDList inputs = new NDList(
                        scratch.create(ids, new Shape(rows, sequenceLength)),
                        scratch.create(targets, new Shape((long) rows * sequenceLength)),
                        scratch.create(weight, new Shape((long) rows * sequenceLength)),
                        cos,
                        sin);
                inputs.addAll(leaves);
                NDArray value = loss.run(inputs);
                JniUtils.backward((PtNDArray) value, (PtNDArray) scratch.ones(value.getShape()), false, false);
                losses[part] = value.getFloat();
                float[][] gradients = new float[leaves.size()][];
                for (int i = 0; i < gradients.length; i++) {
                    try (PtNDArray gradient = JniUtils.getGradient(leaves.get(i))) {
                        gradients[i] = gradient.toFloatArray();
                    }
                    JniUtils.zeroGrad(leaves.get(i));
                }
                return gradients;
            } finally {
                JniUtils.setGradMode(false);
            }
        }

        /** One Muon step; the quintic iteration pushes all singular values of the momentum towards one. */
        void muon(long[] shape, float[] weights, float[] momenta, float[] gradient, double learningRate) {
            JniUtils.setGradMode(false);
            float beta = (float) MOMENTUM;
            float[] direction = new float[gradient.length];
            double square = 0;
            for (int i = 0; i < gradient.length; i++) {
                momenta[i] = beta * momenta[i] + (1 - beta) * gradient[i];
                direction[i] = beta * momenta[i] + (1 - beta) * gradient[i];
                square += (double) direction[i] * direction[i];
            }
            float scale = (float) (1 / (Math.sqrt(square) + 1e-12));
            for (int i = 0; i < direction.length; i++) {
                direction[i] *= scale;
            }
            try (NDManager scratch = own.newSubManager()) {
                boolean tall = shape[0] > shape[1];
                NDArray x = scratch.create(direction, new Shape(shape));
                x = tall ? x.transpose() : x;
                for (int round = 0; round < 5; round++) {
                    NDArray gram = x.matMul(x.transpose());
                    NDArray polynomial =
                            gram.mul(-4.7750f).add(gram.matMul(gram).mul(2.0315f));
                    x = x.mul(3.4445f).add(polynomial.matMul(x));
                }
                float[] update = (tall ? x.transpose() : x).toFloatArray();
                float step = (float) (learningRate * 0.2 * Math.sqrt((double) Math.max(shape[0], shape[1])));
                float keep = (float) (1 - learningRate * WEIGHT_DECAY);
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = weights[i] * keep - step * update[i];
                }
            }
        }
    }

    /** The whole loss as one native function; the functional model of {@link HookedTransformer} is its oracle. */
    static String script(Starcoder2Config config, TrainingSetup.Products products) {
        ModelShape shape = config.shape();
        int last = 1 + shape.layers() * 16;
        String script = String.format(
                        Locale.ROOT,
                        """
                    b = torch.size(ids, 0)
                    s = torch.size(ids, 1)
                    x = torch.embedding(w[0], ids)
                    for i in range(%1$d):
                      o = 1 + i * 16
                      n = torch.layer_norm(x, [%2$d], w[o], w[o + 1], %7$s)
                      q = torch.transpose(torch.reshape(torch.linear(n, w[o + 2], w[o + 3]), [b, s, %3$d, %5$d]), 1, 2)
                      k = torch.transpose(torch.reshape(torch.linear(n, w[o + 4], w[o + 5]), [b, s, %4$d, %5$d]), 1, 2)
                      v = torch.transpose(torch.reshape(torch.linear(n, w[o + 6], w[o + 7]), [b, s, %4$d, %5$d]), 1, 2)
                      q2 = torch.cat([torch.neg(torch.narrow(q, 3, %6$d, %6$d)), torch.narrow(q, 3, 0, %6$d)], 3)
                      k2 = torch.cat([torch.neg(torch.narrow(k, 3, %6$d, %6$d)), torch.narrow(k, 3, 0, %6$d)], 3)
                      q3 = torch.add(torch.mul(q, cos), torch.mul(q2, sin))
                      k3 = torch.repeat_interleave(torch.add(torch.mul(k, cos), torch.mul(k2, sin)), %8$d, 1)
                      v3 = torch.repeat_interleave(v, %8$d, 1)
                      z = torch.scaled_dot_product_attention(q3, k3, v3, None, 0., True)
                      z2 = torch.reshape(torch.transpose(z, 1, 2), [b, s, %9$d])
                      m = torch.add(x, torch.linear(z2, w[o + 8], w[o + 9]))
                      n2 = torch.layer_norm(m, [%2$d], w[o + 10], w[o + 11], %7$s)
                      h = torch.gelu(torch.linear(n2, w[o + 12], w[o + 13]), approximate="tanh")
                      x = torch.add(m, torch.linear(h, w[o + 14], w[o + 15]))
                    f = torch.layer_norm(x, [%2$d], w[%10$d], w[%11$d], %7$s)
                    logits = torch.reshape(torch.linear(f, w[0]), [b * s, %12$d])
                    losses = torch.cross_entropy_loss(logits, targets, None, 0)
                    return torch.sum(torch.mul(losses, weight))
                """,
                        shape.layers(),
                        shape.hidden(),
                        shape.heads(),
                        shape.keyValueHeads(),
                        shape.headWidth(),
                        shape.headWidth() / 2,
                        "1e-05",
                        shape.heads() / shape.keyValueHeads(),
                        shape.heads() * shape.headWidth(),
                        last,
                        last + 1,
                        shape.vocabulary())
                .indent(4);
        return products == TrainingSetup.Products.F32 ? script : inBf16(script);
    }

    /** Casts the inputs of every product to bf16 (type 15) and its result back to f32 (type 6). */
    private static String inBf16(String script) {
        return script.replaceAll(
                        "torch\\.linear\\((\\w+), (w\\[[^]]+]), (w\\[[^]]+])\\)",
                        "torch.to(torch.linear(torch.to($1, 15), torch.to($2, 15), torch.to($3, 15)), 6)")
                .replaceAll(
                        "torch\\.linear\\((\\w+), (w\\[[^]]+])\\)",
                        "torch.to(torch.linear(torch.to($1, 15), torch.to($2, 15)), 6)");
    }
}
