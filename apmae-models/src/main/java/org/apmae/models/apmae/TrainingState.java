package org.apmae.models.apmae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import org.apmae.models.safetensors.SafetensorsFile;
import org.apmae.models.safetensors.SafetensorsWriter;
import org.apmae.models.training.AdamW;

/**
 * A training run between two steps, in one file that replaces the one before in a single step: weights, both moments, losses
 * so far. Schedule, masks and batches are functions of the step, so the number of steps done stands for all of them.
 */
final class TrainingState {
    private static final int SHORTS = 4;

    private final Path file;
    private final float[] identity;

    /**
     * Names a file.
     *
     * @param file the file
     * @param identity text that differs between trainings that must not be mixed up
     */
    TrainingState(Path file, String identity) {
        this.file = file;
        this.identity = digest(identity);
    }

    private static float[] digest(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            float[] bytes = new float[hash.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = hash[i];
            }
            return bytes;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }

    /** Writes the state after some steps. */
    void save(ApMae model, AdamW optimizer, double[] losses) {
        int done = optimizer.steps();
        float[] bits = new float[SHORTS * done];
        for (int i = 0; i < done; i++) {
            long loss = Double.doubleToLongBits(losses[i]);
            for (int j = 0; j < SHORTS; j++) {
                bits[SHORTS * i + j] = (float) ((loss >>> (16 * j)) & 0xffff);
            }
        }
        new SafetensorsWriter(SafetensorsWriter.Precision.F32)
                .add("identity", new long[] {identity.length}, identity)
                .add("losses", new long[] {done, SHORTS}, bits)
                .add("weights", model.flat())
                .add("first_moment", new long[] {model.parameterCount()}, optimizer.firstMoment(0))
                .add("second_moment", new long[] {model.parameterCount()}, optimizer.secondMoment(0))
                .write(file);
    }

    /**
     * Puts a state back, if there is one.
     *
     * @param losses filled with those of the steps done
     * @return number of steps done, 0 without a file
     */
    int restore(ApMae model, AdamW optimizer, double[] losses) {
        if (!Files.exists(file)) {
            return 0;
        }
        try (SafetensorsFile state = SafetensorsFile.open(file)) {
            if (!Arrays.equals(state.floats("identity"), identity)) {
                throw new IllegalArgumentException(file + " is the state of another training: other options, sizes or"
                        + " data; delete it or name another file");
            }
            float[] bits = state.floats("losses");
            int done = bits.length / SHORTS;
            for (int i = 0; i < done; i++) {
                long loss = 0;
                for (int j = 0; j < SHORTS; j++) {
                    loss |= ((long) bits[SHORTS * i + j]) << (16 * j);
                }
                losses[i] = Double.longBitsToDouble(loss);
            }
            try (NDArray weights = model.manager().create(state.floats("weights"))) {
                model.flat().set(new NDIndex(":"), weights);
            }
            optimizer.restore(done, List.of(state.floats("first_moment")), List.of(state.floats("second_moment")));
            return done;
        }
    }
}
