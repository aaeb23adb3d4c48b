package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.util.Objects;
import java.util.Optional;

/**
 * Writes to any open file descriptor; Java itself can only use 0, 1 and 2. Not buffered.
 *
 * <p>Drivers of devices write to standard output, which belongs to results. If they might, the
 * launcher redirects their output to standard error and passes the descriptor that is kept for
 * results.
 */
public final class NativeOutput extends OutputStream {
  private final int descriptor;
  private final MethodHandle write;

  /** The standard output that the launcher kept for results; empty if that is the usual one. */
  public static Optional<OutputStream> kept() {
    return Optional.ofNullable(Integer.getInteger("tornadodiffusion.stdout"))
        .map(NativeOutput::new);
  }

  /** Makes {@link System#out} write to {@link #kept}. */
  public static void redirectSystemOut() {
    kept().ifPresent(out -> System.setOut(new PrintStream(out, true, Charset.defaultCharset())));
  }

  @SuppressWarnings("restricted") // write of the C library
  private NativeOutput(int descriptor) {
    this.descriptor = descriptor;
    Linker linker = Linker.nativeLinker();
    write =
        linker.downcallHandle(
            linker.defaultLookup().find("write").orElseThrow(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG));
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(Math.max(1, length));
      MemorySegment.copy(bytes, offset, segment, ValueLayout.JAVA_BYTE, 0, length);
      for (long done = 0; done < length; ) {
        long n = writeSome(segment.asSlice(done), length - done);
        if (n < 0) {
          throw new IOException("cannot write to standard output");
        }
        done += n;
      }
    }
  }

  private long writeSome(MemorySegment segment, long length) {
    try {
      return (long) write.invokeExact(descriptor, segment, length);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
