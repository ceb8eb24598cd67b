package org.apmae.mining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** The {@code *.java} files below a folder. Links are reported and not followed, so loops cannot happen. */
final class FolderCorpus implements Corpus {
    private final Path root;
    private final String name;

    FolderCorpus(Path root, String name) {
        this.root = root;
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Stream<SourceFile> files(Consumer<Rejection> rejections) {
        return StreamSupport.stream(new Walk(rejections), false)
                .map(entry -> SourceBytes.read(name, entry.key, () -> Files.newInputStream(entry.path), rejections))
                .flatMap(Optional::stream);
    }

    boolean hasJavaFile() {
        return new Walk(rejection -> {}).tryAdvance(entry -> {});
    }

    /** A file or folder with its path below the root; a folder's key ends in a slash. */
    private record Entry(String key, Path path, boolean folder) {}

    /** Goes down depth first and holds only the siblings of the folders on its way, not all paths of the corpus. */
    private final class Walk extends Spliterators.AbstractSpliterator<Entry> {
        private final Consumer<Rejection> rejections;
        private final Deque<Entry> pending = new ArrayDeque<>();
        private boolean started;

        Walk(Consumer<Rejection> rejections) {
            super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
            this.rejections = rejections;
        }

        @Override
        public boolean tryAdvance(Consumer<? super Entry> action) {
            if (!started) {
                started = true;
                try {
                    push("", root);
                } catch (IOException e) {
                    throw new UncheckedIOException("the corpus folder " + root + " can no longer be read", e);
                }
            }
            while (!pending.isEmpty()) {
                Entry entry = pending.pop();
                if (!entry.folder()) {
                    action.accept(entry);
                    return true;
                }
                try {
                    push(entry.key(), entry.path());
                } catch (IOException e) {
                    rejections.accept(new Rejection(entry.key(), "unreadable", "listing the folder failed: " + e));
                }
            }
            return false;
        }

        /** Folders sort with their slash, which makes the depth-first order that of the whole paths. */
        private void push(String prefix, Path folder) throws IOException {
            List<Entry> found = new ArrayList<>();
            try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
                for (Path child : children) {
                    String key = prefix + child.getFileName();
                    boolean java = key.endsWith(".java");
                    if (Files.isSymbolicLink(child)) {
                        if (java || Files.isDirectory(child)) {
                            rejections.accept(
                                    new Rejection(key, "symbolic_link", "links are not followed; give their target"));
                        }
                    } else if (Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
                        found.add(new Entry(key + "/", child, true));
                    } else if (java && Files.isRegularFile(child, LinkOption.NOFOLLOW_LINKS)) {
                        found.add(new Entry(key, child, false));
                    }
                }
            } catch (DirectoryIteratorException e) {
                throw e.getCause();
            }
            found.sort(Comparator.comparing(Entry::key).reversed());
            found.forEach(pending::push);
        }
    }
}
