package org.apmae.mining;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The footer of a Parquet file and its columns of plain values: what corpora of sources need, without Hadoop. Columns are read
 * page by page, so memory does not grow with the file. Not thread-safe.
 *
 * @see <a href="https://parquet.apache.org/docs/file-format/">Parquet file format</a>
 */
final class ParquetFile implements Closeable {
    private static final int MAX_FOOTER = 64 << 20;
    private static final byte[] MAGIC = {'P', 'A', 'R', '1'};

    private final FileChannel channel;
    private final Map<String, ParquetColumn> columns = new LinkedHashMap<>();

    private ParquetFile(FileChannel channel) {
        this.channel = channel;
    }

    static ParquetFile open(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        ParquetFile file = new ParquetFile(channel);
        try {
            file.readFooter();
            return file;
        } catch (IOException e) {
            channel.close();
            throw e;
        } catch (RuntimeException e) {
            channel.close();
            throw new IOException("the Parquet footer is damaged: " + e, e);
        }
    }

    /** A column by its name; empty where there is none, or one of lists or a type that no source corpus has. */
    Optional<ParquetColumn> column(String name) {
        return Optional.ofNullable(columns.get(name));
    }

    Set<String> columns() {
        return columns.keySet();
    }

    private void readFooter() throws IOException {
        long size = channel.size();
        if (size < 12) {
            throw new IOException("the file is too short for Parquet");
        }
        ByteBuffer tail = read(channel, size - 8, 8);
        int length = tail.getInt();
        for (byte expected : MAGIC) {
            if (tail.get() != expected) {
                throw new IOException("the file does not end as Parquet does");
            }
        }
        if (length <= 0 || length > MAX_FOOTER || length > size - 12) {
            throw new IOException("the Parquet footer would have " + length + " bytes");
        }
        Thrift footer = Thrift.read(read(channel, size - 8 - length, length));
        List<Leaf> leaves = new ArrayList<>();
        List<Thrift> schema = footer.structs(2);
        readSchema(schema, 0, "", 0, false, leaves);
        List<List<Thrift>> chunks = new ArrayList<>();
        leaves.forEach(leaf -> chunks.add(new ArrayList<>()));
        for (Thrift group : footer.structs(4)) {
            List<Thrift> inGroup = group.structs(1);
            if (inGroup.size() != leaves.size()) {
                throw new IOException("a row group has " + inGroup.size() + " columns of " + leaves.size());
            }
            for (int i = 0; i < inGroup.size(); i++) {
                chunks.get(i).add(inGroup.get(i).struct(3));
            }
        }
        for (int i = 0; i < leaves.size(); i++) {
            Leaf leaf = leaves.get(i);
            if (!leaf.repeated() && ParquetColumn.reads(leaf.type())) {
                columns.put(leaf.name(), new ParquetColumn(channel, leaf.type(), leaf.definition(), chunks.get(i)));
            }
        }
    }

    /** A column of the schema, with the number of optional fields down to it. */
    private record Leaf(String name, int type, int definition, boolean repeated) {}

    /** Walks the schema, which is a tree in the order of its depth; returns the index after the subtree. */
    private static int readSchema(
            List<Thrift> schema, int at, String prefix, int definition, boolean repeated, List<Leaf> leaves)
            throws IOException {
        if (at >= schema.size() || definition > 32) {
            throw new IOException("the Parquet schema is damaged");
        }
        Thrift element = schema.get(at);
        int repetition = at == 0 ? 0 : (int) element.number(3, 0);
        int level = definition + (repetition == 0 ? 0 : 1);
        boolean lists = repeated || repetition == 2;
        String name = at == 0 ? "" : prefix + element.text(4);
        long children = element.number(5, 0);
        int next = at + 1;
        if (children == 0) {
            leaves.add(new Leaf(name, (int) element.number(1, -1), level, lists));
        }
        for (long child = 0; child < children; child++) {
            next = readSchema(schema, next, at == 0 ? "" : name + ".", level, lists, leaves);
        }
        return next;
    }

    /** Reads exactly so many bytes. */
    static ByteBuffer read(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, position + buffer.position());
            if (read < 0) {
                throw new IOException("the file ends at " + position + " + " + buffer.position());
            }
        }
        return buffer.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
