package org.apmae.examples.study;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.pattern.PatchMask;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.examples.console.CommonOptions;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.apmae.PatternSet;
import org.apmae.models.apmae.Reconstruction;
import org.apmae.models.recording.HookedRecorder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Draws what the AP-MAE makes of one pattern. */
@Command(
        name = "reconstruct",
        mixinStandardHelpOptions = true,
        description =
                "Draws a head's pattern, its visible patches, the predicted ones and both together, with the error.")
final class ReconstructCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--run", paramLabel = "DIR", description = "Run folder (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("apmae-run");

    @Option(names = "--scenario", paramLabel = "ID", description = "Scenario id (default: the first of the run).")
    private String scenario;

    @Option(names = "--layer", paramLabel = "N", description = "Layer, from 0 (default: ${DEFAULT-VALUE}).")
    private int layer;

    @Option(names = "--head", paramLabel = "N", description = "Head in the layer, from 0 (default: ${DEFAULT-VALUE}).")
    private int head;

    @Option(names = "--seed", description = "Seed of the mask (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--out", paramLabel = "FILE", description = "PNG file (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("reconstruction.png");

    @Override
    public Integer call() {
        Map<String, Object> result = Studies.with(folder, common.progress(), common.threads(), this::draw);
        if (common.json()) {
            CommonOptions.print(result);
        } else {
            System.err.println("masked mean squared error " + result.get("masked_mse") + ", picture: " + out);
        }
        return 0;
    }

    private Map<String, Object> draw(Study study) {
        ScenarioRow row = RunTables.scenarios(study.run()).stream()
                .filter(one -> scenario == null || one.id().equals(scenario))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the run folder " + folder + " has no scenario "
                        + scenario + "; take an id from scenarios.jsonl"));
        HeadId chosen = new HeadId(layer, head);
        study.model().shape().indexOf(chosen);
        try (ApMae apmae = TrainStage.load(study.run());
                HookedRecorder recorder = new HookedRecorder(study.model(), 1)) {
            PatternSet pattern = new PatternSet(apmae.config().grid());
            recorder.record(
                    Stream.of(row.prompt()),
                    HeadSelection.of(List.of(chosen)),
                    PatternStream.sink(
                            study,
                            apmae.config().scaler(),
                            (scratch, batch, scaled) -> pattern.add(new int[] {0}, scaled)));
            PatchMask mask =
                    PatchMask.draw(apmae.config().grid(), apmae.config().maskRatio(), 1, new Random(seed));
            Reconstruction reconstruction = apmae.reconstruct(pattern.pattern(0), mask);
            TrainStage.panels(reconstruction).write(out);
            Map<String, Object> result = new HashMap<>();
            result.put("scenario", row.id());
            result.put("head", chosen.toString());
            result.put("masked_mse", reconstruction.loss());
            result.put("picture", out.toString());
            return result;
        }
    }
}
