package org.apmae.mining;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Reads the rows of a Parquet file with the column {@code content}, in their order. */
final class ParquetReader extends FileReader {
    private final ParquetFile file;
    private final RowFiles rows;
    private final ParquetColumn content;
    private final Optional<ParquetColumn> project;
    private final Optional<ParquetColumn> place;
    private final Optional<ParquetColumn> exact;
    private final Optional<ParquetColumn> near;

    ParquetReader(Path path, String name, Corpora.Flagged flagged, Consumer<Rejection> rejections) throws IOException {
        rows = new RowFiles(name, String.valueOf(path.getFileName()), flagged, rejections);
        file = ParquetFile.open(path);
        content = file.column(RowFiles.CONTENT)
                .orElseThrow(() -> new IOException("the Parquet file has no column " + RowFiles.CONTENT
                        + " of plain values; its columns are " + file.columns()));
        project = first(RowFiles.PROJECT);
        place = first(RowFiles.PATH);
        exact = file.column(RowFiles.EXACT);
        near = file.column(RowFiles.NEAR);
    }

    private Optional<ParquetColumn> first(List<String> names) {
        return names.stream().map(file::column).flatMap(Optional::stream).findFirst();
    }

    @Override
    boolean step(Consumer<SourceFile> files) {
        rows.next();
        try {
            if (!content.advance()) {
                return false;
            }
            for (Optional<ParquetColumn> other : List.of(project, place, exact, near)) {
                if (other.isPresent() && !other.get().advance()) {
                    throw new IOException("the columns differ in length");
                }
            }
            if (content.tooLarge()) {
                rows.reject("too_large", "the row lies in a page that is larger than is read");
                return true;
            }
            rows.accept(
                    content.bytes(),
                    text(project),
                    text(place),
                    exact.isPresent() && exact.get().isTrue(),
                    near.isPresent() && near.get().isTrue(),
                    files);
            return true;
        } catch (IOException | RuntimeException e) {
            rows.reject("unreadable", "the file cannot be read on: " + e);
            return false;
        }
    }

    private static String text(Optional<ParquetColumn> column) {
        byte[] bytes = column.isPresent() ? column.get().bytes() : null;
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
