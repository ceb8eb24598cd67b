package org.apmae.examples.study;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.model.Verdict;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunTables;
import org.apmae.core.run.ScenarioRow;
import org.apmae.core.run.Stage;

/**
 * A scenario of the balanced selection, with its verdict and its side of the split.
 *
 * @param row the scenario
 * @param verdict what the model predicted
 * @param side the part of the split
 */
record Selected(ScenarioRow row, Verdict verdict, RecordStage.Side side) {
    static List<Selected> read(RunFolder run) {
        run.require(Stage.RECORD);
        Map<String, ScenarioRow> rows = new LinkedHashMap<>();
        RunTables.scenarios(run).forEach(row -> rows.put(row.id(), row));
        Map<String, Verdict> verdicts = verdicts(run);
        Map<String, RecordStage.Side> sides = RecordStage.sides(run);
        List<Selected> selected = new ArrayList<>();
        run.lines(Stage.RECORD, RecordStage.SELECTION, json -> json).forEach(json -> {
            ScenarioRow row = rows.get((String) json.get("id"));
            if (row == null) {
                throw new IllegalStateException("the run folder selects scenario " + json.get("id")
                        + ", which it does not hold; run apmae record again");
            }
            selected.add(new Selected(row, RecordStage.verdict(verdicts, row), sides.get(RecordStage.file(row))));
        });
        return selected;
    }

    static Map<String, Verdict> verdicts(RunFolder run) {
        Map<String, Verdict> verdicts = new HashMap<>();
        RunTables.verdicts(run).forEach(verdict -> verdicts.put(verdict.scenarioId(), verdict));
        return verdicts;
    }
}
