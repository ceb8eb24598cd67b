package org.apmae.examples.study;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.work.Resource;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.target.TargetModel;
import org.apmae.models.target.TargetModels;

/**
 * What pieces of work find by path in a process that does not share memory with the study. Each is loaded once a process and
 * lives as long as it does: nobody knows when its last piece has come.
 */
final class FoundResources {
    private static final Map<Resource<?>, Object> LOADED = new HashMap<>();

    private FoundResources() {}

    /** Records that are equal name the same thing. */
    private static synchronized <T> T once(Resource<T> key, Class<T> type, Supplier<T> load) {
        Object known = LOADED.get(key);
        if (known == null) {
            known = load.get();
            LOADED.put(key, known);
        }
        return type.cast(known);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "this machine";
        }
    }

    private static Path visible(String folder, String what, String cure) {
        Path path = Path.of(folder);
        if (!Files.isDirectory(path)) {
            throw new IllegalStateException(host() + " does not see the " + what + " " + folder + "; " + cure);
        }
        return path;
    }

    /**
     * The target model.
     *
     * @param folder where the study has it, or empty for the embedded one
     * @param sha256 of its weights
     */
    record Target(String folder, String sha256, Workplace.Locator locator) implements Resource<TargetModel> {
        @Override
        public TargetModel get() {
            return once(this, TargetModel.class, this::load);
        }

        private TargetModel load() {
            if (folder.isEmpty()) {
                return checked(TargetModels.embedded(locator.device()));
            }
            Path found = visible(
                    locator.model(Path.of(folder)).toString(),
                    "model",
                    "put it where all machines have it under this path, or send it with --ship-model");
            return checked(TargetModels.load(found, locator.device()));
        }

        private TargetModel checked(TargetModel model) {
            if (!model.weightsSha256().equals(sha256)) {
                String found = model.weightsSha256();
                model.close();
                throw new IllegalStateException("the model '" + folder + "' has the SHA-256 " + found + " on " + host()
                        + " where the study's is " + sha256
                        + "; put the same files there, or send them with --ship-model");
            }
            return model;
        }
    }

    /** Says which result of a stage is meant: a folder may be shared by systems that see changes late. */
    static String identity(RunFolder run, Stage stage) {
        return run.require(stage).files().toString();
    }

    private static RunFolder open(String run, Stage stage, String identity) {
        RunFolder opened = RunFolder.openReadOnly(
                visible(run, "run folder", "put it into a folder that all machines share under the same path"));
        if (!opened.has(stage) || !identity(opened, stage).equals(identity)) {
            throw new UncheckedIOException(new IOException(host() + " does not see the last '" + stage.command()
                    + "' in " + run + " yet; wait a moment and run the command again"));
        }
        return opened;
    }

    /**
     * The encoder of the run's AP-MAE.
     *
     * @param identity of the train stage
     */
    record Encoder(String run, String identity, Workplace.Locator locator) implements Resource<ApMaeEncoder> {
        @Override
        public ApMaeEncoder get() {
            return once(this, ApMaeEncoder.class, () -> {
                ApMae apmae = TrainStage.load(open(run, Stage.TRAIN, identity), locator.device());
                return EncodeStage.encoder(apmae);
            });
        }
    }

    /**
     * The encodings of the run.
     *
     * @param identity of the encode stage
     */
    record Encodings(String run, String identity) implements Resource<EncodingStore> {
        @Override
        public EncodingStore get() {
            return once(this, EncodingStore.class, () -> EncodingStore.open(open(run, Stage.ENCODE, identity)));
        }
    }
}
