package org.apmae.models.live;

import java.util.Arrays;
import java.util.Optional;
import org.apmae.models.generation.GenerationOptions;
import org.apmae.models.generation.StepHooks;
import org.apmae.models.generation.TokenGenerator;
import org.apmae.models.target.TargetModel;

/** Generation that abstains where the completion is probably wrong. Borrows its parts. Thread-safe. */
public final class GuardedGenerator {
    private final FittedBundle bundle;
    private final TokenGenerator generator;
    private final double threshold;

    /**
     * Puts the parts together.
     *
     * @param model the target model
     * @param bundle opened with the same model
     * @param threshold the probability of a right first token from which on a completion is generated, 0 to 1
     * @throws IllegalArgumentException if the threshold is not within 0 and 1
     */
    public GuardedGenerator(TargetModel model, FittedBundle bundle, double threshold) {
        if (!(threshold >= 0 && threshold <= 1)) {
            throw new IllegalArgumentException("the threshold is " + threshold + ", allowed is 0 to 1");
        }
        this.bundle = bundle;
        this.generator = new TokenGenerator(model);
        this.threshold = threshold;
    }

    /** A completion, or none, with the probability that decided. */
    public static final class Guarded {
        private final double probabilityCorrect;
        private final int[] ids;

        private Guarded(double probabilityCorrect, int[] ids) {
            this.probabilityCorrect = probabilityCorrect;
            this.ids = ids;
        }

        /**
         * Returns the probability that decided.
         *
         * @return probability that the first token is right, 0 to 1
         */
        public double probabilityCorrect() {
            return probabilityCorrect;
        }

        /**
         * Returns the completion.
         *
         * @return the new ids, a copy; empty where the generator abstained
         */
        public Optional<int[]> ids() {
            return Optional.ofNullable(ids).map(found -> Arrays.copyOf(found, found.length));
        }
    }

    /**
     * Generates or abstains.
     *
     * @param prompt as many token ids as {@link FittedBundle#tokens()}; copied
     * @param options how much and how
     * @return the completion, or none
     * @throws IllegalArgumentException if the prompt has another length or an id is outside the vocabulary
     * @throws IllegalStateException if the bundle or the model is closed
     */
    public Guarded generate(int[] prompt, GenerationOptions options) {
        double probability = bundle.probabilityCorrect(prompt);
        return new Guarded(
                probability, probability < threshold ? null : generator.generate(prompt, options, StepHooks.none()));
    }
}
