package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Registers, spills and traffic of the kernels that the tests before have run on an emulated GPU,
 * against the table that is committed.
 */
@EnabledIfSystemProperty(
    named = "tornadodiffusion.registers",
    matches = "true",
    disabledReason = "the kernels of an emulated GPU are compared at the end of -Pgpu-emulation")
class KernelTableTest {
  private static final Path KERNELS = Path.of("../tornado-kernels/src");

  @Test
  void noKernelNeedsMoreThanTheTableSays() throws Exception {
    assumeTrue(
        Stream.concat(Stream.of(System.getenv("PATH").split(":")), Stream.of("/usr/local/cuda/bin"))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "ptxas"))),
        "there is no ptxas: install the CUDA toolkit");
    String modules = System.getenv("EMULATED_CUDA_DUMP");
    assumeTrue(
        Files.exists(Path.of(modules, "launches.tsv")), "no kernel has run on an NVIDIA GPU");
    Process process =
        new ProcessBuilder(
                "python3",
                KERNELS + "/gpu-emulation/registers.py",
                modules,
                KERNELS
                    + "/main/resources/io/github/tornadodiffusion/kernels/tornado/registers.tsv")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
  }
}
