package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engines;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class UsageTest {
  @Test
  void helpAndVersion() {
    assertTrue(CommandRun.succeeds("--help").out().contains("devices"));
    assertTrue(CommandRun.succeeds("devices", "--help").out().contains("--json"));
    assertTrue(CommandRun.succeeds("--version").out().startsWith("tornado-diffusion "));
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
