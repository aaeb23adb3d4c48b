package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps a second process out of a run. The system takes a lock back however its process ends, so
 * the file that carries it may stay.
 */
public final class RunLock implements AutoCloseable {
  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock that a file carries; the file and its directory are made if they are not there.
   *
   * @param run what to call the run in a message
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

  @SuppressWarnings("resource") // the channel's end is the lock's
  private static boolean taken(FileChannel channel) {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    } catch (IOException e) {
      // A file system without locks, as some networks' are, keeps nobody out.
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
