package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.cli.NativeOutput;
import io.github.tornadodiffusion.kernels.tornado.StableSource;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/**
 * The class the launcher script starts.
 *
 * <p>A JVM that uses {@code jdk.incubator.vector} says so on standard error before a program
 * begins, and no option turns that off. Errors are promised to be a single line, so this extra line
 * would be a fault. So the script starts the JVM with a filter on standard error and the real one
 * as file descriptor 3 ({@code -Dtornadodiffusion.stderr=3}), and this class puts it back before
 * anything else happens.
 */
public final class Launch {
  private static final String STARTED = "tornado-diffusion-started\n";

  private Launch() {}

  /** Makes the source of kernels stable, restores the standard streams, then runs the program. */
  public static void main(String[] args) throws Throwable {
    StableSource.prepare();
    Integer saved = Integer.getInteger("tornadodiffusion.stderr");
    if (saved != null) {
      restoreStandardError(saved);
    }
    Main.run(NativeOutput.kept().orElseGet(() -> new FileOutputStream(FileDescriptor.out)), args);
  }

  @SuppressWarnings("restricted") // dup2 of the C library, which has no Java counterpart
  private static void restoreStandardError(int saved) throws Throwable {
    System.err.print(STARTED);
    System.err.flush();
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor intInt =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    int _ =
        (int)
            linker
                .downcallHandle(linker.defaultLookup().find("dup2").orElseThrow(), intInt)
                .invokeExact(saved, 2);
  }
}
