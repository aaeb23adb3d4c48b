package io.github.tornadodiffusion.experiments.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
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

  private static final MethodHandle IOCTL = ioctl();

  private Terminal() {}

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
    if (IOCTL == null) {
      return OptionalInt.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(BYTES, BYTES);
      int failed = (int) IOCTL.invokeExact(descriptor, WINDOW_SIZE, size);
      int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, COLUMNS_AT));
      return failed != 0 || columns == 0 ? OptionalInt.empty() : OptionalInt.of(columns);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
