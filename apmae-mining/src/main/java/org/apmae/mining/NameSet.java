package org.apmae.mining;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Remembers which names were seen, in 16 bytes or so each: by the first 64 bits of their SHA-256. Not thread-safe. */
final class NameSet {
    private long[] slots = new long[1 << 10];
    private int size;

    /** Adds a name, false if it is there. */
    boolean add(String name) {
        byte[] digest = Sha256.digest().digest(name.getBytes(StandardCharsets.UTF_8));
        return add(ByteBuffer.wrap(digest).getLong());
    }

    /** Adds well-mixed bits, false if they are there. */
    boolean add(long hash) {
        long key = hash == 0 ? 1 : hash;
        if (size * 2 >= slots.length) {
            long[] old = slots;
            slots = new long[old.length * 2];
            Arrays.stream(old).filter(each -> each != 0).forEach(this::place);
        }
        boolean added = place(key);
        size += added ? 1 : 0;
        return added;
    }

    boolean contains(long hash) {
        long key = hash == 0 ? 1 : hash;
        int at = (int) key & (slots.length - 1);
        while (slots[at] != 0 && slots[at] != key) {
            at = (at + 1) & (slots.length - 1);
        }
        return slots[at] == key;
    }

    private boolean place(long key) {
        int at = (int) key & (slots.length - 1);
        while (slots[at] != 0 && slots[at] != key) {
            at = (at + 1) & (slots.length - 1);
        }
        boolean free = slots[at] == 0;
        slots[at] = key;
        return free;
    }
}
