package org.apmae.models.apmae;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import org.apmae.core.pattern.ApMaeDecoder;
import org.apmae.core.pattern.ApMaeDecoderContract;
import org.apmae.core.pattern.ApMaeEncoder;
import org.apmae.core.pattern.ApMaeEncoderContract;
import org.apmae.core.pattern.DecoderMode;
import org.apmae.core.pattern.EncodingMode;
import org.apmae.core.pattern.PatchGrid;
import org.apmae.models.runtime.NativeRuntime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

class ApMaeContractTest {
    private static ApMae model;
    private static NDManager root;

    @BeforeAll
    static void open() {
        root = NativeRuntime.newManager(Device.cpu());
        model = ApMae.init(Fixtures.tiny(), 5);
    }

    @AfterAll
    static void close() {
        model.close();
        root.close();
    }

    @Nested
    class LowerTriangleEncoder extends ApMaeEncoderContract {
        @Override
        protected ApMaeEncoder encoder() {
            return model.encoder(EncodingMode.LOWER_TRIANGLE);
        }

        @Override
        protected NDManager manager() {
            return root;
        }
    }

    @Nested
    class ReferenceEncoder extends ApMaeEncoderContract {
        @Override
        protected ApMaeEncoder encoder() {
            return model.encoder(EncodingMode.REFERENCE);
        }

        @Override
        protected NDManager manager() {
            return root;
        }
    }

    private abstract static class DecoderTest extends ApMaeDecoderContract {
        private final DecoderMode mode;

        DecoderTest(DecoderMode mode) {
            this.mode = mode;
        }

        @Override
        protected ApMaeDecoder decoder() {
            return model.decoder(mode);
        }

        @Override
        protected PatchGrid grid() {
            return model.config().grid();
        }

        @Override
        protected int width() {
            return model.config().encoder().dim();
        }

        @Override
        protected NDManager manager() {
            return root;
        }
    }

    @Nested
    class CorrectedDecoder extends DecoderTest {
        CorrectedDecoder() {
            super(DecoderMode.CORRECTED);
        }
    }

    @Nested
    class ReferenceDecoder extends DecoderTest {
        ReferenceDecoder() {
            super(DecoderMode.REFERENCE);
        }
    }
}
