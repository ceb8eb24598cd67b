package org.apmae.core.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PatternImageTest {
    private static final float[][] TWO = {{1, 0}, {0.5f, 0.5f}};
    private static final int DARK = ColourScale.SEQUENTIAL.rgb(0);
    private static final int LIGHT = ColourScale.SEQUENTIAL.rgb(1);

    @Test
    void drawsEveryWeightAsASquare() {
        Picture picture = PatternImage.of(TWO).withCell(3).draw();
        assertThat(picture.width()).isEqualTo(6);
        assertThat(picture.height()).isEqualTo(6);
        for (int i = 0; i < 3; i++) {
            assertThat(picture.rgb(i, 2 - i)).isEqualTo(LIGHT);
            assertThat(picture.rgb(3 + i, i)).isEqualTo(DARK);
            assertThat(picture.rgb(i, 3 + i)).isEqualTo(ColourScale.SEQUENTIAL.rgb(0.5));
        }
        assertThat(PatternImage.of(new float[] {1, 0, 0.5f, 0.5f}, 2).draw().rgb(0, 1))
                .isEqualTo(ColourScale.SEQUENTIAL.rgb(0.5));
    }

    @Test
    void showsWhatIsNotANumberInGreyAndDefinesEmptyRanges() {
        Picture broken = PatternImage.of(new float[][] {
                    {Float.NaN, 0, 1}, {Float.POSITIVE_INFINITY, 0, 0}, {Float.NEGATIVE_INFINITY, 0, 0}
                })
                .draw();
        assertThat(broken.rgb(0, 0)).isEqualTo(ColourScale.MISSING);
        assertThat(broken.rgb(0, 1)).isEqualTo(ColourScale.MISSING);
        assertThat(broken.rgb(0, 2)).isEqualTo(ColourScale.MISSING);
        assertThat(broken.rgb(2, 0)).isEqualTo(LIGHT);
        assertThat(PatternImage.of(new float[][] {{0.3f}}).draw().rgb(0, 0)).isEqualTo(DARK);
        assertThat(PatternImage.of(new float[][] {{Float.NaN}})
                        .withAxes()
                        .withColourBar()
                        .withTitle("nothing")
                        .draw()
                        .width())
                .isPositive();
    }

    @Test
    void comparesPicturesOverOneRange() {
        Picture picture = PatternImage.of(TWO).withRange(-1, 3).draw();
        assertThat(picture.rgb(0, 0)).isEqualTo(ColourScale.SEQUENTIAL.rgb(0.5));
        assertThat(picture.rgb(1, 0)).isEqualTo(ColourScale.SEQUENTIAL.rgb(0.25));
        assertThat(PatternImage.of(TWO).withRange(0, 0.5).draw().rgb(0, 0)).isEqualTo(LIGHT);
    }

    @Test
    void makesRoomForTitleAxesAndBar() {
        PatternImage plain = PatternImage.of(SampleReport.pattern(64, 0, 1)).withCell(4);
        Picture full = plain.withTitle("L3H5").withAxes().withColourBar().draw();
        assertThat(full.width()).isBetween(256 + 60, 256 + 160);
        assertThat(full.height()).isBetween(256 + 40, 256 + 120);
        assertThat(full.rgb(0, 0)).isEqualTo(0xffffff);
        Picture tokens = plain.withTokens(Collections.nCopies(64, "<very_long_token_\n name>"))
                .draw();
        assertThat(tokens.width()).isGreaterThan(full.width());
        assertThat(PatternImage.visible(" a\n\t\u0007<very_long_token>"))
                .isEqualTo("\u00b7a\u21b5\u2192\u25a1<very_long\u2026");
    }

    @Test
    void givesTheSamePngBytes(@TempDir Path folder) throws IOException {
        byte[] png = PatternImage.of(TWO)
                .withCell(5)
                .withTitle("t")
                .withAxes()
                .draw()
                .png();
        assertThat(PatternImage.of(TWO)
                        .withCell(5)
                        .withTitle("t")
                        .withAxes()
                        .draw()
                        .png())
                .isEqualTo(png);
        Picture picture = PatternImage.of(TWO).withCell(5).draw();
        picture.write(folder.resolve("p.png"));
        BufferedImage read = ImageIO.read(new ByteArrayInputStream(Files.readAllBytes(folder.resolve("p.png"))));
        assertThat(read.getWidth()).isEqualTo(10);
        assertThat(read.getRGB(9, 0) & 0xffffff).isEqualTo(DARK);
    }

    @Test
    void refusesWhatCannotBeDrawn() {
        assertThatIllegalArgumentException().isThrownBy(() -> PatternImage.of(new float[0][]));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternImage.of(new float[][] {{1, 0}, {1}}))
                .withMessageContaining("row 1 of the pattern has 1 weights");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternImage.of(TWO).withCell(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternImage.of(new float[256][256]).withCell(64));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternImage.of(TWO).withRange(1, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PatternImage.of(TWO).withTokens(List.of("a")))
                .withMessageContaining("1 token labels");
        assertThatIllegalArgumentException().isThrownBy(() -> PatternImage.of(new float[3], 2));
    }

    @Test
    void putsPicturesSideBySide() {
        Picture one = PatternImage.of(TWO).withCell(2).draw();
        Picture row = Picture.row(List.of(one, PatternImage.of(TWO).withCell(3).draw()), 5);
        assertThat(row.width()).isEqualTo(4 + 5 + 6);
        assertThat(row.height()).isEqualTo(6);
        assertThat(row.rgb(0, 0)).isEqualTo(LIGHT);
        assertThat(row.rgb(6, 0)).isEqualTo(0xffffff);
        assertThat(row.rgb(9, 0)).isEqualTo(LIGHT);
        assertThat(row.rgb(0, 5)).isEqualTo(0xffffff);
        BufferedImage image = one.image();
        image.setRGB(0, 0, 0x123456);
        assertThat(one.rgb(0, 0)).isEqualTo(LIGHT);
        assertThatIllegalArgumentException().isThrownBy(() -> Picture.row(List.of(), 0));
    }
}
