package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorporaTest {
    @TempDir
    Path folder;

    private static List<SourceFile> read(Corpus corpus, List<Rejection> rejections) {
        try (Stream<SourceFile> files = corpus.files(rejections::add)) {
            return files.toList();
        }
    }

    private Path zip(String name, Map<String, byte[]> entries) throws IOException {
        Path zip = folder.resolve(name);
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
                out.closeEntry();
            }
        }
        return zip;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void folderIsReadInPathOrderWithoutFollowingLinks() throws IOException {
        Path root = Files.createDirectories(folder.resolve("src"));
        for (String path : List.of("b/B.java", "b-c/C.java", "b.java", "a/z/Z.java", "a/package-info.java", "n.txt")) {
            Files.createDirectories(root.resolve(path).getParent());
            Files.writeString(root.resolve(path), "// " + path);
        }
        Files.createDirectories(root.resolve("odd.java"));
        Files.createSymbolicLink(root.resolve("a/loop"), root);
        Files.createSymbolicLink(root.resolve("a/Linked.java"), root.resolve("b.java"));
        List<Rejection> rejections = new ArrayList<>();
        Corpus corpus = Corpora.open(root);
        List<SourceFile> files = read(corpus, rejections);
        assertThat(corpus.name()).isEqualTo("src");
        assertThat(files)
                .extracting(SourceFile::path)
                .containsExactly("a/package-info.java", "a/z/Z.java", "b-c/C.java", "b.java", "b/B.java")
                .isSorted();
        assertThat(files).allMatch(file -> file.text().equals("// " + file.path()));
        assertThat(rejections)
                .extracting(Rejection::path, Rejection::reason)
                .containsExactlyInAnyOrder(tuple("a/loop", "symbolic_link"), tuple("a/Linked.java", "symbolic_link"));
    }

    @Test
    void archiveIsReadInPathOrderWithinBounds() throws IOException {
        Map<String, byte[]> entries = new TreeMap<>(Comparator.reverseOrder());
        entries.put("p/B.java", utf8("class B {}"));
        entries.put("p/A.java", utf8("\uFEFFclass A { String s = \"\uD83D\uDE00\"; }\r\n"));
        entries.put("../Evil.java", utf8("class Evil {}"));
        entries.put("p/../../Evil.java", utf8("class Evil {}"));
        entries.put("/abs/Evil.java", utf8("class Evil {}"));
        entries.put("p/Bomb.java", new byte[SourceBytes.MAX_BYTES + 1]);
        entries.put("p/Malformed.java", new byte[] {'a', (byte) 0xff, (byte) 0xc3, (byte) 0xa9});
        entries.put("META-INF/MANIFEST.MF", utf8("x"));
        Path jar = zip("some-sources.jar", entries);
        List<Rejection> rejections = new ArrayList<>();
        List<SourceFile> files = read(Corpora.open(jar), rejections);
        assertThat(files)
                .containsExactly(
                        new SourceFile(
                                "some-sources.jar", "p/A.java", "\uFEFFclass A { String s = \"\uD83D\uDE00\"; }\r\n"),
                        new SourceFile("some-sources.jar", "p/B.java", "class B {}"),
                        new SourceFile("some-sources.jar", "p/Malformed.java", "a\uFFFD\u00e9"));
        assertThat(rejections)
                .extracting(Rejection::path, Rejection::reason)
                .containsExactlyInAnyOrder(
                        tuple("../Evil.java", "leaves_archive"),
                        tuple("p/../../Evil.java", "leaves_archive"),
                        tuple("/abs/Evil.java", "leaves_archive"),
                        tuple("p/Bomb.java", "too_large"));
    }

    @Test
    void hashDependsOnNamesAndContentsOnly() throws IOException {
        Map<String, byte[]> entries =
                new TreeMap<>(Map.of("A.java", utf8("class A {}"), "b/B.java", utf8("class B {}")));
        String jar = Corpora.open(zip("a.jar", entries)).sha256();
        Path root = Files.createDirectories(folder.resolve("same/b"));
        Files.writeString(root.resolve("B.java"), "class B {}");
        Files.writeString(root.resolveSibling("A.java"), "class A {}");
        assertThat(jar).matches("[0-9a-f]{64}");
        assertThat(Corpora.open(root.getParent()).sha256()).isEqualTo(jar);
        entries.put("A.java", utf8("class A { }"));
        assertThat(Corpora.open(zip("b.jar", entries)).sha256()).isNotEqualTo(jar);
        entries.put("A.java", utf8("class A {}"));
        entries.put("b/C.java", entries.remove("b/B.java"));
        assertThat(Corpora.open(zip("c.jar", entries)).sha256()).isNotEqualTo(jar);
    }

    @Test
    void whatHoldsNoJavaIsRefusedWithItsPath() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Corpora.open(missing))
                .withMessageContaining(missing + " does not exist");
        Path empty = Files.createDirectories(folder.resolve("empty/deep"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Corpora.open(empty.getParent()))
                .withMessageContaining(empty.getParent() + " holds no *.java file");
        Path classes = zip("classes.jar", Map.of("A.class", utf8("x")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Corpora.open(classes))
                .withMessageContaining(classes + " holds no *.java entry");
        Path text = Files.writeString(folder.resolve("A.java"), "class A {}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Corpora.open(text))
                .withMessageContaining(text + " is neither a folder nor");
    }
}
