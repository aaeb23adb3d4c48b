package io.github.tornadodiffusion.nn.distributed;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The processes that {@code mpirun} or {@code srun} started, connected by MPI (MPI Forum 2025)
 * through the foreign function API: nothing is compiled, and only a process that such a launcher
 * started loads the library. Known are Open MPI 4 and 5, MPICH and its kin, and the standard ABI.
 *
 * <p>Waiting is done here rather than in the library, so that it ends when a process of this
 * machine has ended, when one does not answer, and when this process is asked to end.
 */
public final class Mpi implements Communicator {
  /** The rank in the environment of a process, by Open MPI, MPICH and Slurm, PMIx. */
  private static final List<String> RANKS =
      List.of("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK");

  private static final List<String> SIZES = List.of("OMPI_COMM_WORLD_SIZE", "PMI_SIZE");
  private static final int LONGEST_NAME = 1024;
  private static final int LONGEST_STATUS = 64;
  private static final int REQUEST = 8;
  private static final int SPINS = 2000;
  private static final long NAP_NANOS = 20_000;
  private static final long LOOK_NANOS = 200_000_000L;

  private static Mpi joined;
  private static boolean left;

  private final MpiLibrary library;
  private final MethodHandle send;
  private final MethodHandle receive;
  private final MethodHandle test;
  private final int rank;
  private final int size;
  private final List<Member> members = new ArrayList<>();
  private Duration patience = Duration.ZERO;
  private LostProcessException broken;

  /**
   * A process of all.
   *
   * @param host its machine
   * @param processors those that it may use, as Linux lists them
   * @param watched whether its process can be seen from here
   */
  private record Member(int rank, long pid, String host, String processors, boolean watched) {
    boolean hasEnded() {
      return watched && !isAlive(pid);
    }

    static boolean isAlive(long pid) {
      return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
  }

  /** Whether a launcher started several processes, of which this is one. */
  public static synchronized boolean isLaunched() {
    return !left && launched(System.getenv()) >= 0;
  }

  /** Has this process work alone from now on, where the others have nothing to do. */
  public static synchronized void leave() {
    left = true;
  }

  /** Whether this is process 0 of those that a launcher started, or works alone. */
  public static boolean isFirst() {
    return launched(System.getenv()) <= 0;
  }

  /** The rank that a launcher gave; -1 for a process that works alone. */
  static int launched(Map<String, String> environment) {
    if (SIZES.stream().map(environment::get).anyMatch("1"::equals)) {
      return -1;
    }
    return RANKS.stream()
        .map(environment::get)
        .filter(value -> value != null && value.matches("[0-9]{1,9}"))
        .mapToInt(Integer::parseInt)
        .findFirst()
        .orElse(-1);
  }

  /**
   * The processes that started together with this one, or this one alone. MPI is started by the
   * first call and ended with the program, see {@link #end}.
   *
   * @throws IllegalStateException in one line if the library is missing or is another one than the
   *     launcher's
   */
  public static synchronized Communicator join() {
    if (joined == null && isLaunched()) {
      joined = start();
    }
    return joined();
  }

  /** The processes that {@link #join} has joined, and that are not at their end; or this one. */
  public static synchronized Communicator joined() {
    return joined == null ? Communicator.alone() : joined;
  }

  /**
   * Ends MPI, if this process has started it.
   *
   * @param code what the process exits with: another one than 0 ends all processes
   */
  public static synchronized void end(int code) {
    if (joined != null) {
      if (code == 0) {
        joined.close();
      } else {
        joined.abort(code);
      }
      joined = null;
    }
  }

