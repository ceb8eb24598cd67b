package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.apmae.core.model.HeadId;
import org.apmae.core.run.CanonicalJson;
import org.apmae.core.run.MissingStageException;
import org.apmae.core.run.Provenance;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.RunFolderException;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncodingStoreTest {
    private static final List<HeadId> HEADS = List.of(new HeadId(0, 0), new HeadId(0, 3), new HeadId(2, 1));
    private static final List<String> IDS = List.of("aa", "bb", "cc", "dd");
    private static final int WIDTH = 5;
    private static final Provenance PROVENANCE = Provenance.seeded(1);

    @TempDir
    Path folder;

    @BeforeEach
    void prepare() {
        try (RunFolder run = RunFolder.create(folder)) {
            for (Stage stage : List.of(Stage.MINE, Stage.RECORD, Stage.TRAIN)) {
                try (StageWriter writer = run.begin(stage)) {
                    writer.metrics(Map.of());
                    writer.commit(PROVENANCE);
                }
            }
        }
    }

    private static float[] encoding(int head, int row) {
        Random random = new Random(100 * head + row);
        float[] values = new float[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static EncodingBlock block(EncodingStore.Writer writer, int from, int to) {
        EncodingBlock block = writer.block(IDS.subList(from, to));
        for (int row = to - 1; row >= from; row--) {
            for (int head = 0; head < HEADS.size(); head++) {
                block.put(HEADS.get(head), row - from, encoding(head, row), 0);
            }
        }
        return block;
    }

    private void write() {
        try (RunFolder run = RunFolder.open(folder);
                StageWriter stage = run.resume(Stage.ENCODE, "key")) {
            EncodingStore.Writer writer = EncodingStore.writer(stage, HEADS, WIDTH);
            EncodingBlock first = block(writer, 0, 3);
            writer.append(first);
            assertThatIllegalStateException().isThrownBy(() -> first.put(HEADS.get(0), 0, encoding(0, 0), 0));
            writer.append(block(writer, 3, 4));
            writer.finish();
            assertThatIllegalStateException().isThrownBy(() -> writer.append(block(writer, 3, 4)));
            stage.commit(PROVENANCE);
        }
    }

    @Test
    void readsSomeRowsAndScenarios() {
        write();
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            EncodingStore store = EncodingStore.open(run);
            float[][] all = store.head(HEADS.get(1));
            assertThat(store.head(HEADS.get(1), List.of("dd", "aa"))).isDeepEqualTo(new float[][] {all[3], all[0]});
            List<EncodingStore.Encodings> drawn =
                    store.scenarios(List.of("cc", "bb")).toList();
            assertThat(drawn).extracting(EncodingStore.Encodings::scenarioId).containsExactly("cc", "bb");
            assertThat(drawn.get(0).of(HEADS.get(1))).isEqualTo(all[2]);
            assertThat(drawn.get(1).all()[1]).isEqualTo(all[1]);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.scenarios(List.of("zz")))
                    .withMessageContaining("zz");
        }
    }

    @Test
    void readsIntoRowsThatAreThere() {
        write();
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            EncodingStore store = EncodingStore.open(run);
            float[][] rows = store.head(HEADS.get(0));
            float[] first = rows[0];
            store.head(HEADS.get(2), rows);
            assertThat(rows).isDeepEqualTo(store.head(HEADS.get(2)));
            assertThat(rows[0]).isSameAs(first);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.head(HEADS.get(2), new float[3][WIDTH]))
                    .withMessageContaining("3 rows are given for 4 scenarios");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.head(HEADS.get(2), new float[4][WIDTH + 1]))
                    .withMessageContaining("6 numbers where an encoding has 5");
        }
    }

    /** Large enough to be read in stripes and by several reads. */
    @Test
    void readsAndChecksALargeMatrix() throws IOException {
        int width = 700;
        int count = 4000;
        List<HeadId> heads = HEADS.subList(0, 1);
        float[][] expected = new float[count][width];
        Random random = new Random(8);
        try (RunFolder run = RunFolder.open(folder);
                StageWriter stage = run.resume(Stage.ENCODE, "key")) {
            EncodingStore.Writer writer = EncodingStore.writer(stage, heads, width);
            EncodingBlock block = writer.block(
                    IntStream.range(0, count).mapToObj(i -> "s" + i).toList());
            for (int row = 0; row < count; row++) {
                for (int i = 0; i < width; i++) {
                    expected[row][i] = Half.toFloat(Half.of(random.nextFloat()));
                }
                block.put(heads.get(0), row, expected[row], 0);
            }
            writer.append(block);
            writer.finish();
            stage.commit(PROVENANCE);
        }
        Path file = folder.resolve("encodings/c.0.0.0");
        byte[] good = Files.readAllBytes(file);
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            EncodingStore store = EncodingStore.open(run);
            assertThat(store.head(heads.get(0))).isDeepEqualTo(expected);
            for (int at : new int[] {0, good.length / 2 - 1, good.length / 2, good.length - 1}) {
                byte[] bad = good.clone();
                bad[at] ^= 16;
                Files.write(file, bad);
                assertThatThrownBy(() -> store.head(heads.get(0)))
                        .as("byte %d", at)
                        .isInstanceOf(RunFolderException.class)
                        .hasMessageContaining("c.0.0.0 is damaged: its CRC-32C");
            }
            Files.write(file, Arrays.copyOf(good, good.length - 1));
            assertThatThrownBy(() -> store.head(heads.get(0)))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("it has " + (good.length - 1) + " bytes, not the " + good.length);
            Files.delete(file);
            assertThatThrownBy(() -> store.head(heads.get(0)))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("c.0.0.0 is missing");
        }
    }

    @Test
    void goesOnAfterAnEarlierBeginning() throws IOException {
        write();
        byte[] undisturbed = Files.readAllBytes(folder.resolve("encodings/c.1.0.0"));
        byte[] array = Files.readAllBytes(folder.resolve("encodings/zarr.json"));
        for (String key : List.of("one", "two")) {
            try (RunFolder run = RunFolder.open(folder);
                    StageWriter stage = run.resume(Stage.ENCODE, key)) {
                EncodingStore.Writer writer = EncodingStore.writer(stage, HEADS, WIDTH);
                assertThat(writer.scenarioIds()).as("another key begins anew").isEmpty();
                writer.append(block(writer, 0, 1));
            }
        }
        try (RunFolder run = RunFolder.open(folder);
                StageWriter stage = run.resume(Stage.ENCODE, "two")) {
            EncodingStore.Writer writer = EncodingStore.writer(stage, HEADS, WIDTH);
            assertThat(writer.scenarioIds()).containsExactly("aa");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EncodingStore.writer(stage, HEADS, WIDTH + 1))
                    .withMessageContaining("another key");
            writer.append(block(writer, 1, 4));
            writer.finish();
            stage.commit(PROVENANCE);
        }
        assertThat(folder.resolve("encodings/c.1.0.0")).hasBinaryContent(undisturbed);
        assertThat(folder.resolve("encodings/zarr.json")).hasBinaryContent(array);
        assertThat(folder.resolve(".partial-encode")).doesNotExist();
    }

    @Test
    void readsEveryHeadRoundedToHalves() {
        write();
        try (RunFolder run = RunFolder.openReadOnly(folder)) {
            EncodingStore store = EncodingStore.open(run);
            assertThat(store.heads()).isEqualTo(HEADS);
            assertThat(store.scenarioIds()).isEqualTo(IDS);
            assertThat(store.width()).isEqualTo(WIDTH);
            for (int head = 0; head < HEADS.size(); head++) {
                float[][] rows = store.head(HEADS.get(head));
                assertThat(rows).hasNumberOfRows(IDS.size());
                for (int row = 0; row < rows.length; row++) {
                    float[] expected = encoding(head, row);
                    for (int i = 0; i < WIDTH; i++) {
                        assertThat(rows[row][i]).isEqualTo(Half.toFloat(Half.of(expected[i])));
                        assertThat(rows[row][i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(0.002f));
                    }
                }
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.head(new HeadId(1, 1)))
                    .withMessageContaining("L1H1");
        }
    }

    @Test
    void writesAPlainZarrArray() throws IOException {
        write();
        assertThat(CanonicalJson.writeLine(CanonicalJson.read(Files.readString(folder.resolve("encodings/zarr.json")))))
                .isEqualTo("{\"attributes\":{\"crc32c\":[" + checksum(0) + "," + checksum(1) + "," + checksum(2)
                        + "],\"heads\":[\"L0H0\",\"L0H3\",\"L2H1\"]},"
                        + "\"chunk_grid\":{\"configuration\":{\"chunk_shape\":[1,4,5]},\"name\":\"regular\"},"
                        + "\"chunk_key_encoding\":{\"configuration\":{\"separator\":\".\"},\"name\":\"default\"},"
                        + "\"codecs\":[{\"configuration\":{\"endian\":\"little\"},\"name\":\"bytes\"}],"
                        + "\"data_type\":\"float16\",\"dimension_names\":[\"head\",\"sample\",\"feature\"],"
                        + "\"fill_value\":\"NaN\",\"node_type\":\"array\",\"shape\":[3,4,5],\"zarr_format\":3}");
        byte[] chunk = Files.readAllBytes(folder.resolve("encodings/c.1.0.0"));
        assertThat(chunk).hasSize(4 * 5 * 2);
        short first = Half.of(encoding(1, 0)[0]);
        assertThat(chunk[0]).isEqualTo((byte) first);
        assertThat(chunk[1]).isEqualTo((byte) (first >> 8));
    }

    private String checksum(int head) throws IOException {
        CRC32C crc = new CRC32C();
        crc.update(Files.readAllBytes(folder.resolve("encodings/c." + head + ".0.0")));
        return String.format("\"%08x\"", crc.getValue());
    }

    @Test
    void tellsDamageInEachOfItsFiles() throws IOException {
        write();
        for (String name : List.of("c.2.0.0", "zarr.json", "ids.json")) {
            Path file = folder.resolve("encodings").resolve(name);
            byte[] good = Files.readAllBytes(file);
            byte[] bad = good.clone();
            bad[7] ^= 1;
            Files.write(file, bad);
            try (RunFolder run = RunFolder.openReadOnly(folder)) {
                assertThatThrownBy(() -> EncodingStore.open(run).head(HEADS.get(2)))
                        .isInstanceOf(RunFolderException.class)
                        .hasMessageContaining(name + " is damaged")
                        .hasMessageContaining("apmae encode");
            }
            Files.write(file, good);
        }
    }

    @Test
    void refusesAnArrayOfAnotherKind() throws IOException {
        try (RunFolder run = RunFolder.open(folder)) {
            List<String> texts = new ArrayList<>();
            try (StageWriter stage = run.begin(Stage.ENCODE)) {
                Files.writeString(stage.file("encodings/ids.json"), "{\"ids\":[\"a\"]}");
                Files.writeString(
                        stage.file("encodings/zarr.json"),
                        "{\"attributes\":{\"crc32c\":[\"00000000\"],\"heads\":[\"L0H0\"]},\"shape\":[1,1,4],\"data_type\":\"float64\"}");
                texts.add("written");
                stage.commit(PROVENANCE);
            }
            assertThat(texts).hasSize(1);
            assertThatThrownBy(() -> EncodingStore.open(run))
                    .isInstanceOf(RunFolderException.class)
                    .hasMessageContaining("another kind of Zarr array");
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (RunFolder run = RunFolder.open(folder);
                StageWriter stage = run.resume(Stage.ENCODE, "key")) {
            assertThatIllegalArgumentException().isThrownBy(() -> EncodingStore.writer(stage, List.of(), WIDTH));
            EncodingStore.Writer writer = EncodingStore.writer(stage, HEADS, WIDTH);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> writer.block(List.of("a", "a")))
                    .withMessageContaining("stands twice");
            EncodingBlock block = writer.block(List.of("aa", "bb"));
            HeadId head = HEADS.get(0);
            block.put(head, 0, encoding(0, 0), 0);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> block.put(head, 0, encoding(0, 0), 0))
                    .withMessageContaining("stored already");
            assertThatIllegalArgumentException().isThrownBy(() -> block.put(head, 2, encoding(0, 0), 0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> block.put(head, 1, new float[8], 5))
                    .withMessageContaining("has 3 numbers where 5");
            for (float bad : new float[] {Float.NaN, 70_000f, Float.NEGATIVE_INFINITY}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> block.put(head, 1, new float[] {0, 0, bad, 0, 0}, 0))
                        .withMessageContaining(Float.toString(bad));
            }
            assertThatIllegalStateException()
                    .isThrownBy(() -> writer.append(block))
                    .withMessageContaining("head L0H0, scenario bb");
            assertThatIllegalStateException().isThrownBy(writer::finish);
        }
        try (RunFolder run = RunFolder.open(folder)) {
            assertThatThrownBy(() -> EncodingStore.open(run)).isInstanceOf(MissingStageException.class);
        }
    }
}
