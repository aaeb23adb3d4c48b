package io.github.tornadodiffusion.nn.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * The JVM's handlers of signals, kept from libraries that put theirs in their place. The JVM needs
 * its own to run at all: it finds null pointers and stops threads by SIGSEGV. Libraries below MPI
 * (UCX, which MPICH and Open MPI use) replace them to print where a program failed.
 */
final class SignalHandlers {
  /** SIGILL, SIGFPE and SIGSEGV everywhere, SIGBUS on Linux and on macOS. */
  private static final List<Integer> SIGNALS = List.of(4, 7, 8, 10, 11);

  /** More than any system's struct sigaction has. */
  private static final long STRUCTURE = 512;

  private final MethodHandle sigaction;
  private final Arena arena = Arena.global();
  private final List<MemorySegment> handlers = new ArrayList<>();

  /** Takes note of the handlers. */
  @SuppressWarnings("restricted") // sigaction of the C library, which has no Java counterpart
  SignalHandlers() throws Throwable {
    Linker linker = Linker.nativeLinker();
    sigaction =
        linker.downcallHandle(
            linker.defaultLookup().find("sigaction").orElseThrow(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS));
    for (int signal : SIGNALS) {
      MemorySegment handler = arena.allocate(STRUCTURE, Long.BYTES);
      int _ = (int) sigaction.invokeExact(signal, MemorySegment.NULL, handler);
      handlers.add(handler);
    }
  }

  /** Puts them back. */
  void restore() throws Throwable {
    for (int i = 0; i < SIGNALS.size(); i++) {
      int _ =
          (int) sigaction.invokeExact((int) SIGNALS.get(i), handlers.get(i), MemorySegment.NULL);
    }
  }
}
