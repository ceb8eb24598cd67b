package org.apmae.examples.study;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apmae.core.model.HeadId;
import org.apmae.core.progress.Progress;
import org.apmae.core.run.RunFolder;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.store.EncodingStore;
import org.apmae.core.store.RunExport;
import org.apmae.core.store.ScenarioFilter;
import org.apmae.examples.console.CommonOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes encodings, verdicts and labels of a run in the forms that other programs read. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes encodings as .npy or CSV, and scenarios, verdicts and labels as CSV.")
final class ExportCommand implements Callable<Integer> {
    /** The form of the matrices. */
    private enum Format {
        NPY,
        CSV
    }

    /** What the target model made of a scenario. */
    private enum Outcome {
        CORRECT,
        INCORRECT
    }

    @Mixin
    private CommonOptions common;

    @Option(names = "--run", paramLabel = "DIR", description = "Run folder (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("apmae-run");

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder for the files.")
    private Path out;

    @Option(
            names = "--format",
            description = "Form of the encodings: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Format format = Format.NPY;

    @Option(names = "--heads", split = ",", paramLabel = "HEAD", description = "Heads such as L3H5 (default: all).")
    private List<String> heads = List.of();

    @Option(
            names = "--tasks",
            split = ",",
            paramLabel = "TASK",
            converter = StudyCommands.TaskConverter.class,
            description = "Only scenarios of these tasks.")
    private List<CompletionTask> tasks = List.of();

    @Option(names = "--outcome", description = "Only ${COMPLETION-CANDIDATES} scenarios.")
    private Outcome outcome;

    @Option(
            names = "--files",
            paramLabel = "GLOB",
            description = "Only scenarios of source files whose path fits, for example '**/lang/*.java'.")
    private String files;

    private ScenarioFilter filter() {
        ScenarioFilter filter = ScenarioFilter.all();
        if (!tasks.isEmpty()) {
            filter = filter.withTasks(tasks);
        }
        if (outcome != null) {
            filter = filter.withOutcome(outcome == Outcome.CORRECT);
        }
        return files == null ? filter : filter.withFiles(files);
    }

    @Override
    public Integer call() {
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            RunExport export = RunExport.of(run, filter());
            List<HeadId> wanted = heads.isEmpty()
                    ? EncodingStore.open(run).heads()
                    : heads.stream().map(HeadId::parse).toList();
            List<Path> written = new ArrayList<>(export.tables(out));
            try (Progress.Stage progress = common.progress().start("exporting", wanted.size(), "heads")) {
                for (HeadId head : wanted) {
                    written.add(format == Format.NPY ? export.npy(head, out) : export.csv(head, out));
                    progress.step(1);
                }
            }
            if (common.json()) {
                Map<String, Object> result = new TreeMap<>();
                result.put("scenarios", export.scenarios().size());
                result.put("heads", wanted.size());
                result.put("files", written.stream().map(Path::toString).toList());
                CommonOptions.print(result);
            } else {
                System.err.println(
                        written.size() + " files for " + export.scenarios().size() + " scenarios and " + wanted.size()
                                + " heads in " + out + File.separator);
            }
        }
        return 0;
    }
}
