package io.github.tornadodiffusion.experiments.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.tornadodiffusion.experiments.ProgramRun;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training over a Slurm of one node, by the script that says what it needs and does. */
class SlurmIT {
  /** The exit code of a test that cannot be done here. */
  private static final int LEFT_OUT = 77;

  @TempDir private Path directory;

  @Test
  void processesAndJobsGiveTheModelOfOneProcess() throws Exception {
    Path program = directory.resolve("program.sh");
    String command =
        ProgramRun.command(List.of()).stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));
    Files.writeString(program, "#!/bin/bash\nexec %s \"$@\"\n".formatted(command));
    program.toFile().setExecutable(true);
    ProcessBuilder test = new ProcessBuilder("../experiments/slurm/test.sh");
    test.environment().put("TORNADODIFFUSION_PROGRAM", program.toString());
    Process process = test.redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    assumeFalse(code == LEFT_OUT, printed.strip());
    assertEquals(0, code, printed);
    printed
        .lines()
        .filter(line -> line.matches("(passed|left out): .*"))
        .forEach(System.out::println);
  }
}
