package io.github.tornadodiffusion.experiments.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.CommandRun;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file is JMH 1.37's, without its percentiles and the options of the JVM. */
class JmhResultsTest {
  private static String file() throws IOException {
    try (InputStream in = JmhResultsTest.class.getResourceAsStream("/jmh/results.json")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aResultBecomesARow() throws IOException {
    List<Map<String, Object>> rows = JmhResults.rows(file());
    assertEquals(3, rows.size());
    Map<String, Object> row = rows.get(1);
    assertEquals("KernelBenchmark.run", row.get("benchmark"));
    assertEquals("MATMUL", row.get("kernel"));
    assertEquals("jvm", row.get("device"));
    assertEquals(2, row.get("forks"));
    // 81745.58 and 153323.53 us; 2 * 512^3 operations and at least 5 MiB in that time.
    assertEquals(81_745_580, (double) row.get("ns_per_op"), 1);
    assertEquals(153_323_526, (double) row.get("ns_ci999"), 1);
    assertEquals(2 * Math.pow(512, 3) / 81_745_580, (double) row.get("gflops"), 1e-6);
    assertEquals((5 << 20) / 81_745_580.0, (double) row.get("gb_per_s"), 1e-8);
    assertEquals(6.94e-7, (double) row.get("max_error"), 1e-9);
  }

  @Test
  void aPeerIsADevice() throws IOException {
    Map<String, Object> row = JmhResults.rows(file()).get(2);
    assertEquals("djl-pytorch", row.get("device"));
    assertEquals("TRAIN_STEP", row.get("program"));
    assertEquals(58_483_503_189.0, (double) row.get("ns_per_op"), 1);
    // Of one measurement there is no interval, and what a step must move is not known.
    assertNull(row.get("ns_ci999"));
    assertNull(row.get("gb_per_s"));
  }

  /** A directory as the benchmarks leave it, whose report is made again. */
  @Test
  void theReportPutsEqualWorkSideBySide(@TempDir Path path) throws IOException {
    ExperimentDirectory directory = new ExperimentDirectory(path);
    directory.keep("jmh", JmhResults.rows(file()), new LinkedHashMap<>());
    Files.writeString(
        directory.manifest(),
        "{\"experiment\": \"jmh\", \"units\": [\"jmh\"], \"command\": \"./mvnw -Pjmh package\"}");
    CommandRun.succeeds("experiment", "report", path.toString());
    String report = Files.readString(path.resolve("report.md"));
    assertTrue(report.contains("`./mvnw -Pjmh package`"), report);
    List<String> table = report.lines().filter(line -> line.startsWith("| ")).toList();
    assertEquals(7, table.size());
    assertEquals("| matmul | djl-pytorch | 24485 | 28998 | 11.0 | 0.214 | 8.7e-07 |", table.get(2));
    assertTrue(table.get(3).startsWith("| matmul | jvm | 81746 | 153324 |"), table.get(3));
    assertTrue(table.get(6).startsWith("| train_step unit1 batch 8 | djl-pytorch | 58484 |"));
    assertTrue(Files.size(path.resolve("pictures/peers.svg")) > 0);
  }

  @Test
  void otherFilesAreRefusedInOneLine() throws IOException {
    refused("no JSON", "{");
    refused("no results", "[]");
    refused("'ops/us'; measure with -bm avgt", file().replace("us/op", "ops/us"));
  }

  private static void refused(String message, String json) {
    Exception refused = assertThrows(IllegalArgumentException.class, () -> JmhResults.rows(json));
    assertTrue(refused.getMessage().contains(message), refused.getMessage());
    assertEquals(1, refused.getMessage().lines().count());
  }
}
