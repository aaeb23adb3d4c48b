package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The launchers of MPI, as Debian names them beside each other. */
@SuppressWarnings("ImmutableEnumChecker") // lists that nobody changes
public enum Launcher {
  OPEN_MPI("mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"),
  MPICH("mpirun.mpich");

  private final String name;
  private final List<String> options;

  Launcher(String name, String... options) {
    this.name = name;
    this.options = List.of(options);
  }

  /** The words before those of the program; where it is not installed, the test is left out. */
  public List<String> command(int processes) {
    Path program =
        Stream.of(System.getenv("PATH").split(":"))
            .map(place -> Path.of(place, name))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeTrue(program != null, name + " is not installed");
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(options);
    command.addAll(List.of("-n", Integer.toString(processes)));
    return command;
  }

  /**
   * The same of Open MPI, which waits for so long before it passes on a signal, and again before it
   * kills: what is usual, a second, is too short for a step on a busy machine.
   */
  public static List<String> patient(int processes, int seconds) {
    List<String> command = OPEN_MPI.command(processes);
    command.addAll(List.of("--mca", "odls_base_sigkill_timeout", Integer.toString(seconds)));
    return command;
  }

  /** The process of a rank among those that a run has started. */
  public static long pid(ProgramRun run, int rank) {
    return run.descendants()
        .filter(process -> rank(process).equals(Integer.toString(rank)))
        .mapToLong(ProcessHandle::pid)
        .findFirst()
        .orElseThrow();
  }

  private static String rank(ProcessHandle process) {
    try {
      return Stream.of(
              Files.readString(Path.of("/proc/%d/environ".formatted(process.pid()))).split("\0"))
          .filter(variable -> variable.startsWith("OMPI_COMM_WORLD_RANK="))
          .map(variable -> variable.substring(variable.indexOf('=') + 1))
          .findFirst()
          .orElse("none");
    } catch (IOException _) {
      return "gone";
    }
  }
}