  private static Mpi start() {
    try {
      SignalHandlers handlers = new SignalHandlers();
      return new Mpi(MpiLibrary.load(System.getenv()), handlers);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private Mpi(MpiLibrary library, SignalHandlers handlers) {
    this.library = library;
    send = library.transfer("MPI_Isend");
    receive = library.transfer("MPI_Irecv");
    test = library.test();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
      check(
          "MPI_Init_thread",
          (int)
              library
                  .init()
                  .invokeExact(
                      MemorySegment.NULL, MemorySegment.NULL, library.serialized(), number));
      handlers.restore();
      check("MPI_Comm_rank", (int) library.ofWorld("MPI_Comm_rank").invokeExact(number));
      rank = number.get(ValueLayout.JAVA_INT, 0);
      check("MPI_Comm_size", (int) library.ofWorld("MPI_Comm_size").invokeExact(number));
      size = number.get(ValueLayout.JAVA_INT, 0);
      MemorySegment name = arena.allocate(LONGEST_NAME);
      check("MPI_Get_processor_name", (int) library.processorName().invokeExact(name, number));
      if (size == 1) {
        throw new IllegalStateException(
            "The launcher started several processes and %s sees one: it is not the MPI of the"
                    .formatted(library.title())
                + " launcher; give the path of the right libmpi in "
                + MpiLibrary.PATH_VARIABLE);
      }
      meet(name.getString(0));
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  /** Learns which processes there are. */
  private void meet(String host) {
    String own = ProcessHandle.current().pid() + " " + processors() + " " + host;
    for (byte[] other : allGather(own.getBytes(StandardCharsets.UTF_8))) {
      String[] parts = new String(other, StandardCharsets.UTF_8).split(" ", 3);
      long pid = Long.parseLong(parts[0]);
      // Machines, or containers, of the same name need not see each other's processes.
      boolean watched = parts[2].equals(host) && Member.isAlive(pid);
      members.add(new Member(members.size(), pid, parts[2], parts[1], watched));
    }
  }

  private static String processors() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("Cpus_allowed_list:"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("all");
    } catch (IOException _) {
      // Not Linux: processes are not bound to processors.
      return "all";
    }
  }

  private Stream<Member> onThisHost() {
    String host = members.get(rank).host;
    return members.stream().filter(member -> member.host.equals(host));
  }

  @Override
  public int localRank() {
    return (int) onThisHost().filter(member -> member.rank < rank).count();
  }

  @Override
  public int sharingProcessors() {
    String own = members.get(rank).processors;
    return (int) onThisHost().filter(member -> member.processors.equals(own)).count();
  }

  @Override
  public int lost() {
    return members.stream().filter(Member::hasEnded).mapToInt(Member::rank).findFirst().orElse(-1);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public void patience(Duration most) {
    patience = most;
  }

  @Override
  public void exchange(int peer, MemorySegment out, MemorySegment in) {
    if (broken != null) {
      throw new LostProcessException(broken.getMessage());
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sending = start(arena, send, peer, out);
      MemorySegment receiving = start(arena, receive, peer, in);
      await(arena, peer, receiving);
      await(arena, peer, sending);
    } catch (LostProcessException e) {
      broken = e;
      throw e;
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private static MemorySegment start(
      Arena arena, MethodHandle transfer, int peer, MemorySegment bytes) throws Throwable {
    if (bytes.byteSize() == 0) {
      return null;
    }
    MemorySegment request = arena.allocate(REQUEST, REQUEST);
    check(
        "a transfer",
        (int) transfer.invokeExact(bytes, Math.toIntExact(bytes.byteSize()), peer, 0, request));
    return request;
  }

  private void await(Arena arena, int peer, MemorySegment request) throws Throwable {
    if (request == null) {
      return;
    }
    MemorySegment flag = arena.allocate(ValueLayout.JAVA_INT);
    MemorySegment status = arena.allocate(LONGEST_STATUS, REQUEST);
    final long start = System.nanoTime();
    long looked = start;
    for (int turn = 0; ; turn++) {
      check("MPI_Test", (int) test.invokeExact(request, flag, status));
      if (flag.get(ValueLayout.JAVA_INT, 0) != 0) {
        return;
      }
      if (turn < SPINS) {
        Thread.onSpinWait();
        continue;
      }
      LockSupport.parkNanos(NAP_NANOS);
      long now = System.nanoTime();
      if (now - looked > LOOK_NANOS) {
        looked = now;
        checkOthers(peer, Duration.ofNanos(now - start));
      }
    }
  }

  private void checkOthers(int peer, Duration waited) {
    int lost = lost();
    if (lost >= 0) {
      throw new LostProcessException(name(lost) + " has ended");
    }
    if (patience.isPositive() && waited.compareTo(patience) > 0) {
      throw new LostProcessException(
          "%s has not answered for %d s".formatted(name(peer), waited.toSeconds()));
    }
  }

  @Override
  public String name(int peer) {
    if (peer >= members.size()) {
      return Communicator.super.name(peer);
    }
    Member member = members.get(peer);
    return "process %d of %d (pid %d on %s)".formatted(peer, size, member.pid, member.host);
  }

  @Override
  public void abort(int code) {
    try {
      int _ = (int) library.abort().invokeExact(code);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  @Override
  public void close() {
    // MPI_Finalize waits for the others with all the processor's power.
    barrier();
    try {
      check("MPI_Finalize", (int) library.end().invokeExact());
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private static void check(String what, int code) {
    if (code != 0) {
      throw new IllegalStateException(
          "%s failed with code %d: see what the launcher says".formatted(what, code));
    }
  }

  private static RuntimeException failure(Throwable e) {
    return switch (e) {
      case Error error -> throw error;
      case RuntimeException known -> known;
      default -> new IllegalStateException(e);
    };
  }
}
