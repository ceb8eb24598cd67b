package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageEntry;
import org.apmae.core.store.EncodingStore;
import org.apmae.examples.console.CommonOptions;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.live.FittedBundle;
import org.apmae.models.predict.BoostedTrees;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes the fitted parts of a study as one folder for live use. */
@Command(
        name = "bundle",
        mixinStandardHelpOptions = true,
        description =
                "Writes encoder, clusters and predictor of a run as one folder, for FittedBundle and apmae guard.")
final class BundleCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--run", paramLabel = "DIR", description = "Run folder (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("apmae-run");

    @Option(names = "--out", paramLabel = "DIR", description = "Folder to write (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("apmae-bundle");

    @Override
    public Integer call() {
        Map<String, Object> result = Studies.with(folder, common.progress(), common.threads(), this::write);
        if (common.json()) {
            CommonOptions.print(result);
        } else {
            System.err.println("bundle of " + result.get("heads") + " heads: " + out.toAbsolutePath());
        }
        return 0;
    }

    private Map<String, Object> write(Study study) {
        EncodingStore store = EncodingStore.open(study.run());
        // each file is checked against the manifest before the whole folder is read
        study.run().require(Stage.PREDICT).files().stream()
                .map(StageEntry.Item::name)
                .filter(name -> name.startsWith(PredictStage.LIVE_MODEL + "/"))
                .forEach(name -> study.run().file(Stage.PREDICT, name));
        Path predictor = study.run().path().resolve(PredictStage.LIVE_MODEL);
        try (ApMae apmae = TrainStage.load(study.run());
                FittedPredictor fitted = BoostedTrees.load(predictor)) {
            FittedBundle.save(
                    out,
                    study.model(),
                    apmae,
                    store.heads(),
                    study.run().file(Stage.CLUSTER, ClusterStage.MODEL),
                    ClusterStage.encodings(store),
                    fitted);
        }
        Map<String, Object> result = new TreeMap<>();
        result.put("bundle", out.toString());
        result.put("heads", store.heads().size());
        result.put("model_sha256", study.model().weightsSha256());
        return result;
    }
}
