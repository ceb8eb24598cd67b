package org.apmae.models.runtime;

/** The precision in which a model's matrices are held and multiplied. */
public enum Precision {
    /** 32-bit floating point: the truth that other precisions are measured against. */
    F32(4, 6),
    /**
     * Brain floating point of 16 bits: half the memory, and more than twice the speed on processors that multiply it in
     * hardware (avx512_bf16, amx_bf16) or on GPUs. Sums are kept in 32 bits.
     */
    BF16(2, 15);

    private final int bytes;
    private final int torchType;

    Precision(int bytes, int torchType) {
        this.bytes = bytes;
        this.torchType = torchType;
    }

    /**
     * Returns the size of a number.
     *
     * @return bytes
     */
    public int bytes() {
        return bytes;
    }

    /**
     * Returns what libtorch's scripts call this type.
     *
     * @return the number of the type in TorchScript
     */
    public int torchType() {
        return torchType;
    }
}
