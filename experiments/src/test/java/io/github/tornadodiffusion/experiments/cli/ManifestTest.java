package io.github.tornadodiffusion.experiments.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.io.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ManifestTest {
  @Test
  void saysWhenItEndedOnlyOnceItHas() {
    Manifest manifest = new Manifest(List.of("train"));
    JsonNode running = Json.tree(manifest.json());
    assertEquals("running", running.get("status").asString());
    assertFalse(running.has("finished"));
    JsonNode ended = Json.tree(manifest.ended("finished").json());
    assertEquals("finished", ended.get("status").asString());
    assertTrue(ended.has("finished"));
  }

  @Test
  void keepsEveryEarlierPartOfARun() {
    String first = new Manifest(List.of("train", "--seed", "1")).put("device", "jvm").json();
    String second = new Manifest(List.of("train", "--resume")).after(first).json();
    JsonNode earlier =
        Json.tree(new Manifest(List.of("train")).after(second).json()).get("earlier");
    assertEquals(2, earlier.size());
    assertEquals("./tornado-diffusion train --seed 1", earlier.get(0).get("command").asString());
    assertEquals("jvm", earlier.get(0).get("device").asString());
    assertFalse(earlier.get(1).has("earlier"));
    assertFalse(Json.tree(new Manifest(List.of()).after("{ damaged").json()).has("earlier"));
  }

  @Test
  void theCommandCanBePasted() {
    String json = new Manifest(List.of("train", "--data", "my pictures", "--out", "it's")).json();
    assertEquals(
        "./tornado-diffusion train --data 'my pictures' --out 'it'\\''s'",
        Json.tree(json).get("command").asString());
  }
}
