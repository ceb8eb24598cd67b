package org.apmae.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class ChecksumsTest {
    private static int crc(byte[] bytes, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }

    @Test
    void joinsWhatWasReadApart() {
        byte[] bytes = new byte[300_000];
        new Random(1).nextBytes(bytes);
        for (int cut : new int[] {0, 1, 2, 255, 256, 65_536, 123_457, 299_999, 300_000}) {
            assertThat(Checksums.joined(crc(bytes, 0, cut), crc(bytes, cut, bytes.length), bytes.length - cut))
                    .as("cut at %d", cut)
                    .isEqualTo(crc(bytes, 0, bytes.length));
        }
    }
}
