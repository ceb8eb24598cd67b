package org.apmae.models.training;

/**
 * A learning rate that rises linearly, then falls along half a cosine to zero, and starts again at the top after each
 * period.
 *
 * @param base the highest rate, above 0
 * @param warmup number of steps of the rise, 0 or more; step w of them has the rate base (w + 1) / warmup
 * @param period number of steps from the top to zero, 1 or more
 * @see <a href="https://arxiv.org/abs/1608.03983">Loshchilov and Hutter, SGDR</a>
 */
public record CosineSchedule(double base, int warmup, int period) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the rate is not a positive number, the warm-up negative or the period below 1
     */
    public CosineSchedule {
        if (!(base > 0) || Double.isInfinite(base)) {
            throw new IllegalArgumentException("the learning rate is " + base + "; it must be a number above 0");
        }
        if (warmup < 0 || period < 1) {
            throw new IllegalArgumentException("a schedule with a warm-up of " + warmup + " and a period of " + period
                    + " steps is not possible; the warm-up is 0 or more, the period 1 or more");
        }
    }

    /**
     * Returns the rate of a step.
     *
     * @param step zero-based
     * @return the learning rate
     * @throws IllegalArgumentException if the step is negative
     */
    public double at(int step) {
        if (step < 0) {
            throw new IllegalArgumentException("step " + step + " does not exist; steps are counted from 0");
        }
        if (step < warmup) {
            return base * (step + 1) / warmup;
        }
        int position = (step - warmup) % period;
        return base * (1 + Math.cos(Math.PI * position / period)) / 2;
    }
}
