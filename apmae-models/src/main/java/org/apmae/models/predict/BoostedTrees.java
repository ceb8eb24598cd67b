package org.apmae.models.predict;

import io.github.metarank.lightgbm4j.LGBMBooster;
import io.github.metarank.lightgbm4j.LGBMDataset;
import io.github.metarank.lightgbm4j.LGBMException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apmae.core.predict.CorrectnessPredictor;
import org.apmae.core.predict.FittedPredictor;
import org.apmae.core.predict.PatternTable;

/**
 * Gradient-boosted trees on pattern labels as true categories, by LightGBM. Immutable and thread-safe.
 *
 * <p>Numbers, where a table has any, are split at thresholds. The tree settings of the paper (depth 6, learning rate 0.1, up to 1,000 trees, early stopping after 25) are the defaults. A
 * split sends a set of labels one way, so the numbering of labels means nothing; noise is a label like any other, and a label
 * that training did not show in a column counts as missing. Fitting is deterministic, with the same bits for any number of
 * threads.
 *
 * <p>Needs the OpenMP library of the system (on Debian and Ubuntu the package {@code libgomp1}).
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on correctness</a>
 */
public final class BoostedTrees implements CorrectnessPredictor {
    /** LightGBM keeps memory for every category up to the largest, so absurd labels are refused. */
    static final int MOST_LABEL = 65_535;

    private final Options options;

    /**
     * Makes a predictor.
     *
     * @param options the settings
     */
    public BoostedTrees(Options options) {
        this.options = options;
    }

    /**
     * Settings of the fit.
     *
     * @param iterations most trees, 1 to 100,000
     * @param depth most splits from root to leaf, 1 to 15
     * @param learningRate share of each tree's step, above 0 to 1
     * @param patience trees without a better log loss on the validation rows before stopping, 1 or more
     * @param threads threads of a fit, 1 or more; the result does not depend on it
     */
    public record Options(int iterations, int depth, double learningRate, int patience, int threads) {
        /**
         * Checks the settings.
         *
         * @throws IllegalArgumentException if one is out of range
         */
        public Options {
            if (iterations < 1
                    || iterations > 100_000
                    || depth < 1
                    || depth > 15
                    || !(learningRate > 0 && learningRate <= 1)
                    || patience < 1
                    || threads < 1) {
                throw new IllegalArgumentException("iterations " + iterations + " (1 to 100000), depth " + depth
                        + " (1 to 15), learningRate " + learningRate + " (above 0 to 1), patience " + patience
                        + " (1 or more) and threads " + threads + " (1 or more) must lie in the ranges given");
            }
        }

        /**
         * Returns the paper's settings: up to 1,000 trees of depth 6, learning rate 0.1, stop after 25 without gain; on one
         * thread.
         *
         * @return the settings
         */
        public static Options paper() {
            return new Options(1000, 6, 0.1, 25, 1);
        }

        /**
         * Changes the number of threads.
         *
         * @param value 1 or more
         * @return a changed copy
         */
        public Options withThreads(int value) {
            return new Options(iterations, depth, learningRate, patience, value);
        }
    }

