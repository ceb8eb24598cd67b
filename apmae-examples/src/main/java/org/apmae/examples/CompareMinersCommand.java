package org.apmae.examples;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apmae.core.progress.Progress;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.SourceFile;
import org.apmae.examples.console.CommonOptions;
import org.apmae.examples.console.Tables;
import org.apmae.mining.Corpora;
import org.apmae.mining.Corpus;
import org.apmae.mining.MinerComparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Prints how much the published expressions and the exact miner differ on a corpus. */
@Command(
        name = "compare-miners",
        mixinStandardHelpOptions = true,
        description =
                "Counts where the published expressions select other spans than the exact miner, by task and error.")
final class CompareMinersCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common = new CommonOptions();

    @Parameters(
            paramLabel = "SOURCES",
            description = "Folder, jar, zip, tar.gz, JSONL or Parquet file, or maven:GROUP:ARTIFACT:VERSION,...")
    private String sources;

    @Override
    public Integer call() {
        Corpus corpus = Corpora.open(sources, Corpora.Flagged.KEEP);
        MinerComparison comparison = new MinerComparison();
        try (Progress.Stage progress = common.progress().start("comparing", -1, "files");
                Stream<SourceFile> files = corpus.files()) {
            files.forEachOrdered(file -> {
                comparison.add(file);
                progress.step(1);
            });
        }
        Map<CompletionTask, SortedMap<String, Long>> counts = comparison.counts();
        if (common.json()) {
            Map<String, Object> tasks = new HashMap<>();
            counts.forEach((task, kinds) -> tasks.put(task.wireName(), kinds));
            CommonOptions.print(Map.of("files", comparison.files(), "refused", comparison.refused(), "tasks", tasks));
            return 0;
        }
        List<String> columns = new ArrayList<>(List.of("task"));
        columns.addAll(comparison.kinds());
        List<List<String>> rows = new ArrayList<>();
        counts.forEach((task, kinds) -> {
            List<String> row = new ArrayList<>(List.of(task.wireName()));
            comparison.kinds().forEach(kind -> row.add(String.valueOf(kinds.getOrDefault(kind, 0L))));
            rows.add(row);
        });
        Tables.print(
                "Published expressions against the exact miner, " + comparison.files() + " files ("
                        + comparison.refused() + " refused)",
                columns,
                rows);
        return 0;
    }
}
