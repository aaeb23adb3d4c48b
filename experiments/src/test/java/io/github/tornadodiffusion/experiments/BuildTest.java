package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the build's files name exists: Maven passes over a test that is not there. */
class BuildTest {
  private static final Pattern TEST = Pattern.compile("<include>(\\w+Test)</include>");

  @ParameterizedTest
  @ValueSource(strings = {"nn", "diffusion", "experiments"})
  void testsForDevicesExist(String module) throws IOException {
    Path directory = Path.of("..", module);
    List<String> named =
        TEST.matcher(Files.readString(directory.resolve("pom.xml")))
            .results()
            .map(result -> result.group(1))
            .toList();
    assertFalse(named.isEmpty());
    Set<String> missing = new HashSet<>(named);
    try (Stream<Path> files = Files.walk(directory.resolve("src/test/java"))) {
      files.forEach(file -> missing.remove(file.getFileName().toString().replace(".java", "")));
    }
    assertEquals(Set.of(), missing);
  }
}
