package org.apmae.core.run;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apmae.core.model.HeadId;

/**
 * Which recurring pattern every head shows on every scenario. Immutable and thread-safe.
 *
 * <p>Letters: N scenarios, H heads.
 */
public final class PatternLabels {
    private final List<String> scenarioIds;
    private final List<HeadId> heads;
    private final int[][] labels;
    private final Map<String, Integer> rows = new HashMap<>();
    private final Map<HeadId, Integer> columns = new HashMap<>();

    /**
     * Copies the arguments.
     *
     * @param scenarioIds N ids, each once
     * @param heads H heads, each once
     * @param labels N rows of H labels, -1 (noise) or more
     * @throws IllegalArgumentException if the sizes do not fit together, an id or head stands twice, or a label is below -1
     */
    public PatternLabels(List<String> scenarioIds, List<HeadId> heads, int[][] labels) {
        this.scenarioIds = List.copyOf(scenarioIds);
        this.heads = List.copyOf(heads);
        if (labels.length != scenarioIds.size()) {
            throw new IllegalArgumentException("there are " + scenarioIds.size() + " scenarios but " + labels.length
                    + " rows of labels; give one row for each scenario");
        }
        for (int i = 0; i < this.scenarioIds.size(); i++) {
            if (rows.put(this.scenarioIds.get(i), i) != null) {
                throw new IllegalArgumentException(
                        "scenario " + this.scenarioIds.get(i) + " stands twice; label each scenario once");
            }
        }
        for (int i = 0; i < this.heads.size(); i++) {
            if (columns.put(this.heads.get(i), i) != null) {
                throw new IllegalArgumentException("head " + this.heads.get(i) + " stands twice; label each head once");
            }
        }
        this.labels = new int[labels.length][];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i].length != this.heads.size()) {
                throw new IllegalArgumentException("scenario " + this.scenarioIds.get(i) + " has " + labels[i].length
                        + " labels for " + this.heads.size() + " heads");
            }
            for (int label : labels[i]) {
                if (label < -1) {
                    throw new IllegalArgumentException("scenario " + this.scenarioIds.get(i) + " has the label " + label
                            + "; a label is 0 or more, or -1 for noise");
                }
            }
            this.labels[i] = labels[i].clone();
        }
    }

    /**
     * Returns the scenarios.
     *
     * @return N ids
     */
    public List<String> scenarioIds() {
        return scenarioIds;
    }

    /**
     * Returns the heads.
     *
     * @return H heads
     */
    public List<HeadId> heads() {
        return heads;
    }

    /**
     * Returns the labels of one scenario.
     *
     * @param scenarioId the scenario
     * @return H labels in the order of {@link #heads}; a copy
     * @throws IllegalArgumentException if the scenario has no labels
     */
    public int[] row(String scenarioId) {
        Integer row = rows.get(scenarioId);
        if (row == null) {
            throw new IllegalArgumentException(
                    "scenario " + scenarioId + " is not among the " + scenarioIds.size() + " that are labelled");
        }
        return labels[row].clone();
    }

    /**
     * Returns the labels of one head.
     *
     * @param head the head
     * @return N labels in the order of {@link #scenarioIds}
     * @throws IllegalArgumentException if the head has no labels
     */
    public int[] column(HeadId head) {
        Integer column = columns.get(head);
        if (column == null) {
            throw new IllegalArgumentException(
                    "head " + head + " is not among the " + heads.size() + " that are labelled");
        }
        int[] values = new int[labels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = labels[i][column];
        }
        return values;
    }

    Stream<Map<String, Object>> toJson() {
        return scenarioIds.stream().map(id -> {
            int[] row = row(id);
            Map<String, Object> byHead = new TreeMap<>();
            for (int i = 0; i < row.length; i++) {
                byHead.put(heads.get(i).toString(), row[i]);
            }
            return Map.of("id", id, "labels", byHead);
        });
    }
}
