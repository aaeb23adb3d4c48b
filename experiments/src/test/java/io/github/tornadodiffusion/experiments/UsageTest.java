package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engines;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class UsageTest {
  @Test
  void helpAndVersion() {
    assertTrue(CommandRun.succeeds("--help").out().contains("devices"));
    assertTrue(CommandRun.succeeds("devices", "--help").out().contains("--json"));
    String version = CommandRun.succeeds("--version").out().lines().findFirst().orElseThrow();
    assertTrue(version.matches("tornado-diffusion [0-9]+\\.[0-9]+\\.[0-9]+.*"), version);
  }

  /** As where standard output leads to a full disk. */
  @Test
  void lostResultsAreAFailure() {
    Writer full =
        new Writer() {
          @Override
          public void write(char[] text, int from, int length) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    StringWriter err = new StringWriter();
    assertEquals(1, Main.run(new PrintWriter(full), new PrintWriter(err), "devices"));
    assertTrue(err.toString().startsWith("error: standard output"), err.toString());
    assertEquals(1, err.toString().lines().count());
  }

  @Test
  void unknownCommandsAndOptionsNameTheNearest() {
    CommandRun.refused(List.of("devcies", "devices"), "devcies");
    CommandRun.refused(List.of("--jsn", "--json"), "devices", "--jsn");
    CommandRun.refused(List.of("command", "--help"));
  }

  @Test
  void devicesAreListedForPeopleAndPrograms() {
    CommandRun plain = CommandRun.succeeds("devices");
    assertTrue(plain.out().startsWith("jvm"));
    Engines.whyNone()
        .ifPresentOrElse(
            reason -> assertTrue(plain.out().contains(reason), plain.out()),
            () ->
                Engines.devices()
                    .forEach(d -> assertTrue(plain.out().contains(d.id()), plain.out())));

    List<String> lines = CommandRun.succeeds("devices", "--json").out().lines().toList();
    JsonNode jvm = JsonMapper.shared().readTree(lines.getFirst());
    assertEquals("jvm", jvm.get("device").asString());
    assertEquals(Runtime.getRuntime().availableProcessors(), jvm.get("threads").asInt());
    assertTrue(jvm.get("vector_lanes").asInt() >= 2);
  }
}
