package org.apmae.core.run;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The stages of a study, in the order in which they run.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale</a>
 */
public enum Stage {
    /** Cuts scenarios out of source files. */
    MINE("mine"),
    /** Runs the target model on the scenarios and records what it predicts. */
    RECORD("record"),
    /** Trains an AP-MAE on attention patterns. */
    TRAIN("train"),
    /** Encodes the pattern of every head for every scenario. */
    ENCODE("encode"),
    /** Finds the recurring patterns of every head. */
    CLUSTER("cluster"),
    /** Fits the predictor of correctness. */
    PREDICT("predict"),
    /** Removes heads and counts what changes. */
    SWEEP("sweep"),
    /** Writes the report. */
    REPORT("report");

    private final String command;

    Stage(String command) {
        this.command = command;
    }

    /**
     * Returns the name of the stage in files and on the command line.
     *
     * @return for example {@code mine}
     */
    public String command() {
        return command;
    }

    /**
     * Returns the stages whose results this one reads.
     *
     * @return the direct predecessors, in running order; empty for {@link #MINE} alone
     */
    public Set<Stage> predecessors() {
        return switch (this) {
            case MINE -> Set.of();
            case RECORD -> ordered(MINE);
            case TRAIN -> ordered(RECORD);
            case ENCODE -> ordered(RECORD, TRAIN);
            case CLUSTER -> ordered(ENCODE);
            case PREDICT -> ordered(RECORD, CLUSTER);
            case SWEEP -> ordered(PREDICT);
            case REPORT -> ordered(SWEEP);
        };
    }

    /**
     * Returns every stage whose result goes into this one, at first or second hand.
     *
     * @return in running order, without this stage
     */
    public Set<Stage> allPredecessors() {
        EnumSet<Stage> all = EnumSet.noneOf(Stage.class);
        for (Stage stage : predecessors()) {
            all.add(stage);
            all.addAll(stage.allPredecessors());
        }
        return Collections.unmodifiableSet(all);
    }

    /**
     * Returns every stage that this one's result goes into, so that it is out of date when this one runs again.
     *
     * @return in running order, without this stage
     */
    public Set<Stage> dependents() {
        EnumSet<Stage> all = EnumSet.noneOf(Stage.class);
        for (Stage stage : values()) {
            if (stage.allPredecessors().contains(this)) {
                all.add(stage);
            }
        }
        return Collections.unmodifiableSet(all);
    }

    /**
     * Finds a stage by the name that {@link #command()} returns.
     *
     * @param command for example {@code mine}
     * @return the stage
     * @throws IllegalArgumentException if no stage has that name
     */
    public static Stage ofCommand(String command) {
        for (Stage stage : values()) {
            if (stage.command.equals(command)) {
                return stage;
            }
        }
        throw new IllegalArgumentException("there is no stage '" + command
                + "'; the stages are mine, record, train, encode, cluster, predict, sweep and report");
    }

    private static Set<Stage> ordered(Stage first, Stage... rest) {
        return Collections.unmodifiableSet(EnumSet.of(first, rest));
    }
}
