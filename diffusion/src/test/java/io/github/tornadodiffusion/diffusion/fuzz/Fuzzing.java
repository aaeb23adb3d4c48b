package io.github.tornadodiffusion.diffusion.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What every file must come to, whatever it holds: its reader succeeds or refuses it in one line,
 * writes nothing, and takes no more memory than such a file is worth. Also where the fuzzer enters.
 */
public final class Fuzzing {
  /** What reading the smallest file may allocate: a decoder's tables, thread pools, classes. */
  private static final long BASE_BYTES = 256L << 20;

  /** What reading may allocate for each byte of the file; deflate packs up to 1 : 1032. */
  private static final long BYTES_PER_BYTE = 2048;

  private static final int MOST_CHARACTERS = 1000;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static String name;
  private static Path root;
  private static long count;

  private Fuzzing() {}

  /** Called by the fuzzer once, with the target's name. */
  public static void fuzzerInitialize(String[] arguments) throws IOException {
    name = arguments[0];
    root = Files.createTempDirectory("fuzz");
    root.toFile().deleteOnExit();
  }

  /** Called by the fuzzer with every input. */
  public static void fuzzerTestOneInput(byte[] file) throws IOException {
    // No two files may have one path: the JDK remembers zip files by path and time.
    Path directory = Files.createDirectory(root.resolve(Long.toString(count++)));
    try {
      check(name, directory, file);
    } finally {
      delete(directory);
    }
    if (count % 256 == 0) {
      // Files stay open until the objects that read them are found to be garbage.
      System.gc();
    }
  }

  /**
   * Reads a file in an empty directory.
   *
   * @return whether it was read; otherwise it was refused
   * @throws AssertionError if neither happened as it should
   */
  static boolean check(String target, Path directory, byte[] file) throws IOException {
    long most = BASE_BYTES + BYTES_PER_BYTE * file.length;
    long before = THREADS.getTotalThreadAllocatedBytes();
    boolean read = read(target, Files.createDirectory(directory.resolve("1")), file);
    if (THREADS.getTotalThreadAllocatedBytes() - before > most) {
      // The first time also loads classes, which the fuzzer then rewrites.
      before = THREADS.getTotalThreadAllocatedBytes();
      read(target, Files.createDirectory(directory.resolve("2")), file);
      long allocated = THREADS.getTotalThreadAllocatedBytes() - before;
      if (allocated > most) {
        throw new AssertionError("reading %d bytes allocated %d".formatted(file.length, allocated));
      }
    }
    return read;
  }

  private static boolean read(String target, Path directory, byte[] file) {
    try {
      FuzzTargets.of(target).read(directory, file);
      return true;
    } catch (IOException e) {
      checkRefusal(e, IOException.class);
    } catch (UncheckedIOException e) {
      checkRefusal(e.getCause(), IOException.class);
    } catch (IllegalArgumentException e) {
      checkRefusal(e, IllegalArgumentException.class);
    }
    return false;
  }

  /** Subclasses are exceptions that nobody thought of, such as a NumberFormatException. */
  private static void checkRefusal(Exception e, Class<?> type) {
    if (e.getClass() != type) {
      throw new AssertionError("not refused but failed", e);
    }
    checkMessage(e.getMessage());
  }

  /** A message is one line of bearable length, without anything that moves a terminal's cursor. */
  static void checkMessage(String message) {
    if (message == null
        || message.isBlank()
        || message.length() > MOST_CHARACTERS
        || message.chars().anyMatch(Character::isISOControl)
        || message.lines().count() != 1) {
      throw new AssertionError("not one line: " + message);
    }
  }

  private static void delete(Path directory) throws IOException {
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(directory)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : paths) {
      Files.delete(path);
    }
  }
}
