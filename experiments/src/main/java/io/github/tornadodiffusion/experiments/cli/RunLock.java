package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps a second process out of a run. The system releases a lock however its process ends, so its
 * file can remain.
 */
public final class RunLock implements AutoCloseable {
  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock of a file; the file and its directory are created if they do not exist.
   *
   * @param run the name of the run in a message
   * @throws IOException in one line if another process has it
   */
  public static RunLock of(Path file, Path run) throws IOException {
    Files.createDirectories(file.getParent());
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (!taken(channel)) {
      channel.close();
      throw new IOException(
          "another process is at work in %s; wait for it or choose another --out".formatted(run));
    }
    return new RunLock(channel);
  }

  @SuppressWarnings("resource") // closing the lock closes the channel
  private static boolean taken(FileChannel channel) {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    } catch (IOException e) {
      // File systems without locks, such as some network file systems, cannot keep anybody out.
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
