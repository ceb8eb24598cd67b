package org.apmae.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apmae.core.work.Tasks;

/**
 * Adam with decoupled weight decay, computed as torch.optim.AdamW does: the decay multiplies the parameters by
 * {@code 1 - rate decay}, the moments are bias-corrected, and epsilon is added to the corrected root.
 *
 * <p>The decay applies to every parameter given; use two optimisers where some shall not decay. The moments can be read and
 * put back, so training can stop and go on. Not thread-safe.
 *
 * @see <a href="https://arxiv.org/abs/1711.05101">Loshchilov and Hutter, Decoupled Weight Decay Regularization</a>
 */
public final class AdamW implements AutoCloseable {
    /** Large arrays are worked on in pieces that stay in a core's cache, as each step passes over them a dozen times. */
    private static final long PIECE = 1 << 15;
    /** Pieces that a worker takes at once. */
    private static final int TOGETHER = 16;

    private final NDManager manager;
    private final List<Shape> shapes = new ArrayList<>();
    private final NDList first = new NDList();
    private final NDList second = new NDList();
    private final List<NDList> parameterPieces = new ArrayList<>();
    private final List<NDList> firstPieces = new ArrayList<>();
    private final List<NDList> secondPieces = new ArrayList<>();
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double weightDecay;
    private final AtomicBoolean closed = new AtomicBoolean();
    private int steps;

