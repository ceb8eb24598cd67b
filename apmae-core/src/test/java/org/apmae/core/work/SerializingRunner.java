package org.apmae.core.work;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Iterator;

/** Runs pieces in this process as if it were another: function, pieces and results come as copies by Java serialization. */
public final class SerializingRunner implements PieceRunner {
    private final ThreadRunner threads = new ThreadRunner(2);

    @Override
    public <P, R> PieceResults<R> map(Iterator<P> pieces, PieceFunction<P, R> function) {
        PieceFunction<P, R> arrived = copy(function);
        return threads.map(pieces, piece -> copy(arrived.apply(copy(piece))));
    }

    @SuppressWarnings("unchecked")
    private static <T> T copy(T original) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(original);
            }
            try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
                return (T) in.readObject();
            }
        } catch (IOException | ClassNotFoundException e) {
            throw new IllegalStateException(original.getClass() + " cannot travel: " + e, e);
        }
    }

    @Override
    public boolean sharesMemory() {
        return false;
    }

    @Override
    public void close() {
        threads.close();
    }
}
