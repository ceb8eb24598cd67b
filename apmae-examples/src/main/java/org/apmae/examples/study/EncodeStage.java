package org.apmae.examples.study;

import java.util.List;
import java.util.Map;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.Prompt;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.apmae.ApMae;
import org.apmae.models.pipeline.EncodingPass;
import org.apmae.models.pipeline.RecordingEstimate;

/** Stage 4, second half: every head's pattern of every selected scenario as an encoding. */
final class EncodeStage {
    private EncodeStage() {}

    static void run(Study study) {
        study.run().require(Stage.TRAIN);
        TrainStage.forgetState(study);
        List<Prompt> prompts = prompts(study);
        HeadSelection heads = HeadSelection.all(study.model().shape());
        try (ApMae apmae = TrainStage.load(study.run());
                ApMaeEncoder encoder = encoder(apmae)) {
            boolean here = study.runner().sharesMemory();
            EncodingPass local = pass(study, apmae, encoder);
            EncodingPass pass =
                    here ? local : local.on(study.runner(), study.targetForPieces(), study.encoderForPieces());
            Provenance provenance = study.provenance();
            String key = provenance + ", " + study.keeping() + ", " + EncodingPass.SEGMENT;
            try (StageWriter writer = study.run().resume(Stage.ENCODE, key)) {
                EncodingStore.Writer store = EncodingStore.writer(writer, heads.heads(), encoder.width());
                List<Prompt> left = prompts.subList(store.scenarioIds().size(), prompts.size());
                if (here && !left.isEmpty()) {
                    RecordingEstimate estimate = pass.estimate(left, left.size(), heads, study.keeping());
                    study.tell(estimate.toString());
                    estimate.requireRoom(study.run().path());
                }
                try (Progress.Stage progress =
                        study.progress().start("encoding patterns", prompts.size(), "scenarios")) {
                    pass.run(prompts.iterator(), heads, study.keeping(), writer, store, progress::step);
                }
                store.finish();
                writer.metrics(Map.of(
                        "scenarios",
                        prompts.size(),
                        "heads",
                        heads.heads().size(),
                        "width",
                        encoder.width(),
                        "patterns",
                        (long) prompts.size() * heads.heads().size()));
                writer.commit(provenance);
            }
        }
    }

    /** Measures a few scenarios and writes nothing. */
    static RecordingEstimate estimate(Study study) {
        study.run().require(Stage.TRAIN);
        List<Prompt> prompts = prompts(study);
        try (ApMae apmae = TrainStage.load(study.run());
                ApMaeEncoder encoder = encoder(apmae)) {
            return pass(study, apmae, encoder)
                    .estimate(
                            prompts,
                            prompts.size(),
                            HeadSelection.all(study.model().shape()),
                            study.keeping());
        }
    }

    static ApMaeEncoder encoder(ApMae apmae) {
        return apmae.fastEncoder(apmae.config().encodingMode(), ApMae.Precision.F32);
    }

    private static EncodingPass pass(Study study, ApMae apmae, ApMaeEncoder encoder) {
        return new EncodingPass(study.model(), apmae.config().scaler(), encoder, study.threads());
    }

    private static List<Prompt> prompts(Study study) {
        return Selected.read(study.run()).stream()
                .map(selected -> selected.row().prompt())
                .toList();
    }
}
