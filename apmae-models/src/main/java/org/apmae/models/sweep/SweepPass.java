package org.apmae.models.sweep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.apmae.core.model.HeadIntervention;
import org.apmae.core.model.Prompt;
import org.apmae.core.run.Segments;
import org.apmae.models.pipeline.Workers;
import org.apmae.models.target.TargetModel;

/**
 * Runs many interventions over the same prompts. Batches of prompts, padded on the right where no setting minds, go through the layers once for all
 * settings that have done the same up to there: settings part at the first layer in which they differ, after its attention,
 * and in the last layer only each prompt's last position is computed. The results are those of a full pass for each setting,
 * to rounding. Interventions on patterns are run as full passes. Immutable and thread-safe.
 */
public final class SweepPass {
    private static final int BATCH = 8;
    /** Settings that share prefixes and are stored together. */
    private static final int PART = 64;

    private static final int MEASURED = 4;

    private final TargetModel model;
    private final int threads;

    /**
     * Wraps a model.
     *
     * @param model the model, to be closed by the caller afterwards
     * @param threads worker threads, 1 or more; results do not depend on it
     * @throws IllegalArgumentException if the number of threads is below 1
     */
    public SweepPass(TargetModel model, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads is " + threads + "; it must be 1 or more");
        }
        this.model = model;
        this.threads = threads;
    }

    TargetModel model() {
        return model;
    }

    /** A batch of prompts and a part of the settings, by their numbers. */
    private static final class Unit {
        private final int[] prompts;
        private final int[] settings;

        Unit(int[] prompts, int[] settings) {
            this.prompts = prompts;
            this.settings = settings;
        }
    }

    /**
     * Runs settings and keeps nothing on the disk.
     *
     * @param prompts N prompts of any lengths
     * @param settings what to change, each by itself
     * @param progress told the number of scenario-settings done
     * @return for each setting, in order, what the model predicts for the prompts
     * @throws IllegalArgumentException if a setting names a head, or a prompt a target, that the model lacks
     */
    public List<SettingOutcomes> run(List<Prompt> prompts, List<HeadIntervention> settings, LongConsumer progress) {
        return run(prompts, settings, progress, new SweepStore());
    }

    /**
     * Runs settings after those that a stage in the making already holds, and keeps the results there: one segment for each
     * batch of prompts and part of the settings. A stage that is begun again takes over what it finds, as long as the same is
     * asked for in the same order.
     *
     * @param segments where results go
     * @return a sweep whose calls of {@code run} follow each other
     * @throws java.io.UncheckedIOException if the segments cannot be read
     */
    public Sweep resuming(Segments segments) {
        SweepStore store = new SweepStore(segments);
        return (prompts, settings, progress) -> run(prompts, settings, progress, store);
    }

    private List<SettingOutcomes> run(
            List<Prompt> prompts, List<HeadIntervention> settings, LongConsumer progress, SweepStore store) {
        check(prompts, settings);
        List<Unit> units = units(prompts, settings);
        int[][] predicted = new int[settings.size()][prompts.size()];
        double[][] losses = new double[settings.size()][prompts.size()];
        try (Workers workers = new Workers("apmae-sweep", threads)) {
            List<Future<List<SettingOutcomes>>> running = new ArrayList<>();
            List<List<SettingOutcomes>> known = new ArrayList<>();
            for (Unit unit : units) {
                List<Prompt> batch = pick(prompts, unit.prompts);
                List<HeadIntervention> part = pick(settings, unit.settings);
                List<SettingOutcomes> found = store.next(batch, part);
                known.add(found);
                running.add(
                        found != null
                                ? null
                                : workers.submit(() -> new LayeredBatch(
                                                model,
                                                batch,
                                                new LayerPlan(
                                                        part, model.shape().layers()))
                                        .run()));
            }
            for (int u = 0; u < units.size(); u++) {
                Unit unit = units.get(u);
                List<SettingOutcomes> outcomes = known.get(u);
                if (outcomes == null) {
                    outcomes = Workers.result(running.get(u));
                    store.append(pick(prompts, unit.prompts), pick(settings, unit.settings), outcomes);
                }
                for (int s = 0; s < unit.settings.length; s++) {
                    for (int p = 0; p < unit.prompts.length; p++) {
                        predicted[unit.settings[s]][unit.prompts[p]] =
                                outcomes.get(s).predictedToken(p);
                        losses[unit.settings[s]][unit.prompts[p]] =
                                outcomes.get(s).targetLoss(p);
                    }
                }
                progress.accept((long) unit.prompts.length * unit.settings.length);
            }
        }
        List<SettingOutcomes> all = new ArrayList<>();
        for (int s = 0; s < settings.size(); s++) {
            all.add(new SettingOutcomes(predicted[s], losses[s]));
        }
        return List.copyOf(all);
    }

    private static <T> List<T> pick(List<T> from, int[] numbers) {
        return Arrays.stream(numbers).mapToObj(from::get).toList();
    }

    private void check(List<Prompt> prompts, List<HeadIntervention> settings) {
        for (HeadIntervention setting : settings) {
            setting.heads().forEach(model.shape()::indexOf);
            setting.patternHeads().forEach(model.shape()::indexOf);
        }
        for (Prompt prompt : prompts) {
            if (prompt.targetToken() >= model.shape().vocabulary()) {
                throw new IllegalArgumentException("the target token " + prompt.targetToken() + " of scenario "
                        + prompt.scenarioId() + " is outside the vocabulary of "
                        + model.shape().vocabulary() + "; tokenize with the model's own tokenizer");
            }
        }
    }

    /** Prompts of like lengths make a batch, settings with long common prefixes a part. */
    private List<Unit> units(List<Prompt> prompts, List<HeadIntervention> settings) {
        int[] byLength = IntStream.range(0, prompts.size())
                .boxed()
                .sorted(Comparator.comparingInt(p -> prompts.get(p).length()))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] byPrefix = new LayerPlan(settings, model.shape().layers()).byPrefix();
        // an intervention that knows positions would take the padding for a part of the prompt
        boolean mixed = settings.stream().allMatch(LayerPlan::multiplies);
        List<int[]> batches = new ArrayList<>();
        int from = 0;
        while (from < byLength.length) {
            int length = prompts.get(byLength[from]).length();
            int to = from + 1;
            while (to < byLength.length
                    && to < from + BATCH
                    && (mixed || prompts.get(byLength[to]).length() == length)) {
                to++;
            }
            batches.add(Arrays.copyOfRange(byLength, from, to));
            from = to;
        }
        List<Unit> units = new ArrayList<>();
        for (int s = 0; s < byPrefix.length; s += PART) {
            int[] part = Arrays.copyOfRange(byPrefix, s, Math.min(byPrefix.length, s + PART));
            batches.forEach(batch -> units.add(new Unit(batch, part)));
        }
        return units;
    }

    /**
     * Measures a few prompts and counts the layers that the settings do not share.
     *
     * @param prompts the prompts, at least one
     * @param settings the settings, at least one
     * @return the estimate
     * @throws IllegalArgumentException if there is no prompt or no setting
     */
    public SweepEstimate estimate(List<Prompt> prompts, List<HeadIntervention> settings) {
        if (prompts.isEmpty() || settings.isEmpty()) {
            throw new IllegalArgumentException("there are " + prompts.size() + " prompts and " + settings.size()
                    + " settings to estimate; give at least one of each");
        }
        check(prompts, settings);
        int layers = model.shape().layers();
        List<Prompt> few = prompts.subList(0, Math.min(prompts.size(), MEASURED));
        LayerPlan bare = new LayerPlan(List.of(HeadIntervention.none()), layers);
        new LayeredBatch(model, few, bare).run(); // warm up
        long started = System.nanoTime();
        new LayeredBatch(model, few, bare).run();
        double each = (System.nanoTime() - started) / 1e9 / few.size() / bare.layersRun();
        int[] order = new LayerPlan(settings, layers).byPrefix();
        double run = 0;
        for (int s = 0; s < order.length; s += PART) {
            int[] part = Arrays.copyOfRange(order, s, Math.min(order.length, s + PART));
            run += new LayerPlan(pick(settings, part), layers).layersRun();
        }
        return new SweepEstimate(
                (long) prompts.size() * settings.size(),
                run / ((double) layers * settings.size()),
                run * prompts.size() * each / threads);
    }
}
