package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataSetCorporaTest {
    @TempDir
    private Path folder;

    private static List<SourceFile> read(Corpus corpus, List<Rejection> rejections) {
        try (Stream<SourceFile> files = corpus.files(rejections::add)) {
            return files.toList();
        }
    }

    private Path fixture(String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream in = DataSetCorporaTest.class.getResourceAsStream("parquet/" + name)) {
            Files.write(file, Objects.requireNonNull(in).readAllBytes());
        }
        return file;
    }

    /** The content of a row of the fixtures, as parquet/README.md says. */
    private static String content(int row) {
        String once = "class C" + row + " { int f() { return " + row + "; } }\r\n// \u00e9t\u00e9 \uD83D\uDE00\n";
        return once.repeat(1 + row % 5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "dictionary-snappy",
                "pages-gzip",
                "v2-zstd",
                "delta-lengths-lz4",
                "delta-strings-snappy"
            })
    void parquetGivesEveryRow(String name) throws IOException {
        Path file = fixture(name + ".parquet");
        List<Rejection> rejections = new ArrayList<>();
        List<SourceFile> files = read(Corpora.open(file.toString(), Corpora.Flagged.KEEP), rejections);
        List<SourceFile> expected = new ArrayList<>();
        for (int row = 0; row < 200; row++) {
            if (row % 50 != 7) {
                expected.add(new SourceFile(name + ".parquet/p" + row % 7, "src/C" + row + ".java", content(row)));
            }
        }
        assertThat(files).isEqualTo(expected);
        assertThat(rejections)
                .extracting(Rejection::path, Rejection::reason)
                .containsExactly(
                        tuple(name + ".parquet#7", "malformed_row"),
                        tuple(name + ".parquet#57", "malformed_row"),
                        tuple(name + ".parquet#107", "malformed_row"),
                        tuple(name + ".parquet#157", "malformed_row"));
        assertThat(read(Corpora.open(file.toString(), Corpora.Flagged.DROP_EXACT), new ArrayList<>()))
                .hasSize(176);
        List<Rejection> flagged = new ArrayList<>();
        assertThat(read(Corpora.open(file), flagged)).hasSize(156);
        assertThat(flagged.stream().collect(Collectors.groupingBy(Rejection::reason, Collectors.counting())))
                .isEqualTo(
                        Map.of("malformed_row", 4L, "exact_duplicates_stackv2", 20L, "near_duplicates_stackv2", 20L));
    }

    @Test
    void damagedParquetIsRefusedOrReported() throws IOException {
        Random random = new Random(4);
        int noticed = 0;
        for (String name :
                List.of("plain", "dictionary-snappy", "v2-zstd", "delta-lengths-lz4", "delta-strings-snappy")) {
            byte[] whole = Files.readAllBytes(fixture(name + ".parquet"));
            for (int round = 0; round < 60; round++) {
                byte[] damaged = whole.clone();
                // half of the damage hits the footer, which decides where everything is
                int from = round % 2 == 0 ? 4 : damaged.length - 3_000;
                for (int i = 0; i < 4; i++) {
                    damaged[from + random.nextInt(damaged.length - 8 - from)] = (byte) random.nextInt(256);
                }
                Path file = Files.write(folder.resolve("damaged.parquet"), damaged);
                List<Rejection> rejections = new ArrayList<>();
                try {
                    List<SourceFile> files = read(Corpora.open(file.toString(), Corpora.Flagged.KEEP), rejections);
                    noticed += files.size() + rejections.size() < 200 || rejections.size() > 4 ? 1 : 0;
                } catch (IllegalArgumentException | UncheckedIOException e) {
                    assertThat(e).hasMessageContaining("damaged.parquet");
                    noticed++;
                }
            }
        }
        assertThat(noticed).isGreaterThan(50);
    }

    @Test
    void parquetWithoutContentIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(fixture("plain.parquet"));
        String text = new String(bytes, StandardCharsets.ISO_8859_1).replace("content", "kontent");
        Path other = Files.write(folder.resolve("other.parquet"), text.getBytes(StandardCharsets.ISO_8859_1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Corpora.open(other))
                .withMessageContaining("no column content")
                .withMessageContaining("kontent");
    }

    @Test
    void jsonLinesAreReadLineByLineWithinBounds() throws IOException {
        Path file = folder.resolve("rows.jsonl");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            String lines = """
                    {"content": "class A {}\\n", "path": "a/A.java", "project": "p", "stars": [1, {"x": 2}]}
                    {"id": 7, "content": "\\ufeffclass B { char c = '\\ud83d\\ude00'; }\\r\\n"}

                    {"content": 5}
                    not json
                    {"content": "class C {}", "exact_duplicates_stackv2": true, "path": "C.java"}
                    {"content": "class D {}", "near_duplicates_stackv2": true, "path": "D.java"}
                    {"content": "class E {}", "near_duplicates_stackv2": null, "file_path": "E.java", "repo_name": "q"}
                    """;
            out.write(lines.getBytes(StandardCharsets.UTF_8));
            out.write("{\"content\": \"".getBytes(StandardCharsets.UTF_8));
            byte[] much = "x".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 40; i++) {
                out.write(much);
            }
            out.write("\"}\n{\"content\": \"class F {}\"}".getBytes(StandardCharsets.UTF_8));
        }
        List<Rejection> rejections = new ArrayList<>();
        assertThat(read(Corpora.open(file), rejections))
                .containsExactly(
                        new SourceFile("rows.jsonl/p", "a/A.java", "class A {}\n"),
                        new SourceFile("rows.jsonl", "rows.jsonl#1", "\uFEFFclass B { char c = '\uD83D\uDE00'; }\r\n"),
                        new SourceFile("rows.jsonl/q", "E.java", "class E {}"),
                        new SourceFile("rows.jsonl", "rows.jsonl#9", "class F {}"));
        assertThat(rejections)
                .extracting(Rejection::path, Rejection::reason)
                .containsExactly(
                        tuple("rows.jsonl#3", "malformed_row"),
                        tuple("rows.jsonl#4", "malformed_row"),
                        tuple("C.java", "exact_duplicates_stackv2"),
                        tuple("D.java", "near_duplicates_stackv2"),
                        tuple("rows.jsonl#8", "too_large"));
    }

    @Test
    void aFolderOfShardsIsOneCorpus() throws IOException {
        Path data = Files.createDirectories(folder.resolve("set/data"));
        Files.writeString(data.resolve("b.jsonl"), "{\"content\": \"class B {}\", \"path\": \"B.java\"}\n");
        Files.move(fixture("plain.parquet"), data.resolve("a.parquet"));
        List<SourceFile> files = read(Corpora.open(folder.resolve("set")), new ArrayList<>());
        assertThat(files).hasSize(157);
        assertThat(files.get(156)).isEqualTo(new SourceFile("set", "B.java", "class B {}"));
        assertThat(files.get(0).corpus()).isEqualTo("set/p0");
    }

    private static void entry(TarArchiveOutputStream tar, String name, byte[] bytes) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(bytes.length);
        tar.putArchiveEntry(entry);
        tar.write(bytes);
        tar.closeArchiveEntry();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sources.tar.gz", "sources.tar"})
    void tarIsReadInItsOrderWithinBounds(String name) throws IOException {
        Path file = folder.resolve(name);
        String deep = "d".repeat(90) + "/" + "e".repeat(90) + "/Long.java";
        try (OutputStream raw = Files.newOutputStream(file);
                OutputStream out = name.endsWith("gz") ? new GZIPOutputStream(raw) : raw;
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
            entry(tar, "x/B.java", "class B {}\r\n".getBytes(StandardCharsets.UTF_8));
            entry(tar, "x/readme.txt", new byte[] {1});
            entry(tar, deep, "class L {}".getBytes(StandardCharsets.UTF_8));
            entry(tar, "x/../../Evil.java", new byte[] {'a'});
            entry(tar, "x/Large.java", new byte[SourceBytes.MAX_BYTES + 1]);
            entry(tar, "x/B.java", "class Again {}".getBytes(StandardCharsets.UTF_8));
            TarArchiveEntry link = new TarArchiveEntry("x/Link.java", TarArchiveEntry.LF_SYMLINK);
            link.setLinkName("/etc/passwd");
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
            entry(tar, "a/A.java", "class A {}".getBytes(StandardCharsets.UTF_8));
        }
        List<Rejection> rejections = new ArrayList<>();
        assertThat(read(Corpora.open(file), rejections))
                .containsExactly(
                        new SourceFile(name, "x/B.java", "class B {}\r\n"),
                        new SourceFile(name, deep, "class L {}"),
                        new SourceFile(name, "a/A.java", "class A {}"));
        assertThat(rejections)
                .extracting(Rejection::path, Rejection::reason)
                .containsExactly(
                        tuple("x/../../Evil.java", "leaves_archive"),
                        tuple("x/Large.java", "too_large"),
                        tuple("x/B.java", "duplicate_entry"),
                        tuple("x/Link.java", "symbolic_link"));
    }

    @Test
    void bombsEndEarly() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] zeros = new byte[1 << 20];
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes), "UTF-8")) {
            entry(tar, "A.java", "class A {}".getBytes(StandardCharsets.UTF_8));
            TarArchiveEntry bomb = new TarArchiveEntry("zeros.bin");
            bomb.setSize(280L << 20);
            tar.putArchiveEntry(bomb);
            for (int i = 0; i < 280; i++) {
                tar.write(zeros);
            }
            tar.closeArchiveEntry();
            entry(tar, "B.java", "class B {}".getBytes(StandardCharsets.UTF_8));
        }
        Path file = Files.write(folder.resolve("bomb.tgz"), bytes.toByteArray());
        List<Rejection> rejections = new ArrayList<>();
        assertThat(read(Corpora.open(file), rejections))
                .containsExactly(new SourceFile("bomb.tgz", "A.java", "class A {}"));
        assertThat(rejections).extracting(Rejection::reason).containsExactly("archive_bomb");
        // cut off in the middle, as by a broken download
        Path cut = Files.write(folder.resolve("cut.tgz"), Arrays.copyOf(bytes.toByteArray(), bytes.size() / 2));
        rejections.clear();
        assertThat(read(Corpora.open(cut), rejections)).hasSize(1);
        assertThat(rejections).extracting(Rejection::reason).containsExactly("unreadable");
    }

    @Test
    void mavenCoordinatesNameSourcesJars() throws IOException {
        for (String name : List.of("a", "b")) {
            Path jar = folder.resolve("org/x/" + name + "/1.0/" + name + "-1.0-sources.jar");
            Files.createDirectories(jar.getParent());
            try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
                out.putNextEntry(new ZipEntry("X.java"));
                out.write(("class " + name + " {}").getBytes(StandardCharsets.UTF_8));
            }
        }
        assertThat(read(Corpora.maven(List.of("org.x:b:1.0", "org.x:a:1.0"), folder), new ArrayList<>()))
                .containsExactly(
                        new SourceFile("b-1.0-sources.jar", "X.java", "class b {}"),
                        new SourceFile("a-1.0-sources.jar", "X.java", "class a {}"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Corpora.maven(List.of("org.x:c:1.0"), folder))
                .withMessageContaining("mvn dependency:get -Dartifact=org.x:c:1.0:jar:sources");
        for (String wrong : List.of("org.x:a", "org.x:a:../1.0", "a b:c:d", "")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Corpora.maven(List.of(wrong), folder))
                    .withMessageContaining("no Maven coordinates");
        }
    }

    @Test
    void encodingsAreFoundOrReplaced() throws IOException {
        String text = "class A { String s = \"\u00e9t\u00e9 \u20ac\"; }\r\n";
        Path root = Files.createDirectories(folder.resolve("src"));
        Files.write(root.resolve("A.java"), ("\uFEFF" + text).getBytes(StandardCharsets.UTF_16LE));
        Files.write(root.resolve("B.java"), ("\uFEFF" + text).getBytes(StandardCharsets.UTF_16BE));
        Files.write(root.resolve("C.java"), text.getBytes(Charset.forName("windows-1252")));
        Files.write(root.resolve("D.java"), (text + "\uFFFF").getBytes(StandardCharsets.UTF_8));
        byte[] broken = text.getBytes(StandardCharsets.UTF_8);
        broken[0] = (byte) 0xff;
        Files.write(root.resolve("E.java"), broken);
        assertThat(read(Corpora.open(root), new ArrayList<>()))
                .extracting(SourceFile::text)
                .containsExactly("\uFEFF" + text, "\uFEFF" + text, text, text + "\uFFFF", "\uFFFD" + text.substring(1));
    }

    @Test
    void duplicatesAreLeftOutAsTheFilesStreamBy() throws IOException {
        Path root = Files.createDirectories(folder.resolve("dup"));
        Path training = Files.createDirectories(folder.resolve("training"));
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            body.append("int f")
                    .append(i)
                    .append("(int a) { return a + ")
                    .append(i)
                    .append("; }\n");
        }
        Files.writeString(root.resolve("A.java"), "class A { " + body + "}");
        Files.writeString(root.resolve("B.java"), "/* licence */ class  A\n{ " + body + "}");
        Files.writeString(root.resolve("C.java"), "class C { " + body + " int last; }");
        Files.writeString(root.resolve("D.java"), "class D { void other() { run(); } }");
        Files.writeString(root.resolve("E.java"), "class E { void leaked() { stop(); } }");
        Files.writeString(training.resolve("T.java"), "class E { void leaked() { stop(); } } // of training");
        Corpus corpus = Corpora.open(root);
        List<Rejection> rejections = new ArrayList<>();
        assertThat(read(
                        Deduplication.filtered(corpus, Deduplication.Kind.NEAR, List.of(Corpora.open(training))),
                        rejections))
                .extracting(SourceFile::path)
                .containsExactly("A.java", "D.java");
        assertThat(rejections)
                .extracting(Rejection::path, Rejection::reason)
                .containsExactly(
                        tuple("B.java", "exact_duplicate"),
                        tuple("C.java", "near_duplicate"),
                        tuple("E.java", "in_reference"));
        assertThat(read(Deduplication.filtered(corpus, Deduplication.Kind.EXACT, List.of()), new ArrayList<>()))
                .extracting(SourceFile::path)
                .containsExactly("A.java", "C.java", "D.java", "E.java");
    }
}
