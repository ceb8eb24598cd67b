package org.apmae.examples.bench;

import java.nio.file.Path;
import java.util.Map;
import org.apmae.core.progress.Progress;

/** One measurement of the {@code bench} command. */
interface Benchmark {
    /**
     * Measures.
     *
     * @param settings where and with what to measure
     * @return figures by key, for JSON and the table
     */
    Map<String, Object> run(Settings settings);

    /**
     * What a measurement may use.
     *
     * @param folder where large files may be written
     * @param threads worker threads
     * @param progress where progress goes
     */
    record Settings(Path folder, int threads, Progress progress) {}
}
