package org.apmae.mining;

import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Several corpora one after another, each under its own name. */
final class CorpusList implements Corpus {
    private final String name;
    private final List<Corpus> parts;

    CorpusList(String name, List<Corpus> parts) {
        this.name = name;
        this.parts = List.copyOf(parts);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Stream<SourceFile> files(Consumer<Rejection> rejections) {
        return FileReader.stream(name, () -> new Reader(rejections));
    }

    private final class Reader extends FileReader {
        private final Consumer<Rejection> rejections;
        private int next;
        private Stream<SourceFile> stream = Stream.empty();
        private Iterator<SourceFile> files = stream.iterator();

        Reader(Consumer<Rejection> rejections) {
            this.rejections = rejections;
        }

        @Override
        boolean step(Consumer<SourceFile> file) {
            if (files.hasNext()) {
                file.accept(files.next());
                return true;
            }
            stream.close();
            if (next == parts.size()) {
                return false;
            }
            stream = parts.get(next++).files(rejections);
            files = stream.iterator();
            return true;
        }

        @Override
        public void close() {
            stream.close();
        }
    }
}
