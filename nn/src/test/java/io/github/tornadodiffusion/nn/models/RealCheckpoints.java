package io.github.tornadodiffusion.nn.models;

import io.github.tornadodiffusion.nn.Golden;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** What is known of published models without their weights. */
public final class RealCheckpoints {
  private RealCheckpoints() {}

  /** Names and shapes of the parameters of a published model, as text. */
  public static Map<String, String> published(String model) throws IOException {
    Map<String, String> names = new TreeMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(
                    Files.newInputStream(Golden.path("real_checkpoints/names.txt.gz"))),
                StandardCharsets.UTF_8))) {
      boolean ours = false;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("# ")) {
          ours = line.substring(2).equals(model);
        } else if (ours && !line.isEmpty()) {
          int space = line.indexOf(' ');
          names.put(line.substring(0, space), line.substring(space + 1));
        }
      }
    }
    return names;
  }
}
