package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/** How wide the terminal behind a file descriptor is now; it changes while a program runs. */
public final class Terminal {
  public static final int STANDARD_OUTPUT = 1;
  public static final int STANDARD_ERROR = 2;

  /** Where nothing says how wide it is. */
  public static final int USUAL_COLUMNS = 80;

  /** The request TIOCGWINSZ of the C library, which has another number on macOS. */
  private static final long WINDOW_SIZE =
      System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac")
          ? 0x40087468L
          : 0x5413L;

  /** Rows, columns and the size in pixels, 16 bits each. */
  private static final int BYTES = 8;

  private static final int COLUMNS_AT = 2;

  /** How the names of terminals begin on Linux. */
  private static final List<String> TERMINALS = List.of("/dev/pts/", "/dev/tty", "/dev/console");

  private Terminal() {}

  /** Made when it is first needed, because it takes longer than the rest of a start. */
  private static final class WindowSize {
    static final MethodHandle IOCTL = ioctl();
  }

  @SuppressWarnings("restricted") // ioctl of the C library, which has no Java counterpart
  private static MethodHandle ioctl() {
    try {
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find("ioctl")
          .map(address ->
              linker.downcallHandle(
                  address,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_LONG,
                      ValueLayout.ADDRESS),
                  Linker.Option.firstVariadicArg(2)))
          .orElse(null);
    } catch (RuntimeException | LinkageError e) {
      // Not on this system, or not allowed: then the usual width has to do.
      return null;
    }
  }

  /**
   * The columns of a terminal.
   *
   * @return empty if the descriptor leads to none, or it does not say
   */
  public static OptionalInt columns(int descriptor) {
    if (isNone(descriptor) || WindowSize.IOCTL == null) {
      return OptionalInt.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(BYTES, BYTES);
      int failed = (int) WindowSize.IOCTL.invokeExact(descriptor, WINDOW_SIZE, size);
      int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, COLUMNS_AT));
      return failed != 0 || columns == 0 ? OptionalInt.empty() : OptionalInt.of(columns);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether Linux says, by the name of what is open, that it is no terminal. */
  private static boolean isNone(int descriptor) {
    try {
      String name = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return TERMINALS.stream().noneMatch(name::startsWith);
    } catch (IOException | UnsupportedOperationException e) {
      return false; // Another system, which is asked in C.
    }
  }
}
