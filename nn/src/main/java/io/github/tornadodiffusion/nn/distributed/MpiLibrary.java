package io.github.tornadodiffusion.nn.distributed;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The functions of an MPI library, whose implementations differ in what handles are and which
 * numbers constants have.
 */
final class MpiLibrary {
  /** Names a library by its path where none is found, or another one is to be used. */
  static final String PATH_VARIABLE = "TORNADODIFFUSION_MPI";

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final AddressLayout ADDRESS = ValueLayout.ADDRESS;

  /** Calls that come from one thread at a time, in MPI 1 to 4. */
  private static final int SERIALIZED = 2;

  private static final Abi OPEN_MPI =
      new Abi("Open MPI", List.of("libmpi.so.40", "libmpi.40.dylib"), true, SERIALIZED, null, null);

  private static final Abi MPICH =
      new Abi(
          "MPICH",
          List.of("libmpi.so.12", "libmpich.so.12", "libmpi.12.dylib"),
          false,
          SERIALIZED,
          0x44000000,
          0x4c00010d);

  /** Handles are small numbers in pointers. */
  private static final Abi STANDARD =
      new Abi(
          "the standard ABI of MPI 5",
          List.of("libmpi_abi.so.0", "libmpi_abi.0.dylib"),
          true,
          2048,
          0x101,
          0x247);

  /**
   * A family of libraries that can be called alike.
   *
   * @param title for messages
   * @param files of the library, on Linux and macOS
   * @param pointers whether handles are pointers, otherwise they are numbers
   * @param serialized MPI_THREAD_SERIALIZED
   * @param world the handle of all processes; null where it is an address of the library's
   * @param bytes the handle of the type of bytes; null where it is an address of the library's
   */
  private record Abi(
      String title,
      List<String> files,
      boolean pointers,
      int serialized,
      Integer world,
      Integer bytes) {
    MemoryLayout handle() {
      return pointers ? ADDRESS : INT;
    }

    Object constant(SymbolLookup symbols, String openMpiName, Integer number) {
      if (number == null) {
        return symbols.find(openMpiName).orElseThrow();
      }
      return pointers ? MemorySegment.ofAddress(number) : (Object) number;
    }
  }

  private final Abi abi;
  private final SymbolLookup symbols;
  private final Object world;
  private final Object bytes;

  private MpiLibrary(Abi abi, SymbolLookup symbols) {
    this.abi = abi;
    this.symbols = symbols;
    world = abi.constant(symbols, "ompi_mpi_comm_world", abi.world);
    bytes = abi.constant(symbols, "ompi_mpi_byte", abi.bytes);
  }

  /**
   * Loads a library.
   *
   * @param environment of the process: which launcher started it decides what is looked for first
   * @throws IllegalStateException in one line naming the packages to install
   */
  static MpiLibrary load(Map<String, String> environment) {
    String path = environment.get(PATH_VARIABLE);
    if (path != null) {
      return at(path);
    }
    List<Abi> order = new ArrayList<>(List.of(OPEN_MPI, MPICH, STANDARD));
    if (!environment.containsKey("OMPI_COMM_WORLD_RANK")
        && environment.containsKey("PMI_RANK")
        && !environment.containsKey("PMIX_RANK")) {
      order.addFirst(MPICH);
    }
    for (Abi abi : order) {
      for (String file : abi.files) {
        SymbolLookup found = open(file);
        if (found != null) {
          return new MpiLibrary(abi, found);
        }
      }
    }
    throw new IllegalStateException(
        "A launcher of MPI started this process, and there is no library of MPI: install Open MPI"
            + " (Debian: openmpi-bin and libopenmpi3) or MPICH (mpich and libmpich12), the one the"
            + " launcher is of, or give the path of its libmpi in "
            + PATH_VARIABLE);
  }

  private static MpiLibrary at(String path) {
    SymbolLookup found = open(path);
    if (found == null) {
      throw new IllegalStateException(
          "%s=%s cannot be loaded: give the path of a libmpi for this machine"
              .formatted(PATH_VARIABLE, path));
    }
    boolean openMpi = found.find("ompi_mpi_comm_world").isPresent();
    boolean standard = path.contains("_abi") && !openMpi;
    if (found.find("MPI_Init_thread").isEmpty()) {
      throw new IllegalStateException(
          "%s=%s is no library of MPI: give the path of a libmpi".formatted(PATH_VARIABLE, path));
    }
    return new MpiLibrary(openMpi ? OPEN_MPI : standard ? STANDARD : MPICH, found);
  }

  @SuppressWarnings("restricted") // libraries of the user's choice are what this is for
  private static SymbolLookup open(String library) {
    try {
      return SymbolLookup.libraryLookup(library, Arena.global());
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The family, for messages. */
  String title() {
    return abi.title;
  }

  /** What MPI_Init_thread is asked for. */
  int serialized() {
    return abi.serialized;
  }

  /** MPI_Init_thread: (argc, argv, required, provided) to the return code. */
  MethodHandle init() {
    return function("MPI_Init_thread", ADDRESS, ADDRESS, INT, ADDRESS);
  }

  /** MPI_Finalize. */
  MethodHandle end() {
    return function("MPI_Finalize");
  }

  /** MPI_Comm_rank or MPI_Comm_size of all processes: (result) to the return code. */
  MethodHandle ofWorld(String name) {
    return MethodHandles.insertArguments(function(name, abi.handle(), ADDRESS), 0, world);
  }

  /** MPI_Abort of all processes: (code). */
  MethodHandle abort() {
    return MethodHandles.insertArguments(function("MPI_Abort", abi.handle(), INT), 0, world);
  }

  /** MPI_Isend or MPI_Irecv of bytes: (buffer, count, peer, tag, request). */
  MethodHandle transfer(String name) {
    MethodHandle whole =
        function(name, ADDRESS, INT, abi.handle(), INT, INT, abi.handle(), ADDRESS);
    return MethodHandles.insertArguments(MethodHandles.insertArguments(whole, 5, world), 2, bytes);
  }

  /** MPI_Test: (request, flag, status). */
  MethodHandle test() {
    return function("MPI_Test", ADDRESS, ADDRESS, ADDRESS);
  }

  /** MPI_Get_processor_name: (name, length). */
  MethodHandle processorName() {
    return function("MPI_Get_processor_name", ADDRESS, ADDRESS);
  }

  @SuppressWarnings("restricted") // calls of native functions are what this is for
  private MethodHandle function(String name, MemoryLayout... parameters) {
    MemorySegment address =
        symbols
            .find(name)
            .orElseThrow(() ->
                new IllegalStateException(
                    "The library of %s has no %s: install a newer one".formatted(abi.title, name)));
    return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(INT, parameters));
  }
}
