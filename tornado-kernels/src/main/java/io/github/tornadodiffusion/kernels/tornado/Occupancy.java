package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Kernel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * How many work groups of a kernel a multiprocessor of a GPU has room for, which its registers and
 * local memory decide. The table is measured with the assembler of CUDA: see src/gpu-emulation.
 */
final class Occupancy {
  static final String TABLE = "registers.tsv";

  /** Columns of the table. */
  private static final int KERNEL = 0;

  private static final int GROUPS = 9;

  private static final Map<String, Integer> FEWEST = read();

  private Occupancy() {}

  /** Of all architectures the fewest; nothing for kernels that are not in the table. */
  static OptionalInt groups(Kernel kernel) {
    Integer groups = FEWEST.get(kernel.id().toLowerCase(Locale.ROOT));
    return groups == null ? OptionalInt.empty() : OptionalInt.of(groups);
  }

  private static Map<String, Integer> read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(Occupancy.class.getResourceAsStream(TABLE), TABLE),
                StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .skip(1)
          .map(line -> line.split("\t"))
          .collect(
              Collectors.toMap(row -> row[KERNEL], row -> Integer.valueOf(row[GROUPS]), Math::min));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
