package org.apmae.models.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GalleryPassTest {
    @Test
    void membersReachFromTheFirmestToTheLoosest() {
        int[] labels = {0, 0, 1, 0, 0, -1, 0, 0};
        float[] strengths = {0.1f, 0.9f, 1, 0.5f, 0.7f, 0, 0.3f, 1};
        // Without the medoid, row 7, the members in order are 1, 4, 3, 6, 0.
        assertThat(GalleryPass.fromFirmToLoose(labels, strengths, 0, 7, 5)).containsExactly(1, 4, 3, 6, 0);
        assertThat(GalleryPass.fromFirmToLoose(labels, strengths, 0, 7, 1)).containsExactly(3);
        assertThat(GalleryPass.fromFirmToLoose(labels, strengths, 0, 7, 9)).containsExactly(1, 4, 3, 6, 0);
        assertThat(GalleryPass.fromFirmToLoose(labels, strengths, -1, -1, 2)).containsExactly(5);
        assertThat(GalleryPass.fromFirmToLoose(labels, strengths, 4, -1, 2)).isEmpty();
    }

    @Test
    void aLayoutTakesEverySoManyth() {
        List<Integer> all = IntStream.range(0, 10).boxed().toList();
        assertThat(GalleryPass.every(all, 4)).containsExactly(0, 2, 5, 7);
        assertThat(GalleryPass.every(all, 20)).isEqualTo(all);
        assertThat(GalleryPass.every(all, 0)).isEmpty();
    }

    @Test
    void refusesNegativeNumbers() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GalleryOptions(5, -1, 1, 1, 1))
                .withMessageContaining("noise -1");
    }
}