    /**
     * Returns the settings.
     *
     * @return the settings
     */
    public Options options() {
        return options;
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException also if a label is above 65,535 or there is no column
     * @throws IllegalStateException if the native library cannot be loaded or fails
     */
    @Override
    public FittedPredictor fit(PatternTable train, PatternTable validation, long seed) {
        check(train, validation);
        Native.load();
        Categories categories = Categories.of(train);
        String dataSettings = dataSettings(train.columns().size(), train.size(), seed);
        try (LGBMDataset trainData = data(train, categories, dataSettings, null);
                LGBMDataset validationData = data(validation, categories, dataSettings, trainData);
                LGBMBooster booster = LGBMBooster.create(trainData, settings(train.size(), seed))) {
            booster.addValidData(validationData);
            int trees = grow(booster);
            String model = booster.saveModelToString(0, trees, LGBMBooster.FeatureImportanceType.GAIN);
            // The predictor is read back from what will be saved, so a loaded one cannot differ from a fitted one.
            return FittedTrees.of(ModelText.withoutParameters(model), categories);
        } catch (LGBMException e) {
            throw new IllegalStateException("LightGBM failed to fit: " + e.getMessage(), e);
        }
    }

    /**
     * Loads a predictor.
     *
     * @param folder a folder that {@link FittedPredictor#save} wrote
     * @return the predictor, to be closed
     * @throws IllegalArgumentException if the folder's files are damaged, of another kind or do not belong together
     * @throws IllegalStateException if the native library cannot be loaded
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static FittedPredictor load(Path folder) {
        return FittedTrees.load(folder);
    }

    private static void check(PatternTable train, PatternTable validation) {
        int columns = train.columns().size() + train.numberColumns().size();
        if (train.size() == 0 || validation.size() == 0 || columns == 0) {
            throw new IllegalArgumentException("there are " + train.size() + " training rows, " + validation.size()
                    + " validation rows and " + columns + " columns; give at least one of each");
        }
        if (!train.columns().equals(validation.columns())
                || !train.numberColumns().equals(validation.numberColumns())) {
            throw new IllegalArgumentException("the training table has " + columns
                    + " columns and the validation table "
                    + (validation.columns().size() + validation.numberColumns().size())
                    + ", and they are not the same; give tables of the same columns in the same order");
        }
        int right = 0;
        for (boolean outcome : train.correct()) {
            right += outcome ? 1 : 0;
        }
        if (right == 0 || right == train.size()) {
            throw new IllegalArgumentException("all " + train.size() + " training rows are "
                    + (right == 0 ? "incorrect" : "correct") + "; give rows of both outcomes");
        }
        if ((long) Math.max(train.size(), validation.size()) * columns > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException(
                    train.size() + " rows of " + columns + " columns are more than 2^31 values; give fewer");
        }
    }

    /** Adds trees until the log loss on the validation rows has not fallen for {@code patience} trees. */
    private int grow(LGBMBooster booster) throws LGBMException {
        int best = 1;
        double bestLoss = Double.POSITIVE_INFINITY;
        for (int tree = 1; tree <= options.iterations(); tree++) {
            boolean finished = booster.updateOneIter();
            double loss = booster.getEval(1)[0];
            if (loss < bestLoss) {
                bestLoss = loss;
                best = tree;
            }
            if (finished || tree - best >= options.patience()) {
                break;
            }
        }
        return best;
    }

    private static LGBMDataset data(PatternTable table, Categories categories, String settings, LGBMDataset reference)
            throws LGBMException {
        LGBMDataset data = LGBMDataset.createFromMat(
                categories.matrix(table.labels(), table.numbers(), 0, table.size()),
                table.size(),
                categories.width(),
                true,
                settings,
                reference);
        float[] outcomes = new float[table.size()];
        boolean[] correct = table.correct();
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = correct[i] ? 1 : 0;
        }
        try {
            data.setField("label", outcomes);
        } catch (LGBMException e) {
            data.close();
            throw e;
        }
        return data;
    }

    /**
     * Settings that small tables need. A cluster may have as few as 25 members, and LightGBM's default would leave out labels
     * with fewer than 100 rows ({@code min_data_per_group}) and merge rare ones into one bin ({@code min_data_in_bin}).
     */
    private String dataSettings(int columns, int rows, long seed) {
        String all = IntStream.range(0, columns).mapToObj(Integer::toString).collect(Collectors.joining(","));
        List<String> settings = new ArrayList<>(common(seed));
        if (columns > 0) {
            settings.add("categorical_feature=" + all);
        }
        settings.add("max_bin=" + 1024);
        settings.add("min_data_in_bin=1");
        settings.add("feature_pre_filter=false");
        settings.add("min_data_in_leaf=" + leastRows(rows));
        return String.join(" ", settings);
    }

    private String settings(int rows, long seed) {
        List<String> settings = new ArrayList<>(common(seed));
        settings.add("objective=binary");
        settings.add("metric=binary_logloss");
        settings.add("boosting=gbdt");
        settings.add("max_depth=" + options.depth());
        settings.add("num_leaves=" + (1 << options.depth()));
        settings.add("learning_rate=" + options.learningRate());
        settings.add("min_data_in_leaf=" + leastRows(rows));
        settings.add("min_data_per_group=" + leastRows(rows));
        // The ratio by which labels are ordered before a split is drawn towards the mean as if this many rows more had
        // it; with
        // 25 rows in a label the default of 10 is about a third, and weaker smoothing lets chance order them.
        settings.add("cat_smooth=10");
        settings.add("cat_l2=10");
        // CatBoost's default, the paper's library; LightGBM's own is 0.
        settings.add("lambda_l2=3");
        // Each tree sees half of the heads: with more heads than a few hundred rows can rank, the best split of all is
        // mostly
        // the luckiest.
        settings.add("feature_fraction=0.5");
        return String.join(" ", settings);
    }

    private List<String> common(long seed) {
        // LightGBM derives its generators from one 31-bit seed where the single ones are not set.
        int small = (int) (seed ^ (seed >>> 32)) & Integer.MAX_VALUE;
        return List.of(
                "verbosity=-1",
                "deterministic=true",
                "force_row_wise=true",
                "num_threads=" + options.threads(),
                "seed=" + small,
                "data_random_seed=" + small,
                "feature_fraction_seed=" + small,
                "bagging_seed=" + small,
                "extra_seed=" + small);
    }

    /** Rows that a leaf and a group of labels need: 1 % of the rows, but at least 5 and at most LightGBM's default of 20. */
    private static int leastRows(int rows) {
        return Math.max(5, Math.min(20, rows / 100));
    }
}
