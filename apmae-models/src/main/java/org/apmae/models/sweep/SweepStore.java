package org.apmae.models.sweep;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.Segments;

/** Results in segments, handed out again in the order in which they were made; or none at all. */
final class SweepStore {
    static final String FILE = "sweep.jsonl";

    private final Segments segments;
    private final List<String> known;
    private int at;

    SweepStore() {
        this.segments = null;
        this.known = List.of();
    }

    SweepStore(Segments segments) {
        this.segments = segments;
        this.known =
                new String(segments.read(FILE), StandardCharsets.UTF_8).lines().toList();
    }

    /** The results of a batch and part if they are known, or null. */
    List<SettingOutcomes> next(List<Prompt> batch, List<HeadIntervention> part) {
        if (at == known.size()) {
            return null;
        }
        List<SettingOutcomes> found = new ArrayList<>();
        for (HeadIntervention setting : part) {
            Map<?, ?> line = at < known.size() ? (Map<?, ?>) CanonicalJson.read(known.get(at)) : Map.of();
            if (!setting.id().equals(line.get("setting")) || !ids(batch).equals(line.get("scenarios"))) {
                throw new IllegalArgumentException("the sweep goes on with the setting " + line.get("setting")
                        + " where " + setting.id() + " is due; begin the stage with another key");
            }
            at++;
            found.add(new SettingOutcomes(
                    ((List<?>) line.get("predicted_token"))
                            .stream()
                                    .mapToInt(token -> ((Number) token).intValue())
                                    .toArray(),
                    ((List<?>) line.get("target_loss"))
                            .stream()
                                    .mapToDouble(loss -> loss == null ? Double.NaN : ((Number) loss).doubleValue())
                                    .toArray()));
        }
        return found;
    }

    void append(List<Prompt> batch, List<HeadIntervention> part, List<SettingOutcomes> found) {
        if (segments == null) {
            return;
        }
        StringBuilder text = new StringBuilder();
        for (int s = 0; s < part.size(); s++) {
            Map<String, Object> line = new TreeMap<>();
            line.put("setting", part.get(s).id());
            line.put("scenarios", ids(batch));
            line.put(
                    "predicted_token",
                    Arrays.stream(found.get(s).predictedTokens()).boxed().toList());
            line.put(
                    "target_loss",
                    Arrays.stream(found.get(s).targetLosses()).boxed().toList());
            text.append(CanonicalJson.writeLine(line)).append('\n');
        }
        segments.append(
                Map.of(FILE, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8))),
                Map.of("scenarios", batch.size(), "settings", part.size()));
    }

    private static List<String> ids(List<Prompt> batch) {
        return batch.stream().map(Prompt::scenarioId).toList();
    }
}