    /**
     * Starts with zero moments.
     *
     * @param parent manager under which the state lives, on the parameters' device
     * @param parameters float32 arrays of any shape, contiguous, without gradient; they are changed in place by
     *     {@link #step} and must stay open until this is closed
     * @param beta1 decay of the first moment, in [0, 1)
     * @param beta2 decay of the second moment, in [0, 1)
     * @param epsilon added to the root of the second moment, above 0
     * @param weightDecay 0 or more
     * @throws IllegalArgumentException if a value is out of range or there is no parameter
     */
    public AdamW(NDManager parent, NDList parameters, double beta1, double beta2, double epsilon, double weightDecay) {
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException(
                    "the betas are " + beta1 + " and " + beta2 + "; both must be at least 0 and below 1");
        }
        if (!(epsilon > 0) || !(weightDecay >= 0)) {
            throw new IllegalArgumentException("epsilon is " + epsilon + " and the weight decay " + weightDecay
                    + "; epsilon must be above 0, the decay at least 0");
        }
        if (parameters.isEmpty()) {
            throw new IllegalArgumentException("there is no parameter to train; give at least one array");
        }
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
        manager = parent.newSubManager();
        for (NDArray parameter : parameters) {
            shapes.add(parameter.getShape());
            NDArray m = manager.zeros(parameter.getShape());
            NDArray v = manager.zeros(parameter.getShape());
            first.add(m);
            second.add(v);
            parameterPieces.add(pieces(manager, parameter));
            firstPieces.add(pieces(manager, m));
            secondPieces.add(pieces(manager, v));
        }
    }

    /** Returns views on an array, in order, that together cover it. */
    private static NDList pieces(NDManager owner, NDArray array) {
        long size = array.size();
        boolean whole = array.getDevice().isGpu() || size <= PIECE;
        NDArray alias = array.stopGradient();
        alias.attach(owner);
        NDArray flat = alias.reshape(size);
        if (whole) {
            return new NDList(flat);
        }
        int cuts = (int) ((size - 1) / PIECE);
        long[] indices = new long[cuts];
        for (int i = 0; i < cuts; i++) {
            indices[i] = (i + 1) * PIECE;
        }
        return flat.split(indices, 0);
    }

    /**
     * Changes the parameters by one step.
     *
     * @param gradients one gradient for each parameter, in their order and shape; borrowed
     * @param learningRate the rate of this step, 0 or more
     * @throws IllegalArgumentException if the gradients do not fit the parameters or the rate is negative or not a number
     * @throws IllegalStateException if this is closed
     */
    public void step(NDList gradients, double learningRate) {
        step(gradients, learningRate, null);
    }

    /**
     * Changes the parameters by one step, with the work spread over threads; the result is the same.
     *
     * @param gradients one gradient for each parameter, in their order and shape; borrowed
     * @param learningRate the rate of this step, 0 or more
     * @param workers threads for the work, or null for the calling thread alone
     * @throws IllegalArgumentException if the gradients do not fit the parameters or the rate is negative or not a number
     * @throws IllegalStateException if this is closed or the thread is interrupted
     */
    public void step(NDList gradients, double learningRate, ExecutorService workers) {
        requireOpen();
        if (gradients.size() != shapes.size()) {
            throw new IllegalArgumentException("there are " + gradients.size() + " gradients for " + shapes.size()
                    + " parameters; give one for each");
        }
        for (int i = 0; i < shapes.size(); i++) {
            if (!gradients.get(i).getShape().equals(shapes.get(i))) {
                throw new IllegalArgumentException("gradient " + i + " has the shape "
                        + gradients.get(i).getShape() + ", its parameter " + shapes.get(i) + "; they must be equal");
            }
        }
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("the learning rate is " + learningRate + "; it must be 0 or more");
        }
        steps++;
        try (NDManager scratch = manager.newSubManager()) {
            Scalars scalars = new Scalars(
                    scalar(scratch, 1 - learningRate * weightDecay),
                    scalar(scratch, beta1),
                    scalar(scratch, 1 - beta1),
                    scalar(scratch, beta2),
                    scalar(scratch, 1 - beta2),
                    scalar(scratch, Math.sqrt(1 - Math.pow(beta2, steps))),
                    scalar(scratch, epsilon),
                    scalar(scratch, learningRate / (1 - Math.pow(beta1, steps))));
            List<Callable<Void>> updates = new ArrayList<>();
            for (int i = 0; i < shapes.size(); i++) {
                NDList g = pieces(scratch, gradients.get(i));
                NDList p = parameterPieces.get(i);
                NDList m = firstPieces.get(i);
                NDList v = secondPieces.get(i);
                for (int from = 0; from < g.size(); from += TOGETHER) {
                    int first = from;
                    int last = Math.min(g.size(), from + TOGETHER);
                    updates.add(() -> {
                        update(scalars, p.subNDList(first, last), m, v, g, first);
                        return null;
                    });
                }
            }
            Tasks.all(
                    updates,
                    updates.size() == 1 ? null : workers,
                    "a step was interrupted; go on from the last state that was kept");
        }
    }

    private record Scalars(
            NDArray keep,
            NDArray beta1,
            NDArray rest1,
            NDArray beta2,
            NDArray rest2,
            NDArray rootCorrection,
            NDArray epsilon,
            NDArray rate) {}

    private static NDArray scalar(NDManager owner, double value) {
        return owner.full(new Shape(), (float) value);
    }

    /** Updates pieces one after the other, from the first one on. */
    private static void update(Scalars s, NDList p, NDList m, NDList v, NDList g, int first) {
        boolean gradientMode = JniUtils.isGradMode();
        JniUtils.setGradMode(false);
        try {
            for (int i = 0; i < p.size(); i++) {
                update(s, p.get(i), m.get(first + i), v.get(first + i), g.get(first + i));
            }
        } finally {
            JniUtils.setGradMode(gradientMode);
        }
    }

    private static void update(Scalars s, NDArray p, NDArray m, NDArray v, NDArray g) {
        p.muli(s.keep);
        m.muli(s.beta1);
        try (NDArray part = g.mul(s.rest1)) {
            m.addi(part);
        }
        v.muli(s.beta2);
        try (NDArray part = g.square()) {
            part.muli(s.rest2);
            v.addi(part);
        }
        try (NDArray root = v.sqrt()) {
            root.divi(s.rootCorrection);
            root.addi(s.epsilon);
            try (NDArray change = m.div(root)) {
                change.muli(s.rate);
                p.subi(change);
            }
        }
    }

    /**
     * Scales gradients so that their common Euclidean norm is at most a bound, in place.
     *
     * @param gradients the gradients; changed
     * @param maximum the largest norm, above 0
     * @return the norm before
     * @throws IllegalArgumentException if the bound is not above 0
     */
    public static double clipNorm(NDList gradients, double maximum) {
        if (!(maximum > 0)) {
            throw new IllegalArgumentException(
                    "gradients cannot be clipped to a norm of " + maximum + "; the bound must be above 0");
        }
        double squares = 0;
        for (NDArray gradient : gradients) {
            try (NDArray square = gradient.square();
                    NDArray sum = square.sum()) {
                squares += sum.getFloat();
            }
        }
        double norm = Math.sqrt(squares);
        if (norm > maximum) {
            for (NDArray gradient : gradients) {
                gradient.muli((float) (maximum / norm));
            }
        }
        return norm;
    }

    /**
     * Returns how many steps were done.
     *
     * @return 0 at the start
     */
    public int steps() {
        return steps;
    }

    /**
     * Reads the first moment of a parameter.
     *
     * @param index the parameter
     * @return its elements, row by row
     * @throws IllegalStateException if this is closed
     */
    public float[] firstMoment(int index) {
        requireOpen();
        return first.get(index).toFloatArray();
    }

    /**
     * Reads the second moment of a parameter.
     *
     * @param index the parameter
     * @return its elements, row by row
     * @throws IllegalStateException if this is closed
     */
    public float[] secondMoment(int index) {
        requireOpen();
        return second.get(index).toFloatArray();
    }

    /**
     * Puts back a state that was read before.
     *
     * @param stepsDone number of steps, 0 or more
     * @param firstMoments one array for each parameter, row by row
     * @param secondMoments one array for each parameter, row by row
     * @throws IllegalArgumentException if the numbers do not fit the parameters
     * @throws IllegalStateException if this is closed
     */
    public void restore(int stepsDone, List<float[]> firstMoments, List<float[]> secondMoments) {
        requireOpen();
        if (stepsDone < 0 || firstMoments.size() != shapes.size() || secondMoments.size() != shapes.size()) {
            throw new IllegalArgumentException("a state of " + firstMoments.size() + " and " + secondMoments.size()
                    + " moments after " + stepsDone + " steps does not fit " + shapes.size()
                    + " parameters; restore what this class gave");
        }
        for (int i = 0; i < shapes.size(); i++) {
            long size = shapes.get(i).size();
            if (firstMoments.get(i).length != size || secondMoments.get(i).length != size) {
                throw new IllegalArgumentException("the moments of parameter " + i + " have "
                        + firstMoments.get(i).length + " and " + secondMoments.get(i).length + " elements, but it has "
                        + size + "; restore what this class gave");
            }
        }
        for (int i = 0; i < shapes.size(); i++) {
            put(first, firstPieces, i, firstMoments.get(i));
            put(second, secondPieces, i, secondMoments.get(i));
        }
        steps = stepsDone;
    }

    private void put(NDList moments, List<NDList> pieces, int index, float[] values) {
        pieces.get(index).close();
        moments.get(index).close();
        try (NDArray source = manager.create(FloatBuffer.wrap(values), shapes.get(index))) {
            NDArray copy = source.duplicate();
            moments.set(index, copy);
            pieces.set(index, pieces(manager, copy));
        }
    }

    private void requireOpen() {
        if (closed.get()) {
            throw new IllegalStateException("this AdamW is closed; make a new one and restore its state");
        }
    }

    /** Releases the moments; the parameters stay. Calling it again does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            manager.close();
        }
    }
}
