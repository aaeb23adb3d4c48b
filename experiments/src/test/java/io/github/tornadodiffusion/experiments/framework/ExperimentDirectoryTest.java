package io.github.tornadodiffusion.experiments.framework;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentDirectoryTest {
  private static final byte[] PNG = {1, 2, 3};

  @TempDir Path path;

  private ExperimentDirectory kept() throws IOException {
    ExperimentDirectory directory = new ExperimentDirectory(path);
    SequencedMap<String, byte[]> pictures = new LinkedHashMap<>();
    pictures.put("grid", PNG);
    directory.keep("a", List.of(Map.of("table", "t", "x", 1.5, "n", 3, "s", "text")), pictures);
    Files.writeString(directory.manifest(), "{\"experiment\": \"e\", \"units\": [\"a\", \"b\"]}");
    return directory;
  }

  @Test
  void whatIsKeptIsReadAgain() throws IOException {
    ExperimentDirectory directory = kept();
    assertTrue(directory.isDone("a"));
    assertFalse(directory.isDone("b"));
    ExperimentData data = ExperimentData.read(directory);
    ExperimentData.Row row = data.table("t").getFirst();
    assertEquals("a", row.unit());
    assertEquals(1.5, row.number("x"));
    assertEquals(3, row.number("n"));
    assertEquals("text", row.text("s"));
    assertTrue(Double.isNaN(row.number("missing")));
    assertArrayEquals(PNG, data.picture("a", "grid").orElseThrow());
    assertTrue(data.picture("b", "grid").isEmpty());
  }

  @Test
  void aUnitIsCopiedWhole() throws IOException {
    ExperimentDirectory from = kept();
    ExperimentDirectory to = new ExperimentDirectory(Files.createDirectory(path.resolve("to")));
    to.copy(from, "a");
    Files.copy(from.manifest(), to.manifest());
    assertEquals(ExperimentData.read(from).rows(), ExperimentData.read(to).rows());
    assertArrayEquals(PNG, ExperimentData.read(to).picture("a", "grid").orElseThrow());
  }

  @Test
  void damageIsNamed() throws IOException {
    ExperimentDirectory directory = kept();
    Files.writeString(directory.rows("a"), "{\"table\": \"t\"}\n{\"tab");
    IOException damaged = assertThrows(IOException.class, () -> ExperimentData.read(directory));
    assertTrue(damaged.getMessage().contains("a.jsonl is damaged in line 2"), damaged.getMessage());
    Files.writeString(directory.manifest(), "{}");
    IOException other = assertThrows(IOException.class, directory::readManifest);
    assertTrue(other.getMessage().contains("not that of an experiment"), other.getMessage());
  }
}
