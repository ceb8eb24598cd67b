package org.apmae.core.run;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/** Keeps a second writer out of a run folder; the system releases it when the process ends, however it ends. */
final class FolderLock implements AutoCloseable {
    static final String NAME = ".lock";

    // On POSIX systems, closing any channel on the file releases the locks of the whole process: never open it twice.
    private static final Set<Path> HELD = new HashSet<>();

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    static FolderLock acquire(Path root) {
        synchronized (HELD) {
            try {
                Path folder = root.toRealPath();
                if (HELD.contains(folder)) {
                    throw new RunFolderException("the run folder " + root
                            + " is already open for writing in this process; close it there or open it read-only");
                }
                FileChannel channel = FileChannel.open(
                        folder.resolve(NAME),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
                try {
                    lock(root, channel);
                } catch (IOException | RuntimeException e) {
                    channel.close();
                    throw e;
                }
                HELD.add(folder);
                return new FolderLock(folder, channel);
            } catch (RunFolderException e) {
                throw e;
            } catch (IOException e) {
                throw unwritable(root, e, e);
            } catch (ReadOnlyFileSystemException e) {
                throw unwritable(root, e, new IOException(e));
            }
        }
    }

    private static void lock(Path root, FileChannel channel) throws IOException {
        FileLock lock = channel.tryLock();
        if (lock == null) {
            throw new RunFolderException("the run folder " + root + " is in use by " + holder(channel)
                    + "; wait until it ends, end it, or choose another folder");
        }
        String name =
                "process " + ProcessHandle.current().pid() + " of " + System.getProperty("user.name") + " on " + host();
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(name.getBytes(StandardCharsets.UTF_8)), 0);
    }

    /** A folder may be shared by several machines, where a process id alone says little. */
    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            // A machine whose own name cannot be resolved is named in the message.
            String message = e.getMessage();
            int colon = message == null ? -1 : message.indexOf(':');
            return colon > 0 ? message.substring(0, colon) : "this machine";
        }
    }

    private static String holder(FileChannel channel) {
        try {
            ByteBuffer text = ByteBuffer.allocate(200);
            int read = channel.read(text, 0);
            String name = read <= 0 ? "" : new String(text.array(), 0, read, StandardCharsets.UTF_8).strip();
            return name.isEmpty() ? "another process" : name;
        } catch (IOException e) {
            return "another process";
        }
    }

    static RunFolderException unwritable(Path root, Exception why, IOException cause) {
        return new RunFolderException(
                "the folder " + root + " cannot be written: " + Disk.reason(why)
                        + "; choose another folder or change its permissions",
                cause);
    }

    @Override
    public void close() {
        synchronized (HELD) {
            if (channel.isOpen()) {
                try {
                    channel.close();
                } catch (IOException e) {
                    throw new RunFolderException("the lock of " + folder + " cannot be released: " + Disk.reason(e), e);
                } finally {
                    HELD.remove(folder);
                }
            }
        }
    }
}
