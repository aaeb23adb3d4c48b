package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Conv;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.JvmEngine;
import io.github.tornadodiffusion.kernels.Program;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchTest {
  @ParameterizedTest
  @ValueSource(strings = {"forward", "train-step", "sample"})
  void jsonHasEveryFigure(String what) {
    CommandRun run =
        CommandRun.succeeds(
            "bench", what, "--preset", "digits", "--batch", "2", "--runs", "2", "--json");
    JsonNode row = JsonMapper.shared().readTree(run.out());
    assertEquals(1, run.out().lines().count());
    assertEquals(what, row.get("what").asString());
    assertEquals(2, row.get("batch").asInt());
    assertEquals("jvm", row.get("device").asString());
    assertEquals(2, row.get("runs").asInt());
    for (String figure :
        List.of("parameters", "first_ms", "median_ms", "min_ms", "p90_ms", "images_per_s")) {
      assertTrue(row.get(figure).asDouble() > 0, figure);
    }
    assertTrue(row.get("min_ms").asDouble() <= row.get("median_ms").asDouble());
    assertTrue(row.get("gflops").asDouble() > 0);
    assertTrue(row.has("peak_rss_mib"));
    double error = row.get("max_error").asDouble();
    assertTrue(error > 0 && error < 1e-4, "max_error " + error);
  }

  @Test
  void kernelsAddUpToTheStep() {
    CommandRun run =
        CommandRun.succeeds(
            "bench", "kernels", "--preset", "digits", "--batch", "2", "--runs", "1", "--json");
    List<JsonNode> rows = run.out().lines().map(JsonMapper.shared()::readTree).toList();
    assertEquals(1, rows.stream().mapToDouble(row -> row.get("share").asDouble()).sum(), 1e-9);
    assertTrue(rows.stream().anyMatch(row -> row.get("kernel").asString().equals("Conv.forward")));
    for (JsonNode row : rows) {
      assertTrue(row.get("calls").asInt() > 0);
      // A speed is printed with a check or not at all.
      boolean speed = !row.get("gflops").isNull() || !row.get("gb_per_s").isNull();
      assertEquals(speed, !row.get("max_error").isNull());
    }
  }

  @Test
  void aWrongKernelIsFound() {
    Block in = Block.of(16, 1, 4, 4, 16);
    int weights = in.offset() + in.size();
    Block out = Block.of(weights + Conv.weightSize(1, 1, 16, 16), 1, 4, 4, 16);
    Call call = Conv.forward(in, weights, 1, 1, 1, -1, -1, -1, out);
    float[] values = new float[out.offset()];
    for (int i = 16; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    Program program = new Program("test", List.of(call), List.of("layer"), List.of(), List.of());
    for (boolean broken : new boolean[] {false, true}) {
      try (ProbeEngine probe = new ProbeEngine(new JvmEngine(1));
          Engine.Session session = probe.open(out.offset() + out.size(), List.of(program))) {
        session.write(0, values, 0, values.length);
        KernelFigures kernel = new KernelFigures(KernelShape.of(call));
        float[] one = new float[1];
        Arena arena =
            index -> {
              session.read(index, one, 0, 1);
              return one[0];
            };
        kernel.check(
            call,
            arena,
            () -> {
              session.run(program);
              if (broken) {
                float[] zeros = new float[out.size()];
                session.write(out.offset(), zeros, 0, zeros.length);
              }
            });
        assertEquals(broken, kernel.error() > 0.5);
        assertFalse(Double.isNaN(kernel.error()));
      }
    }
  }
}
