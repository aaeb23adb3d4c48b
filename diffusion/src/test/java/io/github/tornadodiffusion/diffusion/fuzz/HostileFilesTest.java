package io.github.tornadodiffusion.diffusion.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Broken and hostile files of every kind, and what the fuzzer found: {@code fuzz/TARGET/NAME} among
 * the resources. See {@link Fuzzing} for what is asked of each; those called {@code valid} must be
 * read.
 */
class HostileFilesTest {
  /** Generous: the slowest takes a second. What hangs does so for good. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path directory;

  @TestFactory
  Stream<DynamicTest> everyFileIsReadOrRefusedInOneLine() throws IOException {
    return FuzzTargets.names().stream()
        .flatMap(target ->
            files(corpus().resolve(target)).stream()
                .map(file ->
                    DynamicTest.dynamicTest(
                        target + "/" + file.getFileName(), () -> check(target, file))));
  }

  private void check(String target, Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    Path place = Files.createTempDirectory(directory, target);
    boolean read = assertTimeoutPreemptively(LIMIT, () -> Fuzzing.check(target, place, content));
    // Of the others some can be read too.
    assertTrue(read || !file.getFileName().toString().startsWith("valid"), "it is refused");
  }

  /** A file in a directory of another name would never be read. */
  @Test
  void everyTargetHasFilesAndEveryDirectoryATarget() {
    List<String> directories =
        files(corpus()).stream()
            .filter(Files::isDirectory)
            .map(path -> path.getFileName().toString())
            .toList();
    assertEquals(FuzzTargets.names().stream().sorted().toList(), directories);
    for (String target : directories) {
      assertFalse(files(corpus().resolve(target)).isEmpty(), target);
    }
  }

  private static Path corpus() {
    try {
      return Path.of(HostileFilesTest.class.getResource("/fuzz").toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Path> files(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
