package org.apmae.examples;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apmae.core.progress.Progress;
import org.apmae.examples.console.CommonOptions;
import org.apmae.models.apmae.ApMaeParity;
import org.apmae.models.apmae.ScalerParity;
import org.apmae.models.parity.ParityRow;
import org.apmae.models.target.FimParity;
import org.apmae.models.target.parity.TargetParity;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Compares our numbers with those that a reference implementation wrote. */
@Command(
        name = "parity",
        mixinStandardHelpOptions = true,
        description = "Runs apmae on recorded inputs and prints the largest difference of each quantity as JSON.")
final class ParityCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common = new CommonOptions();

    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Folders or files in the layout of the golden data.")
    private List<Path> paths;

    @Override
    public Integer call() {
        Progress.Stage progress = common.progress().start("comparing", paths.size(), "paths");
        boolean within = true;
        List<Object> results = new ArrayList<>();
        for (Path path : paths) {
            List<Object> quantities = new ArrayList<>();
            boolean pathWithin = true;
            for (ParityRow row : compare(path)) {
                pathWithin &= row.within();
                Map<String, Object> json = new HashMap<>();
                json.put("quantity", row.quantity());
                json.put("largest_difference", row.largestDifference());
                json.put("tolerance", row.tolerance());
                json.put("within", row.within());
                json.put("note", row.note());
                quantities.add(json);
            }
            within &= pathWithin;
            Map<String, Object> one = new HashMap<>();
            one.put("path", path.toString());
            one.put("within", pathWithin);
            one.put("quantities", quantities);
            results.add(one);
            progress.step(1);
        }
        progress.close();
        Map<String, Object> result = new HashMap<>();
        result.put("within", within);
        result.put("results", results);
        CommonOptions.print(result);
        return within ? 0 : 1;
    }

    private static List<ParityRow> compare(Path path) {
        if (ScalerParity.fits(path)) {
            return ScalerParity.run(path);
        }
        if (ApMaeParity.fits(path)) {
            return ApMaeParity.run(path);
        }
        if (TargetParity.fits(path)) {
            return TargetParity.run(path);
        }
        if (FimParity.fits(path)) {
            return FimParity.run(path);
        }
        if (QueriesParity.fits(path)) {
            return QueriesParity.run(path);
        }
        throw new IllegalArgumentException(
                path + " has no layout that can be compared; give a checkpoint folder with"
                        + " expected.safetensors, a folder with sets.json or cases.json, a file of windows or of judged queries");
    }
}
