package org.apmae.mining;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Reads files one after another out of something that is open meanwhile. */
abstract class FileReader implements Closeable {
    /** Goes one step on, false at the end; a step hands over one file, or none where it was left out and reported. */
    abstract boolean step(Consumer<SourceFile> file) throws IOException;

    /** Opens a reader that tells what it leaves out. */
    interface Opener {
        FileReader open(Consumer<Rejection> rejections) throws IOException;
    }

    /** A corpus whose streams open a reader with their first file; closing a stream closes its reader. */
    static Corpus corpus(String name, String what, Opener opener) {
        return new Corpus() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Stream<SourceFile> files(Consumer<Rejection> rejections) {
                Pull pull = new Pull(what, () -> opener.open(rejections));
                return StreamSupport.stream(pull, false).onClose(pull::close);
            }
        };
    }

    private interface Opening {
        FileReader open() throws IOException;
    }

    private static final class Pull extends Spliterators.AbstractSpliterator<SourceFile> {
        private final String what;
        private final Opening opening;
        private Optional<FileReader> reader = Optional.empty();
        private boolean ended;

        Pull(String what, Opening opening) {
            super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE);
            this.what = what;
            this.opening = opening;
        }

        @Override
        public boolean tryAdvance(Consumer<? super SourceFile> action) {
            try {
                if (reader.isEmpty() && !ended) {
                    reader = Optional.of(opening.open());
                }
                boolean[] handed = new boolean[1];
                while (!ended && !handed[0]) {
                    ended = !reader.orElseThrow().step(file -> {
                        handed[0] = true;
                        action.accept(file);
                    });
                }
                return handed[0];
            } catch (IOException e) {
                throw new UncheckedIOException("the corpus " + what + " can no longer be read", e);
            }
        }

        void close() {
            ended = true;
            if (reader.isPresent()) {
                try {
                    reader.get().close();
                } catch (IOException e) {
                    throw new UncheckedIOException("the corpus " + what + " cannot be closed", e);
                }
            }
        }
    }
}
