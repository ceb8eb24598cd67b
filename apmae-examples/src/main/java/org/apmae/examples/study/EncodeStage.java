package org.apmae.examples.study;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.HeadId;
import org.apmae.core.model.HeadSelection;
import org.apmae.core.model.ModelShape;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.EncodingStore;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.models.apmae.ApMae;

/** Stage 4, second half: every head's pattern of every selected scenario as an encoding. */
final class EncodeStage {
    private EncodeStage() {}

    static void run(Study study) {
        study.run().require(Stage.TRAIN);
        List<ScenarioRow> rows =
                Selected.read(study.run()).stream().map(Selected::row).toList();
        ModelShape shape = study.model().shape();
        HeadSelection heads = HeadSelection.all(shape);
        try (ApMae apmae = TrainStage.load(study.run());
                ApMaeEncoder encoder = apmae.fastEncoder(apmae.config().encodingMode(), ApMae.Precision.F32);
                StageWriter writer = study.run().begin(Stage.ENCODE)) {
            try (EncodingStore.Writer store = EncodingStore.writer(
                            writer,
                            heads.heads(),
                            rows.stream().map(ScenarioRow::id).toList(),
                            encoder.width());
                    Progress.Stage progress = study.progress().start("encoding patterns", rows.size(), "scenarios")) {
                PatternStream.run(study, rows, heads, apmae.config().scaler(), progress, (scratch, batch, scaled) -> {
                    long side = scaled.getShape().get(2);
                    NDArray encoded = encoder.encode(scratch, scaled.reshape(-1, 1, side, side));
                    float[] all = encoded.toFloatArray();
                    int width = encoder.width();
                    int next = 0;
                    for (int prompt = 0; prompt < batch.prompts().size(); prompt++) {
                        for (HeadId head : batch.heads()) {
                            store.put(
                                    head,
                                    batch.prompts().get(prompt).scenarioId(),
                                    Arrays.copyOfRange(all, next, next + width));
                            next += width;
                        }
                    }
                });
                store.finish();
            }
            writer.metrics(Map.of(
                    "scenarios",
                    rows.size(),
                    "heads",
                    heads.heads().size(),
                    "width",
                    encoder.width(),
                    "patterns",
                    (long) rows.size() * heads.heads().size()));
            writer.commit(study.provenance());
        }
    }
}
