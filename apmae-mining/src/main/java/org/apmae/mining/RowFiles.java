package org.apmae.mining;

import java.util.List;
import java.util.function.Consumer;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;

/** Turns rows of a data set into source files: which columns are read, and what a row with them means. */
final class RowFiles {
    static final String CONTENT = "content";
    static final String EXACT = "exact_duplicates_stackv2";
    static final String NEAR = "near_duplicates_stackv2";

    /** Column names in use for the project, the best first. */
    static final List<String> PROJECT =
            List.of("project", "repo_name", "repository_name", "repository", "repo", "max_stars_repo_name");

    /** Column names in use for the path, the best first. */
    static final List<String> PATH =
            List.of("path", "file_path", "repository_path", "max_stars_repo_path", "file_name", "filename");

    private final String corpus;
    private final String shard;
    private final Corpora.Flagged flagged;
    private final Consumer<Rejection> rejections;
    private long row = -1;

    RowFiles(String corpus, String shard, Corpora.Flagged flagged, Consumer<Rejection> rejections) {
        this.corpus = corpus;
        this.shard = shard;
        this.flagged = flagged;
        this.rejections = rejections;
    }

    /** Counts a row, also one that cannot be used: names given by number must not depend on the others. */
    void next() {
        row++;
    }

    void reject(String reason, String detail) {
        rejections.accept(new Rejection(shard + "#" + row, reason, detail));
    }

    /** Hands on the file of the current row; the columns that it lacks are null. */
    void accept(byte[] content, String project, String path, boolean exact, boolean near, Consumer<SourceFile> files) {
        String name = path == null || path.isEmpty() ? shard + "#" + row : path;
        if (content == null) {
            reject("malformed_row", "the row has no text in its column " + CONTENT);
        } else if (exact && flagged != Corpora.Flagged.KEEP) {
            rejections.accept(new Rejection(name, EXACT, "the row is marked as an exact duplicate of training data"));
        } else if (near && flagged == Corpora.Flagged.DROP) {
            rejections.accept(new Rejection(name, NEAR, "the row is marked as a near duplicate of training data"));
        } else {
            String source = project == null || project.isEmpty() ? corpus : corpus + "/" + project;
            SourceBytes.file(source, name, content, rejections).ifPresent(files);
        }
    }
}
