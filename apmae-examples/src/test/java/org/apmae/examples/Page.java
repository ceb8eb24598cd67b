package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A page of the documents: what it shows between fences, to be held against what the programs do.
 *
 * @param path the file
 * @param text what it says
 */
public record Page(Path path, String text) {
    /** Numbers with a point are measured; whole numbers are counts, and have to be the same. */
    private static final Pattern NUMBER = Pattern.compile("\\d+\\.\\d+(E-?\\d+)?");

    private static final Pattern FENCE =
            Pattern.compile("^```(\\w*)\\R(.*?)^```\\s*$", Pattern.DOTALL | Pattern.MULTILINE);

    /**
     * What stands between two fences.
     *
     * @param language the word behind the first fence, perhaps empty
     * @param text the lines between them, without blank space around
     */
    public record Block(String language, String text) {}

    /** Reads a page, by its path from the top of the checkout. */
    public static Page read(String name) throws IOException {
        Path path = SourceTree.root().resolve(name);
        return new Page(path, Files.readString(path));
    }

    /** Returns all blocks, in the order of the page. */
    public List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        Matcher fences = FENCE.matcher(text);
        while (fences.find()) {
            blocks.add(new Block(fences.group(1), fences.group(2).strip()));
        }
        return blocks;
    }

    /** Returns the text of the only block of that language in which the words stand. */
    public String block(String language, String words) {
        List<String> found = blocks().stream()
                .filter(block ->
                        block.language().equals(language) && block.text().contains(words))
                .map(Block::text)
                .toList();
        assertThat(found).as("%s blocks with '%s' in %s", language, words, path).hasSize(1);
        return found.get(0);
    }

    /** Returns the part of the page below a heading, up to the next heading. */
    public Page section(String heading) {
        Matcher section = Pattern.compile(
                        "^#+ " + Pattern.quote(heading) + "\\R(.*?)(?=^#+ |\\z)", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(text);
        assertThat(section.find()).as("'%s' in %s", heading, path).isTrue();
        return new Page(path, section.group(1));
    }

    /** Checks that what was printed is what is shown: the same words and counts, measured numbers within a tolerance. */
    public static void compare(String shown, String printed, double tolerance) {
        assertThat(NUMBER.matcher(printed.strip()).replaceAll("#"))
                .as("printed:%n%s%nshown:%n%s", printed, shown)
                .isEqualTo(NUMBER.matcher(shown.strip()).replaceAll("#"));
        List<Double> expected = numbers(shown);
        List<Double> found = numbers(printed);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i))
                    .as("number %d of:%n%s%nshown:%n%s", i, printed, shown)
                    .isCloseTo(expected.get(i), within(tolerance));
        }
    }

    private static List<Double> numbers(String text) {
        return NUMBER.matcher(text)
                .results()
                .map(found -> Double.parseDouble(found.group()))
                .toList();
    }
}
