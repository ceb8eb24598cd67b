package org.apmae.examples.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.apmae.models.runtime.NativeRuntime;

/** The rate at which the machine multiplies f32 matrices, all threads together. */
final class MatrixRate implements Benchmark {
    private static final int SIZE = 1536;
    private static final double SECONDS = 2;

    @Override
    public Map<String, Object> run(Settings settings) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("sgemm_gflops", gigaflops(settings.threads()));
        return figures;
    }

    /**
     * Measures for some two seconds, each thread multiplying matrices of its own.
     *
     * @param threads Java threads, each of which computes on one core
     * @return 10⁹ floating-point operations a second
     */
    static double gigaflops(int threads) {
        return IntStream.range(0, threads).mapToObj(i -> new Worker()).peek(Thread::start).toList().stream()
                .mapToDouble(Worker::rate)
                .sum();
    }

    private static final class Worker extends Thread {
        private double rate;

        double rate() {
            try {
                join();
            } catch (InterruptedException e) {
                interrupt();
                throw new IllegalStateException("the measurement was interrupted", e);
            }
            return rate;
        }

        @Override
        public void run() {
            try (NDManager manager = NativeRuntime.newManager(Device.cpu())) {
                NDArray a = manager.randomUniform(-1, 1, new Shape(SIZE, SIZE));
                NDArray b = manager.randomUniform(-1, 1, new Shape(SIZE, SIZE));
                a.matMul(b).close();
                long started = System.nanoTime();
                int products = 0;
                double seconds;
                do {
                    a.matMul(b).close();
                    products++;
                    seconds = (System.nanoTime() - started) / 1e9;
                } while (seconds < SECONDS);
                rate = 2.0 * SIZE * SIZE * SIZE * products / seconds / 1e9;
            }
        }
    }
}
