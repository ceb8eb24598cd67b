package org.apmae.mining;

import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Reads several corpora one after another, each under its own name. */
final class CorpusListReader extends FileReader {
    private final List<Corpus> parts;
    private final Consumer<Rejection> rejections;
    private int next;
    private Stream<SourceFile> stream = Stream.empty();
    private Iterator<SourceFile> files = stream.iterator();

    CorpusListReader(List<Corpus> parts, Consumer<Rejection> rejections) {
        this.parts = parts;
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
