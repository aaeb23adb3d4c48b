package io.github.tornadodiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicDirectoriesTest {
  @TempDir private Path parent;
  private Path directory;

  @BeforeEach
  void writeAnEarlierOne() throws IOException {
    directory = parent.resolve("checkpoint");
    AtomicDirectories.write(
        directory,
        into -> {
          AtomicFiles.write(into.resolve("a"), "earlier");
          AtomicFiles.write(into.resolve("b"), "earlier");
        });
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(parent)) {
      return files
          .filter(Files::isRegularFile)
          .map(f -> parent.relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void replacesTheEarlierOneWholly() throws IOException {
    AtomicDirectories.write(directory, into -> AtomicFiles.write(into.resolve("c"), "later"));
    assertEquals(List.of("checkpoint/c"), files());
  }

  @Test
  void aFailureLeavesTheEarlierOneAndSaysWhy() throws IOException {
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                AtomicDirectories.write(
                    directory,
                    into -> {
                      AtomicFiles.write(into.resolve("a"), "later");
                      AtomicFiles.write(
                          into.resolve("b"),
                          channel -> {
                            throw new IOException("No space left on device");
                          });
                    }));
    assertEquals(
        "Cannot write %s: No space left on device; make room or choose another place"
            .formatted(directory),
        e.getMessage());
    assertEquals(List.of("checkpoint/a", "checkpoint/b"), files());
    assertEquals("earlier", Files.readString(directory.resolve("a")));
  }

  @Test
  void removesAllOfIt() throws IOException {
    AtomicDirectories.remove(directory);
    AtomicDirectories.remove(directory);
    assertFalse(Files.exists(directory));
    assertEquals(List.of(), files());
  }

  /** As a process leaves it that is killed while it writes. */
  @Test
  void leftoversAreRemoved() throws IOException {
    Path leftover = AtomicFiles.temporary(directory);
    Files.createDirectories(leftover.resolve("deep"));
    Files.writeString(leftover.resolve("deep/state"), "half");
    AtomicFiles.removeLeftovers(parent);
    assertTrue(Files.notExists(leftover));
    assertEquals(List.of("checkpoint/a", "checkpoint/b"), files());
  }
}
