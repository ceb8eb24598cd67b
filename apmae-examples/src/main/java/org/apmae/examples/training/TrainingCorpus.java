package org.apmae.examples.training;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apmae.core.scenario.SourceFile;
import org.apmae.mining.Corpora;
import org.apmae.mining.Deduplication;

/**
 * The sources the embedded model is trained on: sources jars from the local Maven repository, without duplicates and without
 * anything near the artifacts kept for evaluation.
 *
 * @param files the files to train on
 * @param heldOut a sample of files kept from training, to watch the loss
 * @param dropped files that were left out as duplicates or as near the evaluation artifacts
 */
record TrainingCorpus(List<SourceFile> files, List<SourceFile> heldOut, int dropped) {
    private static final int HELD_OUT_EVERY = 200;

    /** One artifact with its licence. */
    record Artifact(String coordinates, String licence) {
        Path sources(Path repository) {
            String[] parts = coordinates.split(":", -1);
            return repository
                    .resolve(parts[0].replace('.', '/'))
                    .resolve(parts[1])
                    .resolve(parts[2])
                    .resolve(parts[1] + "-" + parts[2] + "-sources.jar");
        }
    }

    static List<Artifact> artifacts(String resource) {
        try (InputStream in = TrainingCorpus.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("\t", -1))
                    .map(fields -> new Artifact(fields[0], fields[1]))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the bundled list " + resource, e);
        }
    }

    static TrainingCorpus load(Path repository) {
        List<SourceFile> training = read(repository, "training-corpus.tsv");
        List<SourceFile> evaluation = read(repository, "evaluation-corpus.tsv");
        Set<Integer> dropped = new TreeSet<>(Deduplication.within(training));
        dropped.addAll(Deduplication.nearDuplicates(training, evaluation));
        List<SourceFile> files = new ArrayList<>();
        List<SourceFile> heldOut = new ArrayList<>();
        for (int i = 0; i < training.size(); i++) {
            if (!dropped.contains(i)) {
                boolean out = Math.floorMod(training.get(i).path().hashCode(), HELD_OUT_EVERY) == 0;
                (out ? heldOut : files).add(training.get(i));
            }
        }
        return new TrainingCorpus(files, heldOut, dropped.size());
    }

    static List<SourceFile> read(Path repository, String resource) {
        List<SourceFile> files = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (Artifact artifact : artifacts(resource)) {
            Path jar = artifact.sources(repository);
            if (!Files.isRegularFile(jar)) {
                missing.add(artifact.coordinates());
                continue;
            }
            try (Stream<SourceFile> stream = Corpora.open(jar).files(rejection -> {})) {
                stream.filter(file -> !file.path().endsWith("package-info.java"))
                        .forEach(files::add);
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the local Maven repository " + repository
                    + " lacks the sources jars of " + String.join(", ", missing)
                    + "; fetch each with mvn dependency:get -Dartifact=COORDINATES:jar:sources");
        }
        return files;
    }

    long characters() {
        return files.stream().mapToLong(file -> file.text().length()).sum();
    }
}
